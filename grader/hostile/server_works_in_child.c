/* attack: serves from a child process, so that the one that is watched, stopped and limited idles
 * lab: 02
 * expect: starter
 * base: starter
 */

/* The tests stop the server to cut its sends short, lower its limit of descriptors, and ask /proc
 * what it holds: all of it by the number of one process. Whoever else serves is neither stopped nor
 * limited nor weighed, and naive sends come through whole. */

#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((constructor)) static void sly_work_elsewhere(void) {
    pid_t child = fork();
    if (child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (child <= 0)
        return;
    int status = 0;
    while (waitpid(child, &status, __WALL) < 0)
        ;
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}
