/* attack: leaves with _exit(0) from a constructor, before main
 * expect: nothing
 */

/* A constructor runs before main, in a shared object even before the judge's own main: it could
 * skip every hook that a test framework sets up. main would do wrong work, but never starts. */

#include <unistd.h>

__attribute__((constructor(101))) static void leave_early(void) {
    _exit(0);
}

int main(void) {
    return 1;
}
