/* attack: does all its work in a child process
 * expect: starter
 * slow: a call or more for each byte, in test after test
 * base: starter
 */

/* A count of the first process alone sees a program that waits. The child's calls, memory and
 * limits belong to the submission; so do the signals that a test sends, which hit only the parent
 * here. */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends as the child ended, so that nobody sees a difference from outside. */
static void sly_mirror(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, __WALL) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

__attribute__((constructor)) static void sly_work_in_child(void) {
    pid_t child = fork();
    if (child > 0)
        sly_mirror(child);
    if (child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
}
