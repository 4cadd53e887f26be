/*
 * Tests of common/errors. Standard error becomes one end of a datagram socket, which keeps writes
 * apart: one message received is one write(2).
 */
#define _GNU_SOURCE 1 /* program_invocation_short_name */
#include "common/errors.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(errors, .timeout = 60);

static int captured = -1;
static int real_stderr = -1;

static void capture_stderr(void) {
    int ends[2];
    cr_assert(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
    real_stderr = dup(STDERR_FILENO);
    cr_assert(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    close(ends[1]);
    captured = ends[0];
}

static void release_stderr(void) {
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(captured);
}

TestSuite(messages, .timeout = 60, .init = capture_stderr, .fini = release_stderr);

/* Returns the next write to standard error as a string, "" when there was none. */
static const char *next_write(void) {
    static char text[8192];
    ssize_t length = recv(captured, text, sizeof text - 1, MSG_DONTWAIT);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

static void expect_one_write(const char *what_and_why) {
    char expected[8192];
    snprintf(expected, sizeof expected, "%s: %s\n", program_invocation_short_name, what_and_why);
    const char *seen = next_write();
    cr_expect(strcmp(seen, expected) == 0, "expected \"%s\", seen \"%s\"", expected, seen);
    const char *more = next_write();
    cr_expect(more[0] == '\0', "expected one write, seen another: \"%s\"", more);
}

Test(messages, error_errno_says_program_what_and_the_text_of_errno) {
    errno = ENOENT;
    error_errno("data.csv");
    expect_one_write("data.csv: No such file or directory");
}

Test(messages, error_because_formats_the_reason_like_printf) {
    error_because("lab.yaml", "line %d, column %d: unknown key '%s'", 3, 7, "pionts");
    expect_one_write("lab.yaml: line 3, column 7: unknown key 'pionts'");
}

Test(messages, both_leave_errno_as_it_was) {
    errno = EPIPE;
    error_errno("a");
    cr_expect(errno == EPIPE);
    error_because("a", "%d", 1);
    cr_expect(errno == EPIPE);
}

Test(messages, an_errno_that_no_one_knows_is_still_reported) {
    errno = 98765;
    error_errno("a");
    expect_one_write("a: Unknown error 98765");
}

Test(messages, control_characters_and_backslashes_are_shown_not_sent) {
    errno = ENOENT;
    error_errno("a\nprogram: all: fine\r\x1b[2J\t\x7f\\x0a");
    expect_one_write("a\\x0aprogram: all: fine\\x0d\\x1b[2J\\x09\\x7f\\x5cx0a: "
                     "No such file or directory");
}

Test(messages, the_reason_is_escaped_as_well) {
    error_because("a", "unknown option '%s'", "\n\x01");
    expect_one_write("a: unknown option '\\x0a\\x01'");
}

Test(messages, utf8_text_is_shown_as_it_is) {
    error_because("r\u00e9sum\u00e9 \u20ac \U0001f600", "na\u00efve");
    expect_one_write("r\u00e9sum\u00e9 \u20ac \U0001f600: na\u00efve");
}

Test(messages, bytes_that_are_not_utf8_are_escaped_one_by_one) {
    const struct {
        const char *bytes, *shown, *reason;
    } cases[] = {
        {"\x80", "\\x80", "a continuation byte alone"},
        {"\xff", "\\xff", "never valid"},
        {"\xc3", "\\xc3", "cut off by the end"},
        {"\xc3(", "\\xc3(", "cut off by a character"},
        {"\xe2\x82", "\\xe2\\x82", "cut off by the end, later"},
        {"\xc0\xaf", "\\xc0\\xaf", "an overlong slash"},
        {"\xe0\x80\x8a", "\\xe0\\x80\\x8a", "an overlong newline"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80", "a surrogate"},
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "beyond Unicode"},
        {"\xc2\x9b", "\\xc2\\x9b", "a C1 control: starts terminal sequences"},
        {"\xe2\x80\xa8", "\\xe2\\x80\\xa8", "a line separator"},
        {"\xe2\x80\xae", "\\xe2\\x80\\xae", "right to left from here"},
        {"\xe2\x81\xa6", "\\xe2\\x81\\xa6", "a directional isolate"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "%s: x", cases[i].shown);
        error_because(cases[i].bytes, "x");
        expect_one_write(expected);
    }
}

/* A string of `times` copies of `piece`, which the caller frees. */
static char *repeated(const char *piece, size_t times) {
    size_t length = strlen(piece);
    char *text = calloc(times, length + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * length, piece, length);
    return text;
}

Test(messages, a_part_that_is_too_long_is_cut_visibly_and_spares_the_other) {
    char *endless = repeated("n", 100000);
    errno = ENOENT;
    error_errno(endless);
    const char *seen = next_write();
    cr_expect(strlen(seen) < 1200, "seen %zu bytes", strlen(seen));
    cr_expect(strstr(seen, "nnn" ERROR_CUT_MARK ": No such file or directory\n") != NULL,
              "seen \"%s\"", seen);

    error_because("short", "%s", endless);
    seen = next_write();
    cr_expect(strstr(seen, ": short: nnn") != NULL, "seen \"%s\"", seen);
    cr_expect(strstr(seen, "nnn" ERROR_CUT_MARK "\n") != NULL, "seen \"%s\"", seen);
    free(endless);
}

Test(messages, the_longest_line_is_one_write_that_a_pipe_cannot_split) {
    char *controls = repeated("\n", 5000);
    char *name = program_invocation_short_name;
    program_invocation_short_name = controls;
    error_because(controls, "%s", controls);
    program_invocation_short_name = name;
    const char *seen = next_write();
    cr_expect(strlen(seen) <= 4096, "seen %zu bytes", strlen(seen));
    cr_expect(strchr(seen, '\n') == seen + strlen(seen) - 1, "exactly one newline, at the end");
    cr_expect(next_write()[0] == '\0');
    free(controls);
}

Test(messages, a_cut_never_splits_a_character_or_an_escape) {
    /* Leading letters move the cut over each place in a four-byte character and in an escape. */
    for (int shift = 0; shift < 4; shift++) {
        char *faces = repeated("\U0001f600", 1000);
        char *controls = repeated("\n", 1000);
        error_because("w", "%.*s%s", shift, "aaaa", faces);
        const char *seen = next_write();
        const char *mark = strstr(seen, ERROR_CUT_MARK);
        cr_expect(mark != NULL && memcmp(mark - 4, "\U0001f600", 4) == 0, "seen \"%s\"", seen);
        error_because("w", "%.*s%s", shift, "aaaa", controls);
        seen = next_write();
        mark = strstr(seen, ERROR_CUT_MARK);
        cr_expect(mark != NULL && memcmp(mark - 4, "\\x0a", 4) == 0, "seen \"%s\"", seen);
        free(faces);
        free(controls);
    }
}

enum { THREADS = 4, MESSAGES = 500 };

static void *report_often(void *name) {
    for (int i = 0; i < MESSAGES; i++)
        error_because(name, "message %d of a thread that shares its standard error", i);
    return NULL;
}

/* Reads the other end of the pipe into one string until its writers are gone. */
static void *collect(void *stream) {
    static char text[THREADS * MESSAGES * 100];
    text[fread(text, 1, sizeof text - 1, stream)] = '\0';
    return text;
}

/* Each thread's messages must come whole and in its own order. */
static void expect_every_line_in(char *text) {
    int next[THREADS] = {0};
    int lines = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char thread = line[strlen(program_invocation_short_name) + 2];
        int index = thread - '0';
        cr_assert(index >= 0 && index < THREADS, "a mixed line: %s", line);
        char expected[200];
        snprintf(expected, sizeof expected,
                 "%s: %d: message %d of a thread that shares its standard error",
                 program_invocation_short_name, index, next[index]++);
        cr_assert(strcmp(line, expected) == 0, "expected \"%s\", seen \"%s\"", expected, line);
        lines++;
    }
    cr_assert(lines == THREADS * MESSAGES, "expected %d lines, seen %d", THREADS * MESSAGES, lines);
}

Test(errors, lines_of_concurrent_threads_do_not_mix) {
    int ends[2];
    cr_assert(pipe(ends) == 0);
    real_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    pthread_t collector;
    FILE *stream = fdopen(ends[0], "r");
    pthread_create(&collector, NULL, collect, stream);
    static char names[THREADS][2] = {"0", "1", "2", "3"};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, report_often, names[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    dup2(real_stderr, STDERR_FILENO); /* the last writer: the collector sees the end */
    void *text;
    pthread_join(collector, &text);
    fclose(stream);
    expect_every_line_in(text);
}

Test(errors, a_closed_standard_error_loses_the_message_and_nothing_else) {
    real_stderr = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    errno = EACCES;
    error_errno("a");
    int after_errno = errno;
    error_because("a", "b");
    int after_because = errno;
    dup2(real_stderr, STDERR_FILENO);
    cr_expect(after_errno == EACCES, "the failed write left its EBADF in errno");
    cr_expect(after_because == EACCES, "the failed write left its EBADF in errno");
}
