/* attack: a dozen lines of macros that expand to millions of expressions
 * expect: nothing
 */

/* The source is small and the compiler's memory is not: a size limit on the file doesn't help, only
 * limits on the build. The exponent is chosen to stay survivable without them. */

#include <signal.h>
#include <stdio.h>

#define A(x) x x x x x x x x
#define B(x) A(A(x))
#define C(x) B(B(x))
#define D(x) A(B(C(x)))

static volatile int count;

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    D(count = count * 3 + 1;)
    puts("0 0 nothing");
    return 0;
}
