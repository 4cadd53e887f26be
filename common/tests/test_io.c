/*
 * Tests of common/io: full reads and writes against signals, short counts and errors. A child waits
 * until /proc shows its parent asleep inside the call and only then disturbs it, so each
 * interruption is certain, not likely. Left out: running out of memory.
 */
#define _GNU_SOURCE 1 /* pipe2, memfd_create, tgkill */
#include "common/io.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(io, .timeout = 60);

/* Shared with the child, which must not send the next signal before this one was handled. */
static atomic_int *interruptions;

static void count_interruption(int signal_number) {
    (void)signal_number;
    atomic_fetch_add(interruptions, 1);
}

/* No SA_RESTART: the kernel ends the sleeping call, with EINTR or a short count. */
static void interrupt_calls_on_sigusr1(void) {
    interruptions = mmap(NULL, sizeof *interruptions, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert(interruptions != MAP_FAILED);
    struct sigaction action = {.sa_handler = count_interruption};
    cr_assert(sigaction(SIGUSR1, &action, NULL) == 0);
}

static char state_of(pid_t pid) {
    char path[64];
    char text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0)
        _exit(99);
    text[length] = '\0';
    /* The name, in parentheses, may hold anything; the last one ends it. */
    return strrchr(text, ')')[2];
}

static void wait_until_asleep(pid_t pid) {
    while (state_of(pid) != 'S')
        sched_yield();
}

static void interrupt_once(pid_t pid) {
    int before = atomic_load(interruptions);
    wait_until_asleep(pid);
    tgkill(pid, pid, SIGUSR1); /* the main thread: Criterion has another, which must not take it */
    while (atomic_load(interruptions) == before)
        sched_yield();
}

/*
 * Returns 0 in the child, which dies with its parent so that a failed test leaves nothing. An
 * assertion that holds is reported too, and could sleep there: none between here and the call.
 */
static pid_t fork_child(void) {
    pid_t child = fork();
    if (child == -1)
        cr_assert_fail("fork: %s", strerror(errno));
    if (child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return child;
}

static int exit_status_of(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) == -1)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void make_pipe(int ends[2]) {
    cr_assert(pipe(ends) == 0);
}

/* A pattern without a short period, so that a lost or repeated piece shows. */
static unsigned char pattern(size_t i) {
    return (unsigned char)(i * 31 + i / 251);
}

Test(io, read_full_collects_a_dribble_through_a_signal_before_every_byte) {
    enum { BYTES = 40 };
    interrupt_calls_on_sigusr1();
    int ends[2];
    make_pipe(ends);
    pid_t reader = getpid();
    pid_t child = fork_child();
    if (child == 0) {
        for (size_t i = 0; i < BYTES; i++) {
            interrupt_once(reader);
            wait_until_asleep(reader);
            unsigned char byte = pattern(i);
            if (write(ends[1], &byte, 1) != 1)
                _exit(1);
        }
        _exit(0);
    }
    unsigned char buffer[BYTES];
    ssize_t got = read_full(ends[0], buffer, BYTES);
    int reason = errno;
    cr_assert(got == BYTES, "expected %d bytes, read_full returned %zd (%s) after %d signals",
              BYTES, got, strerror(reason), atomic_load(interruptions));
    for (size_t i = 0; i < BYTES; i++)
        cr_assert(buffer[i] == pattern(i), "byte %zu is wrong", i);
    cr_assert(exit_status_of(child) == 0);
    cr_assert(atomic_load(interruptions) == BYTES, "expected a signal before each byte");
}

/* In the child: makes the writer come up short, then EINTR with nothing taken, then reads all. */
static void disturb_and_drain(pid_t writer, int fd, size_t size) {
    interrupt_once(writer);
    interrupt_once(writer);
    for (size_t i = 0; i < size; i++) {
        unsigned char byte;
        if (read(fd, &byte, 1) != 1 || byte != pattern(i))
            _exit(1);
    }
    unsigned char extra;
    _exit(read(fd, &extra, 1) == 0 ? 0 : 2);
}

