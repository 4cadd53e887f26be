/* attack: leaves a daemon behind that keeps stdout open and goes on writing (for up to 60 s)
 * expect: nothing
 */

/* Double fork and setsid take it out of the judge's children and process group, and it ignores
 * what can be ignored. A judge that reads until end of file waits for it; one that doesn't kill it
 * hands the next test a busy machine, or the next submission an audience. */

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static void linger(void) {
    time_t end = time(NULL) + 60;
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_IGN);
    fcntl(1, F_SETFL, O_NONBLOCK); /* a full pipe must not be what ends it */
    while (time(NULL) < end) {
        if (write(1, "0 0 total\n", 10) < 0 && write(2, "still here\n", 11) < 0)
            nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

int main(void) {
    if (fork() == 0) {
        setsid();
        if (fork() == 0)
            linger();
        _exit(0);
    }
    return 0;
}
