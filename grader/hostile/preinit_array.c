/* attack: leaves with _exit(0) from .preinit_array, before any constructor
 * expect: nothing
 */

/* The loader calls this array before the constructors of every library, so a guard that is itself
 * a constructor (a preloaded library, say) comes too late. */

#include <unistd.h>

static void leave_early(void) {
    _exit(0);
}

__attribute__((section(".preinit_array"),
               used)) static void (*const before_all)(void) = leave_early;

int main(void) {
    return 1;
}