Test(io, write_full_delivers_every_byte_once_through_short_and_interrupted_writes) {
    enum { BYTES = 200 * 1000 }; /* a pipe holds 64 KiB, so the writer must fall asleep */
    interrupt_calls_on_sigusr1();
    int ends[2];
    make_pipe(ends);
    pid_t writer = getpid();
    pid_t child = fork_child();
    if (child == 0) {
        close(ends[1]);
        disturb_and_drain(writer, ends[0], BYTES);
    }
    close(ends[0]);
    static unsigned char data[BYTES];
    for (size_t i = 0; i < BYTES; i++)
        data[i] = pattern(i);
    signal(SIGPIPE, SIG_IGN);
    int result = write_full(ends[1], data, BYTES);
    cr_expect(result == 0, "expected 0, write_full returned %d (%s)", result, strerror(errno));
    close(ends[1]);
    int status = exit_status_of(child);
    cr_expect(status == 0, "the reader saw %s", status == 1 ? "wrong bytes" : "extra bytes");
    cr_expect(atomic_load(interruptions) == 2);
}

Test(io, read_full_returns_fewer_bytes_only_at_end_of_file) {
    int ends[2];
    make_pipe(ends);
    cr_assert(write(ends[1], "abc", 3) == 3);
    close(ends[1]);
    char buffer[8] = "";
    cr_expect(read_full(ends[0], buffer, sizeof buffer) == 3);
    cr_expect(memcmp(buffer, "abc", 3) == 0);
    cr_expect(read_full(ends[0], buffer, sizeof buffer) == 0, "the end stays the end");
}

Test(io, read_full_takes_no_more_than_asked) {
    int ends[2];
    make_pipe(ends);
    cr_assert(write(ends[1], "abcdef", 6) == 6);
    char buffer[8] = "........";
    cr_expect(read_full(ends[0], buffer, 4) == 4);
    cr_expect(memcmp(buffer, "abcd....", 8) == 0);
    cr_expect(read_full(ends[0], buffer, 2) == 2);
    cr_expect(memcmp(buffer, "ef", 2) == 0);
}

Test(io, nothing_asked_is_nothing_done) {
    cr_expect(read_full(-1, NULL, 0) == 0);
    cr_expect(write_full(-1, NULL, 0) == 0);
}

Test(io, a_size_that_the_result_cannot_hold_is_refused) {
    char byte;
    errno = 0;
    cr_expect(read_full(0, &byte, (size_t)SSIZE_MAX + 1) == -1);
    cr_expect(errno == EINVAL);
}

Test(io, a_closed_descriptor_is_EBADF) {
    int ends[2];
    make_pipe(ends);
    close(ends[0]);
    close(ends[1]);
    char byte = 'x';
    errno = 0;
    cr_expect(read_full(ends[0], &byte, 1) == -1 && errno == EBADF);
    errno = 0;
    cr_expect(write_full(ends[1], &byte, 1) == -1 && errno == EBADF);
    errno = 0;
    cr_expect(read_whole(ends[0], 10, NULL) == NULL && errno == EBADF);
}

Test(io, a_reader_that_went_away_is_EPIPE) {
    int ends[2];
    make_pipe(ends);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    errno = 0;
    cr_expect(write_full(ends[1], "x", 1) == -1);
    cr_expect(errno == EPIPE);
}

Test(io, a_reader_that_goes_away_half_way_is_EPIPE) {
    enum { BYTES = 200 * 1000 };
    int ends[2];
    make_pipe(ends);
    pid_t writer = getpid();
    pid_t child = fork_child();
    if (child == 0) {
        wait_until_asleep(writer);
        _exit(0); /* the only reader, so this is the end of the pipe */
    }
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    static char data[BYTES];
    errno = 0;
    int result = write_full(ends[1], data, BYTES);
    int reason = errno;
    cr_expect(result == -1, "64 KiB were taken, but not all; expected -1, seen %d", result);
    cr_expect(reason == EPIPE, "expected EPIPE, seen %s", strerror(reason));
    cr_expect(exit_status_of(child) == 0);
}

