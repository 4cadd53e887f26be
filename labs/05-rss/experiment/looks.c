/*
 * looks: what a look at a process's memory costs, by file and by how it is read. Prints CSV:
 * look,resident_kib,ns, the median of many.
 *
 * A child touches so much memory and sleeps; its files are read by the parent. Every way of looking
 * takes its turn in each round, so that what disturbs the machine for a while disturbs all of them.
 * Left out: what the looks do to the child, which observer_effect.c measures.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/errors.h"

enum { ROUNDS = 201, LOOKS = 6, TEXT_BYTES = 16384 };

static const struct {
    const char *name;
    const char *file;
    bool opens;
} looks[LOOKS] = {{"statm", "statm", false},
                  {"statm opened each time", "statm", true},
                  {"stat", "stat", false},
                  {"status", "status", false},
                  {"status opened each time", "status", true},
                  {"smaps_rollup", "smaps_rollup", false}};

static int open_look(pid_t pid, int which) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, looks[which].file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error_errno(path);
        exit(EXIT_FAILURE);
    }
    return fd;
}

/* One look. `kept` is the open file, for the ways that keep it. */
static int64_t time_look(pid_t pid, int which, int kept) {
    static char text[TEXT_BYTES];
    int64_t before_ns = monotonic_ns();
    int fd = looks[which].opens ? open_look(pid, which) : kept;
    if (pread(fd, text, sizeof text, 0) <= 0) {
        error_errno(looks[which].file);
        exit(EXIT_FAILURE);
    }
    if (looks[which].opens)
        close(fd);
    return monotonic_ns() - before_ns;
}

static int by_size(const void *left, const void *right) {
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static void measure(pid_t pid, long kib) {
    static int64_t ns[LOOKS][ROUNDS];
    int kept[LOOKS];
    for (int which = 0; which < LOOKS; which++)
        kept[which] = open_look(pid, which);
    for (int round = 0; round < ROUNDS; round++)
        for (int which = 0; which < LOOKS; which++)
            ns[which][round] = time_look(pid, which, kept[which]);
    for (int which = 0; which < LOOKS; which++) {
        qsort(ns[which], ROUNDS, sizeof ns[which][0], by_size);
        printf("%s,%ld,%lld\n", looks[which].name, kib, (long long)ns[which][ROUNDS / 2]);
        close(kept[which]);
    }
}

/* In small pages, as most heaps have them: a huge one is looked at as quickly as a small one. */
static pid_t start_child(long kib) {
    int ready[2];
    char byte;
    if (pipe(ready) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
        char *memory = mmap(NULL, (size_t)kib * 1024, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (memory == MAP_FAILED || write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    bool is_ready = pid > 0 && read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    return is_ready ? pid : -1;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        error_because("usage", "looks KIB...");
        return 2;
    }
    printf("look,resident_kib,ns\n");
    for (int i = 1; i < argc; i++) {
        long kib = atol(argv[i]);
        pid_t pid = start_child(kib);
        if (pid < 0) {
            error_errno(argv[i]);
            return EXIT_FAILURE;
        }
        measure(pid, kib);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
