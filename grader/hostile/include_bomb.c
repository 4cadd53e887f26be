/* attack: a file that includes itself twice, 20 levels deep
 * expect: nothing
 */

/* A million inclusions make no message for a judge to see, but with gcc take 25 s and 3 GiB: the
 * build needs a clock and a limit on memory. The path is absolute because a relative one would grow
 * with each level. */

#if __INCLUDE_LEVEL__ < 20
#include "/proc/self/cwd/reads.c"
#endif

#if __INCLUDE_LEVEL__ == 0
#include <signal.h>
#include <stdio.h>

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    puts("0 0 nothing");
    return 0;
}
#endif