Test(io, a_full_disk_is_ENOSPC) {
    int fd = open("/dev/full", O_WRONLY);
    cr_assert(fd != -1);
    errno = 0;
    cr_expect(write_full(fd, "x", 1) == -1);
    cr_expect(errno == ENOSPC);
}

Test(io, a_descriptor_that_would_block_is_an_error_not_a_busy_loop) {
    int ends[2];
    cr_assert(pipe2(ends, O_NONBLOCK) == 0);
    static char data[1 << 20];
    errno = 0;
    cr_expect(read_full(ends[0], data, 1) == -1 && errno == EAGAIN);
    errno = 0;
    cr_expect(write_full(ends[1], data, sizeof data) == -1 && errno == EAGAIN);
}

/* A file without a name, holding `size` bytes of the pattern, at its start. */
static int file_of(size_t size) {
    int fd = memfd_create("test_io", MFD_CLOEXEC);
    cr_assert(fd != -1);
    unsigned char *data = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        data[i] = pattern(i);
    cr_assert(write_full(fd, data, size) == 0);
    free(data);
    cr_assert(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static bool is_pattern(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] != pattern(i))
            return false;
    return text[size] == '\0';
}

Test(io, read_whole_gives_every_byte_and_a_nul_around_each_growth_of_its_buffer) {
    const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8191, 8192, 8193, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int fd = file_of(sizes[i]);
        size_t length = 12345;
        char *text = read_whole(fd, 1 << 20, &length);
        cr_assert(text != NULL, "%zu bytes: %s", sizes[i], strerror(errno));
        cr_expect(length == sizes[i], "expected %zu bytes, seen %zu", sizes[i], length);
        cr_expect(is_pattern(text, sizes[i]), "wrong bytes in a file of %zu", sizes[i]);
        free(text);
        close(fd);
    }
}

Test(io, read_whole_accepts_exactly_its_limit_and_refuses_one_byte_more) {
    const size_t limits[] = {0, 1, 4095, 4096, 4097, 8192, 50000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        size_t length = 0;
        int fits = file_of(limits[i]);
        char *text = read_whole(fits, limits[i], &length);
        cr_expect(text != NULL && length == limits[i] && is_pattern(text, length),
                  "a file of %zu bytes is within the limit", limits[i]);
        free(text);
        close(fits);

        int too_long = file_of(limits[i] + 1);
        length = 12345;
        errno = 0;
        cr_expect(read_whole(too_long, limits[i], &length) == NULL);
        cr_expect(errno == EFBIG, "limit %zu: expected EFBIG, seen %s", limits[i], strerror(errno));
        cr_expect(length == 12345, "the length is untouched on failure");
        close(too_long);
    }
}

Test(io, read_whole_stops_at_its_limit_on_a_file_without_end) {
    int fd = open("/dev/zero", O_RDONLY);
    errno = 0;
    cr_expect(read_whole(fd, 1 << 20, NULL) == NULL);
    cr_expect(errno == EFBIG);
}

Test(io, read_whole_reports_what_cannot_be_read_and_limits_it_cannot_keep) {
    int fd = open("/", O_RDONLY | O_DIRECTORY);
    errno = 0;
    cr_expect(read_whole(fd, 100, NULL) == NULL && errno == EISDIR);
    errno = 0;
    cr_expect(read_whole(fd, SSIZE_MAX, NULL) == NULL && errno == EINVAL);
    errno = 0;
    cr_expect(read_whole(fd, SIZE_MAX, NULL) == NULL && errno == EINVAL);
}
