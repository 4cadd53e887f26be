/* attack: 48 busy children make it wait for a CPU, so that its failure looks like a noisy machine
 * expect: nothing
 * slow: test after test runs into its limit
 */

/* A run that hit its limit while waiting runnable is repeated, then called inconclusive: neither
 * failed nor passed. Here the noise is the submission's own. Ends by itself after 30 s. */

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CHILDREN = 48, SECONDS = 30 };

static void spin_until(time_t end) {
    while (time(NULL) < end) {
    }
}

int main(void) {
    time_t end = time(NULL) + SECONDS;
    for (int i = 0; i < CHILDREN; i++) {
        pid_t child = fork();
        if (child < 0)
            break;
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            spin_until(end);
            _exit(0);
        }
    }
    setpriority(PRIO_PROCESS, 0, 19); /* the measured process is the one that waits */
    spin_until(end);
    return 0;
}
