/*
 * What the measuring programs of this lab share: the server under test, its processor time, and
 * medians. A header, because each of them is a program of one file. They take the server's command
 * line as it is, so another server that announces itself the same way can be measured as well.
 *
 * All of it gives up with a message: a measurement that lacks a part is none.
 */
#pragma once

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/errors.h"
#include "common/histogram.h"
#include "common/load.h"

enum { SERVER_STARTS_MS = 10000, SERVER_STOPS_MS = 10000 };

struct server {
    pid_t pid;
    uint16_t port;
};

static inline _Noreturn void die(const char *what) {
    error_errno(what);
    exit(EXIT_FAILURE);
}

static inline void sleep_ms(int64_t ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* The connections of a plan, opened and answered once. */
static inline struct load *open_or_end(const struct load_plan *plan) {
    char reason[LOAD_REASON_BYTES] = "";
    struct load *load = load_open(plan, reason);
    if (load == NULL) {
        error_because("connections", "%s", reason);
        exit(EXIT_FAILURE);
    }
    return load;
}

/* "--once" before the server's command line: one round, and that in half the time, for a caller that
 * goes round several servers itself. Takes it off the command line. */
static inline bool take_once(int *argc, char ***argv) {
    bool is_there = *argc > 1 && strcmp((*argv)[1], "--once") == 0;
    *argc -= is_there;
    *argv += is_there;
    return is_there;
}

/* Reads "listening on ADDRESS:PORT". Returns the port, or 0. */
static inline uint16_t announced_port(int fd) {
    char line[128] = "";
    size_t have = 0;
    int64_t deadline_ns = deadline_in_ms(SERVER_STARTS_MS);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (have < sizeof line - 1 && poll(&ready, 1, milliseconds_left(deadline_ns)) == 1) {
        if (read(fd, line + have, 1) != 1)
            break;
        if (line[have++] == '\n')
            break;
    }
    uint16_t port = 0;
    return sscanf(line, "listening on %*[0-9.]:%hu", &port) == 1 ? port : 0;
}

/* Starts the server. It dies with this program, however this one ends. */
static inline struct server server_start(char *const command[]) {
    int announcement[2];
    if (pipe(announcement) < 0)
        die("pipe");
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(announcement[1], STDOUT_FILENO);
        close(announcement[0]);
        close(announcement[1]);
        execvp(command[0], command);
        error_errno(command[0]);
        _exit(127);
    }
    close(announcement[1]);
    struct server server = {.pid = pid, .port = announced_port(announcement[0])};
    close(announcement[0]);
    if (server.port == 0) {
        error_because(command[0], "it announced no port");
        exit(EXIT_FAILURE);
    }
    return server;
}

static inline void server_stop(const struct server *server) {
    kill(server->pid, SIGTERM);
    int64_t deadline_ns = deadline_in_ms(SERVER_STOPS_MS);
    for (; milliseconds_left(deadline_ns) > 0; sleep_ms(10))
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
            return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
}

/*
 * Processor time of a process so far: of all its threads, ended ones too, in user mode and in the
 * kernel. Exact to the nanosecond, where /proc/PID/stat counts in hundredths of a second. Source:
 * clock_getcpuclockid(3).
 */
static inline int64_t cpu_ns(pid_t pid) {
    clockid_t clock;
    struct timespec used;
    errno = clock_getcpuclockid(pid, &clock);
    if (errno != 0 || clock_gettime(clock, &used) < 0)
        die("processor time");
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/*
 * Processor time that the whole machine has used so far, in clock ticks of sysconf(_SC_CLK_TCK),
 * other virtual machines' (steal) too: what a measurement did not use of it disturbed it. Source:
 * proc(5), "/proc/stat".
 */
static inline int64_t machine_ticks(void) {
    FILE *file = fopen("/proc/stat", "re");
    intmax_t user = 0, nice = 0, system = 0, interrupts = 0, soft_interrupts = 0, steal = 0;
    if (file == NULL || fscanf(file, "cpu %jd %jd %jd %*d %*d %jd %jd %jd", &user, &nice, &system,
                               &interrupts, &soft_interrupts, &steal) != 6)
        die("/proc/stat");
    fclose(file);
    return user + nice + system + interrupts + soft_interrupts + steal;
}

/* From a histogram of nanoseconds. */
static inline double microseconds(const struct histogram *histogram, double quantile) {
    return (double)histogram_quantile(histogram, quantile) / 1e3;
}

static inline int by_value(const void *left, const void *right) {
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static inline double median(double *values, size_t count) {
    qsort(values, count, sizeof values[0], by_value);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}
