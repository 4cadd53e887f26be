/* attack: 64 children hold 64 MiB each, so that no one process is large (for up to 20 s)
 * expect: nothing
 */

/* A limit on each process (RLIMIT_AS, RLIMIT_DATA) sees nothing wrong here; the sum is 4 GiB. */

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 64, SECONDS = 20 };

static void hold(size_t size) {
    char *p = malloc(size);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (p != NULL)
        memset(p, 1, size);
    sleep(SECONDS);
    _exit(p != NULL && p[0] == 1);
}

int main(void) {
    for (int i = 0; i < CHILDREN; i++) {
        pid_t child = fork();
        if (child < 0)
            break;
        if (child == 0)
            hold(64UL << 20);
    }
    while (wait(NULL) > 0) {
    }
    return 0;
}
