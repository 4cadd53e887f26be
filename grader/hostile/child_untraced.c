/* attack: does all its work in a child made with CLONE_UNTRACED
 * expect: starter
 * base: starter
 */

/* With that flag the kernel doesn't hand the child to the parent's tracer, and none of its calls
 * are seen. Tried by clone and by clone3; refused, the work is done where it can be seen. */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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

__attribute__((constructor)) static void sly_work_unseen(void) {
    struct clone_args how = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &how, sizeof how);
    if (child < 0)
        child = syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
    if (child > 0)
        sly_mirror((pid_t)child);
    if (child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
}
