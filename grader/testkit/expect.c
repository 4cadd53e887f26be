/* What a test expects, and how it says what it saw instead. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "grader/testkit/kit.h"

enum { SHOWN_BYTES = 60, QUOTED_BYTES = 1000, MOST_STEPS = 64 };

static char *steps[MOST_STEPS];
static size_t step_count;

void step(const char *what, ...) {
    va_list values;
    va_start(values, what);
    if (step_count < MOST_STEPS && vasprintf(&steps[step_count], what, values) >= 0)
        step_count++;
    va_end(values);
}

json_t *steps_so_far(void) {
    json_t *list = json_array();
    for (size_t i = 0; i < step_count; i++)
        json_array_append_new(list, json_string(steps[i]));
    return list;
}

/* A program's output is any bytes, and any number of them; a record is short and UTF-8. */
static json_t *printable(const char *text) {
    char *copy = strndup(text, QUOTED_BYTES);
    for (char *c = copy; c != NULL && *c != '\0'; c++)
        if ((unsigned char)*c >= 0x7f || ((unsigned char)*c < 0x20 && *c != '\n' && *c != '\t'))
            *c = '?';
    json_t *string = json_string(copy == NULL ? "" : copy);
    free(copy);
    return string;
}

_Noreturn void fail_test(const char *expected, const char *seen, ...) {
    va_list values;
    char *text = NULL;
    va_start(values, seen);
    if (vasprintf(&text, seen, values) < 0)
        text = NULL;
    va_end(values);
    record("failure", json_pack("{so so so}", "expected", printable(expected), "seen",
                                printable(text == NULL ? "" : text), "steps", steps_so_far()));
    free(text);
    cr_assert_fail("the test failed; its record says how");
    abort(); /* not reached: the line above leaves the test */
}

static char *formatted(const char *format, va_list values) {
    char *text = NULL;
    return vasprintf(&text, format, values) < 0 ? NULL : text;
}

static _Noreturn void skip(const char *kind, char *why) {
    record(kind, json_pack("{so}", "why", printable(why == NULL ? "out of memory" : why)));
    free(why);
    cr_skip_test("no verdict; the record says why");
    abort(); /* not reached */
}

_Noreturn void unmeasured(const char *why, ...) {
    va_list values;
    va_start(values, why);
    char *text = formatted(why, values);
    va_end(values);
    skip("unmeasured", text);
}

_Noreturn void inconclusive(const char *why, ...) {
    va_list values;
    va_start(values, why);
    char *text = formatted(why, values);
    va_end(values);
    skip("inconclusive", text);
}

/* How a program ended, in words. */
static const char *end_in_words(int status) {
    static char words[96];
    if (status > 128)
        snprintf(words, sizeof words, "killed by signal %d (%s)", status - 128,
                 strsignal(status - 128));
    else
        snprintf(words, sizeof words, "exit status %d", status);
    return words;
}

/* The first line of its standard error, for context. */
static const char *first_complaint(const struct run *run) {
    static char line[160];
    const char *text = complaints(run);
    size_t length = strcspn(text, "\n");
    if (length == 0)
        return "; it said nothing on standard error";
    snprintf(line, sizeof line, "; it said: %.*s", (int)(length < 120 ? length : 120), text);
    return line;
}

void expect_exit(struct run *run, int status) {
    finish(run);
    if (exit_status(run) == status)
        return;
    char expected[64];
    snprintf(expected, sizeof expected, "exit status %d", status);
    fail_test(expected, "%s%s", end_in_words(exit_status(run)), first_complaint(run));
}

/* One line of a text that begins at `start`, short enough to show. */
static const char *shown_line(const char *text, size_t start, char *buffer, size_t size) {
    size_t length = strcspn(text + start, "\n");
    bool cut = length > SHOWN_BYTES;
    if (text[start] == '\0')
        snprintf(buffer, size, "the end of the output");
    else
        snprintf(buffer, size, "`%.*s`%s%s", (int)(cut ? SHOWN_BYTES : length), text + start,
                 cut ? " ..." : "",
                 !cut && text[start + length] == '\0' ? " without a newline" : "");
    return buffer;
}

void expect_output(struct run *run, const char *text) {
    finish(run);
    const char *seen = output(run);
    size_t length = strlen(text);
    if (run->process.output.length == length && memcmp(seen, text, length) == 0)
        return;
    size_t same = 0, line = 1, line_start = 0;
    while (same < length && same < run->process.output.length && seen[same] == text[same])
        if (text[same++] == '\n') {
            line++;
            line_start = same;
        }
    char expected_line[160], seen_line[160], expected[256];
    snprintf(expected, sizeof expected, "line %zu of standard output: %s", line,
             shown_line(text, line_start, expected_line, sizeof expected_line));
    fail_test(expected, "%s (%zu bytes in all, %zu expected)",
              shown_line(seen, line_start, seen_line, sizeof seen_line), run->process.output.length,
              length);
}

void expect_complaint(struct run *run, const char *mention) {
    finish(run);
    const char *text = complaints(run);
    char expected[256], opening[64];
    snprintf(opening, sizeof opening, "%s: ", kit()->program_name);
    snprintf(expected, sizeof expected, "one line on standard error, `%s...%s...: why`", opening,
             mention);
    const char *newline = strchr(text, '\n');
    bool one_line = newline != NULL && newline[1] == '\0';
    if (one_line && strncmp(text, opening, strlen(opening)) == 0 && strstr(text, mention) != NULL)
        return;
    fail_test(expected, text[0] == '\0' ? "nothing on standard error%s" : "`%.200s`", text);
}

void expect_number(const char *what, int64_t expected, int64_t seen) {
    if (expected == seen)
        return;
    char words[256];
    snprintf(words, sizeof words, "%s: %lld", what, (long long)expected);
    fail_test(words, "%lld", (long long)seen);
}

void require_own_end(struct run *run) {
    double seconds = (double)(run->process.ended_ns - run->process.started_ns) / 1e9;
    switch (run->process.end) {
    case PROCESS_STARVED:
        inconclusive("the program waited for a processor for over half of its %.0f s", seconds);
    case PROCESS_OUT_OF_TIME:
        fail_test("the program ends by itself", "still running after %.0f s; ended", seconds);
    case PROCESS_ASLEEP:
        fail_test("the program ends by itself", "it slept, and nothing was left to wake it; ended");
    case PROCESS_OUT_OF_OUTPUT:
        fail_test("an answer of its size", "over %zu bytes of output; ended",
                  run->process.options.output_limit_bytes);
    case PROCESS_OUT_OF_MEMORY:
        fail_test("memory within the lab's limit", "over %lld MiB; ended",
                  (long long)(kit()->memory_limit_kib / 1024));
    case PROCESS_TOO_MANY:
        fail_test("processes and threads within the lab's limit", "over %d; ended",
                  kit()->process_limit);
    case PROCESS_STOPPED_BY_TICK:
        fail_test("far fewer system calls", "more than %lld; ended",
                  (long long)run->program.call_limit);
    default:
        return;
    }
}
