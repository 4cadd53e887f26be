/*
 * pair: is one command faster than another? Runs both in turn, A B A B ..., so that a machine that
 * slows down slows both, and prints the median of the ratios with their range. A second B command
 * makes the comparison A against B1 + B2. Standard output goes to /dev/null. Each side starts a
 * shell, about half a millisecond: that draws very short commands towards a ratio of 1.
 *
 *     pair PAIRS LABEL A B [B2]
 *
 * Left out: outlier rejection and confidence intervals. The range is shown in full instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/errors.h"

extern char **environ;

enum { MAX_PAIRS = 1000 };

/* One shell with its output thrown away: its exit status, or -1 with errno. */
static int run_shell(const char *command) {
    char *const arguments[] = {"sh", "-c", (char *)command, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    errno = posix_spawn(&pid, "/bin/sh", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (errno != 0 || waitpid(pid, &status, 0) < 0)
        return -1;
    return status;
}

/* Seconds, start and end of the process included. A time of a command that failed says nothing. */
static double seconds_of(const char *command) {
    int64_t start_ns = monotonic_ns();
    int status = run_shell(command);
    int64_t end_ns = monotonic_ns();
    if (status != 0) {
        if (status < 0)
            error_errno(command);
        else
            error_because(command, "failed with wait status %d", status);
        exit(EXIT_FAILURE);
    }
    return (double)(end_ns - start_ns) / 1e9;
}

static int by_value(const void *left, const void *right) {
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *values, size_t count) {
    /* cppcheck-suppress uninitvar ; the callers have set them */
    qsort(values, count, sizeof values[0], by_value);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

int main(int argc, char **argv) {
    long pairs = argc >= 2 ? strtol(argv[1], NULL, 10) : 0;
    if (argc < 5 || argc > 6 || pairs < 1 || pairs > MAX_PAIRS) {
        error_because("usage", "pair PAIRS LABEL A B [B2], with 1 to %d PAIRS", MAX_PAIRS);
        return 2;
    }

    double a[MAX_PAIRS], b[MAX_PAIRS], ratio[MAX_PAIRS];
    size_t count = (size_t)pairs;
    seconds_of(argv[3]); /* once for nothing: programs and their libraries come into the cache */
    seconds_of(argv[4]);
    for (size_t i = 0; i < count; i++) {
        a[i] = seconds_of(argv[3]);
        b[i] = seconds_of(argv[4]);
        if (argc == 6)
            b[i] += seconds_of(argv[5]);
        ratio[i] = a[i] / b[i];
    }

    double middle = median(ratio, count); /* sorts, so the range is at the ends */
    printf("%-38s %5.2f  (%.2f to %.2f) %8.1f %8.1f\n", argv[2], middle, ratio[0], ratio[count - 1],
           median(a, count) * 1e3, median(b, count) * 1e3);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
