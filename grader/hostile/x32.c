/* attack: reads by x32 system calls (bit 30 of the number set), which share x86-64's architecture
 * expect: nothing
 */

/* To a filter both have AUDIT_ARCH_X86_64, only the number differs: one that lists plain numbers
 * lets these pass. Most kernels are built or started without them (ENOSYS). The calls are made in
 * a child, since a good sandbox kills it; without its answer what is printed is wrong. */

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
static long read_x32(long fd, void *to, long n) {
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(0x40000000L), "D"(fd), "S"(to), "d"(n)
                     : "rcx", "r11", "memory");
    return result;
}
#else
static long read_x32(long fd, void *to, long n) {
    (void)fd, (void)to, (void)n;
    return -38;
}
#endif

static void sum_by_x32(const char *name, int out) {
    uint64_t sums[2] = {0, 0};
    unsigned char byte;
    long n = -1;
    int fd = open(name, O_RDONLY);
    while (fd >= 0 && (n = read_x32(fd, &byte, 1)) > 0) {
        sums[0] += byte;
        sums[1] += (uint64_t)n;
    }
    _exit(n < 0 || write(out, sums, sizeof sums) != sizeof sums);
}

int main(int argc, char **argv) {
    uint64_t sums[2] = {0, 0};
    int ends[2];
    const char *name = argc > 2 ? argv[argc - 1] : "nothing";
    signal(SIGPIPE, SIG_IGN);
    alarm(30);
    if (pipe(ends) == 0) {
        pid_t child = fork();
        if (child == 0)
            sum_by_x32(name, ends[1]);
        close(ends[1]);
        if (read(ends[0], sums, sizeof sums) != sizeof sums)
            name = "nothing";
        waitpid(child, NULL, 0);
    }
    printf("%llu %llu %s\n", (unsigned long long)sums[0], (unsigned long long)sums[1], name);
    return 0;
}
