/* attack: does all its work in a new user and PID namespace
 * expect: starter
 * base: starter
 */

/* There it is root: it could mount over its input, hide from the watcher's process tree, outlive a
 * kill by process id. Refused, the work is done where it is. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
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

static void sly_put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY);
    if (fd >= 0 && write(fd, text, strlen(text)) >= 0)
        close(fd);
}

__attribute__((constructor)) static void sly_work_in_namespace(void) {
    char map[64];
    snprintf(map, sizeof map, "%d %d 1", (int)geteuid(), (int)geteuid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
        return;
    sly_put("/proc/self/uid_map", map);
    pid_t child = fork(); /* PID 1 of the new namespace, which SIGPIPE doesn't kill */
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        child = fork();
    }
    if (child > 0)
        sly_mirror(child);
}
