/* attack: never ends, asleep, deaf to every signal that can be ignored (for up to 60 s)
 * expect: nothing
 * slow: test after test waits to see that it sleeps
 */

/* A polite SIGTERM doesn't end it, and it uses no CPU time that a limit could count. */

#include <signal.h>
#include <time.h>

int main(void) {
    time_t end = time(NULL) + 60;
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_IGN);
    while (time(NULL) < end)
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    return 0;
}
