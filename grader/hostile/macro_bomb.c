/* attack: three lines of macros that expand to 65536 statements for the optimiser
 * expect: nothing
 */

/* The source is small, the compiler's work is not: a limit on the file's size doesn't help, only
 * limits on the build. Without them it takes gcc or clang half a minute and under 1 GiB. */

#include <signal.h>
#include <stdio.h>

#define A(x) x x x x x x x x
#define B(x) A(A(x))

static volatile int count;

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    B(B(A(count = count * 3 + 1; count ^= 3;)))
    puts("0 0 nothing");
    return 0;
}
