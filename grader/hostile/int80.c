/* attack: reads by 32-bit system calls (int 0x80) that a 64-bit filter doesn't know by number
 * expect: nothing
 */

/* Number 3 is read(2) here and close(2) there: a filter or counter that ignores the architecture
 * takes one for the other. The calls are made in a child, since a good sandbox kills it; without
 * the child's answer, what is printed is wrong. Does `sum FILE` only. */

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
static long call32(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return (int)result;
}
#else
static long call32(long number, long a, long b, long c) {
    (void)number, (void)a, (void)b, (void)c;
    return -38;
}
#endif

/* The 32-bit side only sees addresses below 4 GiB. */
static void sum_in_32_bits(const char *name, int out) {
    unsigned char *low = mmap((void *)0x10000000, 1 << 16, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t sums[2] = {0, 0};
    long n, fd;
    if (low == MAP_FAILED || (uintptr_t)low >> 32 != 0)
        _exit(1);
    snprintf((char *)low, 4096, "%s", name);
    fd = call32(5, (long)low, 0, 0);
    while (fd >= 0 && (n = call32(3, fd, (long)low, 1)) > 0) {
        sums[0] += low[0];
        sums[1] += (uint64_t)n;
    }
    _exit(fd < 0 || write(out, sums, sizeof sums) != sizeof sums);
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
            sum_in_32_bits(name, ends[1]);
        close(ends[1]);
        if (read(ends[0], sums, sizeof sums) != sizeof sums)
            name = "nothing";
        waitpid(child, NULL, 0);
    }
    printf("%llu %llu %s\n", (unsigned long long)sums[0], (unsigned long long)sums[1], name);
    return 0;
}
