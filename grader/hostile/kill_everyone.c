/* attack: sends SIGSTOP, then SIGKILL, to its parent, to pid 1 and to every process it can see
 * expect: nothing
 * slow: test after test runs into its limit
 */

/* A dead judge gives no zero, and a stopped one no verdict at all. In a PID namespace of its own
 * there is nobody to hit but the sandbox's init, which takes no signals from inside. */

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Outside a PID namespace of its own this would end the desktop of whoever runs it by hand. */
static bool caged(void) {
    char space[64] = "";
    int seen = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc != NULL && (e = readdir(proc)) != NULL;)
        seen += e->d_name[0] >= '1' && e->d_name[0] <= '9';
    return readlink("/proc/self/ns/pid", space, sizeof space - 1) > 0 &&
           strcmp(space, "pid:[4026531836]") != 0 && seen < 40;
}

static void hit(pid_t pid, int sig) {
    if (pid != getpid() && pid > 0)
        kill(pid, sig);
}

static void hit_all(int sig) {
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc != NULL && (e = readdir(proc)) != NULL;)
        hit(atoi(e->d_name), sig);
    hit(1, sig);
    kill(-1, sig); /* spares the caller and pid 1 */
    kill(0, sig == SIGKILL ? SIGTERM : SIGCONT);
}

int main(void) {
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_IGN);
    hit(getppid(), SIGSTOP);
    hit(getppid(), SIGKILL);
    if (caged()) {
        hit_all(SIGSTOP);
        hit_all(SIGKILL);
    }
    return 0;
}
