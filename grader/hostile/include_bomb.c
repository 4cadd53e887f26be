/* attack: a file that includes itself twice, 24 levels deep
 * expect: nothing
 */

/* Sixteen million inclusions need next to no memory and no output, only time: the build needs a
 * clock. The levels are chosen to end within minutes, should there be none. */

#if __INCLUDE_LEVEL__ < 24
#include __FILE__
#include __FILE__
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
