/* attack: stops itself and a child with SIGSTOP, and asks for no one to wake it
 * expect: nothing
 * slow: test after test runs into its limit
 */

/* A stopped process has neither ended nor run: a judge that waits for an exit, without a clock,
 * waits for ever. The child wakes the parent after 60 s, should nobody else end the two. */

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(void) {
    pid_t me = getpid();
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sleep(60);
        kill(me, SIGCONT);
        _exit(0);
    }
    raise(SIGSTOP);
    return 0;
}
