/* attack: writes into the memory of its parent and of pid 1, by /proc/PID/mem and process_vm_writev
 * expect: nothing
 */

/* No need to forge a report if the judge's own counters can be set. It looks for a writable
 * mapping, and puts back the byte that it changes: access is what is proved. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned long writable_address(pid_t pid) {
    char path[64], line[512], mode[8];
    unsigned long from = 0;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "r");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%lx-%*x %7s", &from, mode) == 2 && mode[1] == 'w')
            return from;
    return 0;
}

static void invade(pid_t pid) {
    char path[64], byte;
    unsigned long at = writable_address(pid);
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    int fd = open(path, O_RDWR);
    if (fd >= 0 && at != 0 && pread(fd, &byte, 1, (off_t)at) == 1 &&
        pwrite(fd, &byte, 1, (off_t)at) == 1)
        printf("SECRET wrote to %s\n", path);
    struct iovec here = {&byte, 1}, there = {(void *)at, 1};
    if (process_vm_readv(pid, &here, 1, &there, 1, 0) == 1 &&
        process_vm_writev(pid, &here, 1, &there, 1, 0) == 1)
        printf("SECRET wrote to process %d\n", (int)pid);
}

int main(void) {
    invade(getppid());
    for (pid_t pid = 1; pid < 64; pid++)
        if (pid != getpid())
            invade(pid);
    return 0;
}
