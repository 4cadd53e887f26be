/*
 * observer_effect: what being looked at costs the process that is looked at. Prints CSV:
 * file,looks_a_second,ns_a_fault, a row a round.
 *
 * A child holds KIB and takes page faults beside them as fast as it can, for a while; the parent
 * reads one of its files so many times a second. To walk the pages the kernel holds a lock that
 * page faults may want, too. Parent and child have a processor each where there are two.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/errors.h"

enum { ROUNDS = 7, FAULTING_KIB = 64 << 10, PAGE = 4096, FAULT_MS = 400, TEXT_BYTES = 16384 };

static const struct {
    const char *file;
    int per_second;
} sides[] = {{"status", 0}, {"status", 100}, {"smaps_rollup", 10}, {"smaps_rollup", 100}};
enum { SIDES = sizeof sides / sizeof *sides };

static void stay_on(size_t cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set); /* a machine of one processor has no second: as it is */
}

static char *map_kib(long kib, int flags) {
    char *memory = mmap(NULL, (size_t)kib * 1024, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (memory == MAP_FAILED) {
        error_errno("mmap");
        exit(EXIT_FAILURE);
    }
    return memory;
}

/* Takes faults for so long. Returns the time of one. */
static double take_faults(char *memory) {
    int64_t began_ns = monotonic_ns(), until_ns = deadline_in_ms(FAULT_MS), faults = 0;
    do {
        madvise(memory, (size_t)FAULTING_KIB * 1024, MADV_DONTNEED);
        for (size_t at = 0; at < (size_t)FAULTING_KIB * 1024; at += PAGE)
            memory[at] = 1;
        faults += FAULTING_KIB * 1024 / PAGE;
    } while (monotonic_ns() < until_ns);
    return (double)(monotonic_ns() - began_ns) / (double)faults;
}

/* A round for each line that comes, answered by a line. */
static void be_observed(long kib, FILE *orders, FILE *answers) {
    char line[16];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    stay_on(1);
    map_kib(kib, MAP_POPULATE);
    char *faulting = map_kib(FAULTING_KIB, 0);
    while (fgets(line, sizeof line, orders) != NULL) {
        fprintf(answers, "%.1f\n", take_faults(faulting));
        fflush(answers);
    }
}

/* Looks that often until the child answers. */
static void observe(int fd, int per_second, int answer_fd) {
    static char text[TEXT_BYTES];
    int64_t next_ns = monotonic_ns();
    fcntl(answer_fd, F_SETFL, O_NONBLOCK);
    for (;;) {
        if (per_second > 0 && pread(fd, text, sizeof text, 0) <= 0)
            return;
        next_ns += 1000000000 / (per_second > 0 ? per_second : 100);
        while (monotonic_ns() < next_ns)
            usleep(200);
        ssize_t got = read(answer_fd, text, sizeof text - 1);
        if (got > 0)
            printf("%.*s", (int)got, text);
        if (got >= 0)
            return;
    }
}

int main(int argc, char **argv) {
    int orders[2], answers[2];
    if (argc != 2) {
        error_because("usage", "observer_effect KIB");
        return 2;
    }
    if (pipe(orders) < 0 || pipe(answers) < 0)
        return EXIT_FAILURE;
    pid_t pid = fork();
    if (pid == 0) {
        close(orders[1]);
        be_observed(atol(argv[1]), fdopen(orders[0], "r"), fdopen(answers[1], "w"));
        _exit(0);
    }
    stay_on(0);
    printf("file,looks_a_second,ns_a_fault\n");
    for (int turn = 0; turn < ROUNDS * SIDES; turn++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/%s", pid, sides[turn % SIDES].file);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        printf("%s,%d,", sides[turn % SIDES].file, sides[turn % SIDES].per_second);
        if (fd < 0 || write(orders[1], "\n", 1) != 1)
            return EXIT_FAILURE;
        observe(fd, sides[turn % SIDES].per_second, answers[0]);
        close(fd);
    }
    close(orders[1]);
    waitpid(pid, NULL, 0);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
