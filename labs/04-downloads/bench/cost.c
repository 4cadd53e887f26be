/*
 * cost COMMAND [ARGUMENT...]: runs it, what it prints dropped, and prints "WALL_MS,CPU_MS": until it
 * has ended, and the processor time of it and of all processes that it has waited for. The exit
 * status is the command's, or 1 when it did not end by itself. The shell's `time` tells whole
 * milliseconds only, and what is compared takes 20.
 * Left out: children that outlive the command, and the kernel's work in interrupts.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/errors.h"

static double in_ms(struct timeval time) {
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

int main(int argc, char **argv) {
    pid_t pid;
    int status;
    struct rusage used;
    if (argc < 2) {
        error_because("usage", "cost COMMAND [ARGUMENT...]");
        return 2;
    }
    posix_spawn_file_actions_t drop;
    posix_spawn_file_actions_init(&drop);
    posix_spawn_file_actions_addopen(&drop, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    int64_t began_ns = monotonic_ns();
    int error = posix_spawnp(&pid, argv[1], &drop, NULL, argv + 1, environ);
    posix_spawn_file_actions_destroy(&drop);
    if (error != 0) {
        error_because(argv[1], "%s", strerror(error));
        return EXIT_FAILURE;
    }
    if (wait4(pid, &status, 0, &used) < 0) {
        error_errno(argv[1]);
        return EXIT_FAILURE;
    }
    printf("%.3f,%.3f\n", (double)(monotonic_ns() - began_ns) / 1e6,
           in_ms(used.ru_utime) + in_ms(used.ru_stime));
    if (fflush(stdout) != 0)
        return EXIT_FAILURE;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
