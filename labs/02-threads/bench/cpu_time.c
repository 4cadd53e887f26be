/*
 * cpu_time PID: the processor time that a process has used so far, in nanoseconds, all its threads
 * together, those that have ended too. That is what a server costs, be the load generator fast or
 * slow. Left out: what the kernel does for it in interrupts, which no process is charged for.
 */
#include "labs/02-threads/experiment/measuring.h"

int main(int argc, char **argv) {
    long pid = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (pid <= 0) {
        error_because("usage", "cpu_time PID");
        return 2;
    }
    printf("%jd\n", (intmax_t)cpu_ns((pid_t)pid));
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
