/* attack: never ends, spinning, SIGXCPU ignored (for up to 60 s)
 * expect: nothing
 * slow: test after test runs into its limit
 */

/* RLIMIT_CPU's soft limit sends SIGXCPU, which a program may ignore: only the hard limit, or a
 * clock outside, ends this one. */

#include <signal.h>
#include <time.h>

int main(void) {
    time_t end = time(NULL) + 60;
    signal(SIGXCPU, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    while (time(NULL) < end) {
    }
    return 0;
}
