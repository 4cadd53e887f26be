/*
 * What all subjects share: to say what they did ("marks"), to be told to go on, to touch memory by
 * the page, and children that do not outlive them. A mark is a line `WHAT NUMBER TIME_NS`, on
 * CLOCK_MONOTONIC; the number is in KiB unless the subject says otherwise.
 *
 * When standard input is a socket, marks go to it, and after each the subject waits for a byte.
 * Otherwise they go to standard output, or nowhere with --quiet; each stage then lasts --hold MS
 * milliseconds, or with --step until a line comes on standard input.
 *
 * This links nothing but the C library and must stay so: between two marks nothing may change but
 * what the subject's story tells.
 */
#pragma once

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    USAGE = 2,
    HOLD_MS = 300,
    MOST_KIB = 64 << 20, /* 64 GiB: more is a slip of the hand */
    MOST_MS = 60 * 1000,
    FORGOTTEN_S = 60, /* nobody misses a subject for so long: it ends by itself */
    STACK_BYTES = 64 << 10,
    BUFFER_BYTES = 64 << 10,
};

static bool talks;    /* standard input is a socket: somebody answers each mark */
static bool is_quiet; /* --quiet */
static bool is_led;   /* --step */
static int64_t hold_ms = HOLD_MS;

static inline size_t page_bytes(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- quiet before the story ---- */

/* Where the part of a loaded object begins that may still change. Before it lies what the loader has
 * made read-only when it was ready (RELRO). */
static inline uintptr_t changeable(const struct dl_phdr_info *object) {
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_GNU_RELRO)
            return (object->dlpi_addr + part->p_vaddr + part->p_memsz) & ~(page_bytes() - 1);
    }
    return 0;
}

/* Code is brought in at its first call and a page of variables copied at its first change: that
 * would be counted beside the story. So every page of a loaded object is used now. */
static inline int use_object(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size, (void)unused;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_R))
            continue;
        uintptr_t begin = object->dlpi_addr + part->p_vaddr, end = begin + part->p_memsz;
        for (begin &= ~(page_bytes() - 1); begin < end; begin += page_bytes()) {
            volatile char *byte = (volatile char *)begin;
            char value = *byte;
            if ((part->p_flags & PF_W) && begin >= changeable(object))
                *byte = value;
        }
    }
    return 0;
}

/* The stack grows at its first use too: deeper calls than this one may come later. */
__attribute__((noinline)) static void use_stack(void) {
    volatile char frame[STACK_BYTES];
    for (size_t i = 0; i < sizeof frame; i += 1024)
        frame[i] = 1;
}

/* ---- marks ---- */

/* Says what was done and goes on at once. A reader that has gone ends the subject. */
static inline void tell(const char *what, int64_t number) {
    char line[96];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int length = snprintf(line, sizeof line, "%s %" PRId64 " %" PRId64 "\n", what, number,
                          (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
    if (talks && send(STDIN_FILENO, line, (size_t)length, MSG_NOSIGNAL) != length)
        exit(EXIT_FAILURE);
    /* write(2), not printf(3): a mark that lies in a buffer tells of a past that is over */
    if (!talks && !is_quiet && write(STDOUT_FILENO, line, (size_t)length) != length)
        err(EXIT_FAILURE, "standard output");
}

/* Waits for the byte, or the line, that says "go on". False: nobody will say so any more. */
static inline bool is_answered(void) {
    char byte;
    do
        if (read(STDIN_FILENO, &byte, 1) != 1)
            return false;
    while (byte != '\n' && !talks);
    return true;
}

static inline void hold(int64_t ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Says what was done, and stays as it is until it may go on. */
static inline void mark(const char *what, int64_t number) {
    tell(what, number);
    if (!talks && !is_led)
        hold(hold_ms);
    else if (!is_answered())
        exit(EXIT_FAILURE);
}

/* The last words; what they are answered changes nothing. */
static inline int done(void) {
    tell("done", 0);
    if (talks || is_led)
        is_answered();
    return EXIT_SUCCESS;
}

/* ---- the command line ---- */

static inline int64_t number_in(const char *text, int64_t least, int64_t most) {
    char *end;
    int64_t number = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || number < least || number > most)
        errx(USAGE, "%s: not a number from %" PRId64 " to %" PRId64, text, least, most);
    return number;
}

/* Takes the options, sees that there are `least` to `most` operands, settles, and says `started`;
 * or just settles, for a program that goes on with the story of another. Returns the operands,
 * which end in NULL. */
static inline char **settle(int argc, char **argv, int least, int most, const char *operands) {
    static const struct option options[] = {{"quiet", no_argument, NULL, 'q'},
                                            {"step", no_argument, NULL, 's'},
                                            {"hold", required_argument, NULL, 'h'},
                                            {0}};
    opterr = 0; /* its own messages are of another shape */
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'q':
            is_quiet = true;
            break;
        case 's':
            is_led = true;
            break;
        case 'h':
            hold_ms = number_in(optarg, 0, MOST_MS);
            break;
        default:
            errx(USAGE, "%s: no such option, or no value behind it", argv[optind - 1]);
        }
    if (argc - optind < least || argc - optind > most)
        errx(USAGE, "usage: %s [--quiet] [--step | --hold MS]%s%s", program_invocation_short_name,
             *operands ? " " : "", operands);
    struct stat input;
    talks = fstat(STDIN_FILENO, &input) == 0 && S_ISSOCK(input.st_mode);
    alarm(FORGOTTEN_S);
    /* A huge page would make 2 MiB of one touch; this is MADV_NOHUGEPAGE for the heap as well. */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    dl_iterate_phdr(use_object, NULL);
    use_stack();
    return argv + optind;
}

static inline char **start(int argc, char **argv, int least, int most, const char *operands) {
    char **words = settle(argc, argv, least, most, operands);
    mark("started", 0);
    return words;
}

/* ---- memory ---- */

/* Reserves memory that nobody shares (MAP_PRIVATE) or that children do (MAP_SHARED). */
static inline volatile char *map_kib(int64_t kib, int sharing) {
    void *memory = mmap(NULL, (size_t)kib << 10, PROT_READ | PROT_WRITE,
                        sharing | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        err(EXIT_FAILURE, "mmap");
    return memory;
}

/* Writes a byte to each page of so many KiB from there on: only now is there memory behind them. */
static inline void touch_kib(volatile char *memory, int64_t from_kib, int64_t kib) {
    for (int64_t at = from_kib << 10; at < (from_kib + kib) << 10; at += (int64_t)page_bytes())
        memory[at] = 1;
}

/* ---- children ---- */

/* As fork(2), but the child ends with its parent. The parent may end before the child has asked
 * for that, hence the second question. */
static inline pid_t fork_child(void) {
    pid_t parent = getpid(), child = fork();
    if (child < 0)
        err(EXIT_FAILURE, "fork");
    if (child == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
        _exit(EXIT_FAILURE);
    return child;
}

/* Waits for it; a child that failed is the subject's failure. */
static inline void join_child(pid_t child) {
    int status;
    if (waitpid(child, &status, 0) < 0)
        err(EXIT_FAILURE, "waitpid");
    if (status != 0)
        errx(EXIT_FAILURE, "child %d: it has failed", child);
}
