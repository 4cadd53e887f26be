/* The programs that test_process starts: each does one thing that the engine has to cope with. */
#pragma once

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "grader/tests/helpers.h"

enum { BIG_BYTES = 4 << 20 };

static int probe_exit(int argc, char **argv) {
    return argc > 1 ? atoi(argv[1]) : 0;
}

static int probe_die(int argc, char **argv) {
    (void)argc;
    raise(atoi(argv[1]));
    return 1;
}

static int probe_echo(int argc, char **argv) {
    static char chunk[65536];
    ssize_t got;
    (void)argc, (void)argv;
    while ((got = read(0, chunk, sizeof chunk)) > 0)
        if (write_full(1, chunk, (size_t)got) < 0)
            return 1;
    return 0;
}

/* Writes BIG_BYTES to both outputs before it reads a byte. */
static int probe_pour(int argc, char **argv) {
    static char chunk[4096];
    (void)argc, (void)argv;
    memset(chunk, 'x', sizeof chunk);
    for (int i = 0; i < BIG_BYTES / 4096; i++)
        if (write_full(1, chunk, sizeof chunk) < 0 || write_full(2, chunk, sizeof chunk) < 0)
            return 1;
    return probe_echo(argc, argv);
}

static int probe_flood(int argc, char **argv) {
    static char chunk[65536];
    (void)argc;
    while (write(atoi(argv[1]), chunk, sizeof chunk) > 0)
        ;
    return 1;
}

static int probe_sleep(int argc, char **argv) {
    (void)argc, (void)argv;
    for (;;)
        pause();
    return 0;
}

static int probe_spin(int argc, char **argv) {
    (void)argc, (void)argv;
    volatile bool on = true;
    while (on)
        ;
    return 0;
}

/* Touches so many MiB in all, by so many processes, and holds them. */
static int probe_touch(int argc, char **argv) {
    (void)argc;
    int children = atoi(argv[2]);
    size_t bytes = (size_t)atoi(argv[1]) << 20;
    for (int i = 1; i < children && fork() > 0; i++)
        ;
    size_t share = bytes / (size_t)children;
    volatile char *memory = malloc(share); /* volatile, or the compiler leaves it untouched */
    for (size_t at = 0; memory != NULL && at < share; at += 1024)
        memory[at] = 1;
    return probe_sleep(0, argv);
}

static void *sleep_in_thread(void *unused) {
    (void)unused;
    probe_sleep(0, NULL);
    return NULL;
}

static int probe_threads(int argc, char **argv) {
    pthread_t thread;
    (void)argc;
    for (int i = 0; i < atoi(argv[1]); i++)
        pthread_create(&thread, NULL, sleep_in_thread, NULL);
    return probe_sleep(0, argv);
}

static int probe_forks(int argc, char **argv) {
    (void)argc;
    for (int i = 0; i < atoi(argv[1]); i++)
        if (fork() == 0)
            break;
    return probe_sleep(0, argv);
}

/* One thread sleeps, the other works: the program as a whole is not asleep. */
static int probe_half_asleep(int argc, char **argv) {
    pthread_t thread;
    (void)argc;
    pthread_create(&thread, NULL, sleep_in_thread, NULL);
    return probe_spin(0, argv);
}

/* Starts a daemon, as daemon(3) does, and ends once that has printed its number; or stays. */
static int probe_daemon(int argc, char **argv) {
    int ready[2];
    char byte;
    (void)argc;
    if (pipe(ready) < 0)
        return 1;
    if (fork() == 0) {
        setsid();
        signal(SIGTERM, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        if (fork() > 0)
            _exit(0);
        dprintf(1, "%d\n", getpid());
        return write(ready[1], "", 1) == 1 ? probe_sleep(0, argv) : 1;
    }
    wait(NULL);
    if (read(ready[0], &byte, 1) != 1)
        return 1;
    return strcmp(argv[1], "stay") == 0 ? probe_sleep(0, argv) : 0;
}

/* Leaves children that keep the pipe full, and ends once the flood has come. */
static int probe_leave_flood(int argc, char **argv) {
    static char chunk[4096];
    int ready[2];
    char byte;
    (void)argc, (void)argv;
    if (pipe(ready) < 0)
        return 1;
    for (int i = 0; i < 8; i++)
        if (fork() == 0) {
            dprintf(2, "%d\n", getpid());
            for (bool told = false; write(1, chunk, sizeof chunk) > 0; told = true)
                if (!told && write(ready[1], "", 1) < 0)
                    _exit(1);
            _exit(0);
        }
    return read(ready[0], &byte, 1) == 1 ? 0 : 1;
}

static int probe_descriptors(int argc, char **argv) {
    (void)argc, (void)argv;
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            dprintf(1, "%d ", fd);
    return 0;
}

static int probe_signals(int argc, char **argv) {
    (void)argc, (void)argv;
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    for (int number = 1; number < 32; number++) {
        struct sigaction action;
        sigaction(number, NULL, &action);
        if (action.sa_handler == SIG_IGN || sigismember(&blocked, number) == 1)
            dprintf(1, "%d ", number);
    }
    return 0;
}

static int probe_place(int argc, char **argv) {
    (void)argc, (void)argv;
    char folder[512];
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    dprintf(1, "%d %s %s", CPU_COUNT(&set), getcwd(folder, sizeof folder), getenv("GREETING"));
    return 0;
}

static const struct probe probes[] = {{"exit", probe_exit},
                                      {"die", probe_die},
                                      {"echo", probe_echo},
                                      {"pour", probe_pour},
                                      {"flood", probe_flood},
                                      {"sleep", probe_sleep},
                                      {"spin", probe_spin},
                                      {"touch", probe_touch},
                                      {"threads", probe_threads},
                                      {"forks", probe_forks},
                                      {"half_asleep", probe_half_asleep},
                                      {"daemon", probe_daemon},
                                      {"leave_flood", probe_leave_flood},
                                      {"descriptors", probe_descriptors},
                                      {"signals", probe_signals},
                                      {"place", probe_place},
                                      {0}};
PROBES(probes)
