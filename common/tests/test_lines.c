/* Tests of common/lines: lines through pipes, however they are cut, and words of a command line. */
#define _GNU_SOURCE 1 /* pipe2 */
#include "common/lines.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io.h"

TestSuite(lines, .timeout = 60);

/* A pipe that holds these bytes, in one piece each time it is read. */
static struct lines *lines_of(const char *bytes, size_t length, int *writer) {
    struct lines *lines = calloc(1, sizeof *lines);
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    cr_assert_eq(write_full(ends[1], bytes, length), 0);
    lines->fd = ends[0];
    if (writer != NULL)
        *writer = ends[1];
    else
        close(ends[1]);
    return lines;
}

/* Reads up to the end and expects these lines. */
static void expect_lines(struct lines *lines, const char *const *expected) {
    long number = 0;
    while (!lines->ended || number == 0) {
        char *line;
        cr_assert_eq(lines_read(lines), 0);
        while ((line = lines_take(lines)) != NULL) {
            cr_assert_not_null(expected[number], "one more: \"%s\"", line);
            cr_expect_str_eq(line, expected[number]);
            number++;
            cr_expect_eq(lines->number, number);
        }
        if (lines->ended)
            break;
    }
    cr_expect_null(expected[number], "line %ld is missing", number + 1);
}

#define EXPECT_LINES(text, ...)                                                                    \
    expect_lines(lines_of(text, sizeof text - 1, NULL), (const char *const[]){__VA_ARGS__, NULL})

Test(lines, come_one_by_one) {
    EXPECT_LINES("one\ntwo\nthree\n", "one", "two", "three");
}

Test(lines, lose_the_blanks_around_them) {
    EXPECT_LINES(" \t one two\t \r\n\r\n   \nthree", "one two", "", "", "three");
}

Test(lines, need_no_newline_at_the_end) {
    EXPECT_LINES("one\ntwo", "one", "two");
}

Test(lines, may_be_none) {
    EXPECT_LINES("", NULL);
    EXPECT_LINES("\n", "");
}

Test(lines, with_a_nul_are_bad) {
    EXPECT_LINES("one\nhttp://a\0b\nthree\n", "one", LINES_BAD, "three");
}

Test(lines, that_arrive_in_pieces_are_put_together) {
    int writer;
    struct lines *lines = lines_of("on", 2, &writer);
    cr_assert_eq(lines_read(lines), 0);
    cr_expect_null(lines_take(lines));
    cr_assert_eq(write(writer, "e\ntw", 4), 4);
    cr_assert_eq(lines_read(lines), 0);
    cr_expect_str_eq(lines_take(lines), "one");
    cr_expect_null(lines_take(lines));
    cr_expect_not(lines->ended);
    cr_assert_eq(write(writer, "o", 1), 1);
    close(writer);
    cr_assert_eq(lines_read(lines), 0);
    cr_expect_null(lines_take(lines));
    cr_assert_eq(lines_read(lines), 0);
    cr_expect(lines->ended);
    cr_expect_str_eq(lines_take(lines), "two");
    cr_expect_null(lines_take(lines));
}

/* The longest that fits, one byte more, and far more than the buffer: the next line is unharmed. */
Test(lines, that_are_too_long_are_bad_once) {
    for (size_t i = 0; i < 4; i++) {
        const size_t lengths[] = {LINES_BYTES - 1, LINES_BYTES, LINES_BYTES + 1, 5 * LINES_BYTES};
        char *text = NULL;
        cr_assert_gt(asprintf(&text, "first\n%0*d\nlast\n", (int)lengths[i], 7), 0);
        struct lines *lines = lines_of(text, strlen(text), NULL);
        char *line = NULL;
        long bad = 0;
        while (!lines->ended || line != NULL) {
            line = lines_take(lines);
            if (line == NULL && !lines->ended)
                cr_assert_eq(lines_read(lines), 0);
            bad += line != NULL && strcmp(line, LINES_BAD) == 0;
            if (line != NULL && lines->number == 3)
                cr_expect_str_eq(line, "last");
        }
        cr_expect_eq(lines->number, 3, "%zu bytes: %ld lines", lengths[i], lines->number);
        cr_expect_eq(bad, i > 0, "%zu bytes: bad %ld times", lengths[i], bad);
    }
}

Test(lines, that_are_too_long_and_end_with_the_file_are_bad) {
    char *text = NULL;
    cr_assert_gt(asprintf(&text, "%0*d", LINES_BYTES, 7), 0);
    expect_lines(lines_of(text, strlen(text), NULL), (const char *const[]){LINES_BAD, NULL});
}

Test(lines, of_a_descriptor_without_anything_yet_are_awaited) {
    int writer;
    struct lines *lines = lines_of("", 0, &writer);
    fcntl(lines->fd, F_SETFL, O_NONBLOCK);
    cr_expect_eq(lines_read(lines), 0);
    cr_expect_not(lines->ended);
}

Test(lines, of_a_descriptor_that_cannot_be_read_are_an_error) {
    struct lines lines = {.fd = -1};
    cr_expect_eq(lines_read(&lines), -1);
    cr_expect_eq(errno, EBADF);
    cr_expect(lines.ended);
    cr_expect_null(lines_take(&lines));
}

Test(lines, may_be_words) {
    char *words[] = {(char *)" a ", (char *)"", (char *)"#", NULL};
    struct lines lines = {.words = words};
    cr_expect_str_eq(lines_take(&lines), " a ");
    cr_expect_eq(lines.number, 1);
    cr_expect_str_eq(lines_take(&lines), "");
    cr_expect_str_eq(lines_take(&lines), "#");
    cr_expect_not(lines.ended);
    cr_expect_null(lines_take(&lines));
    cr_expect(lines.ended);
    cr_expect_null(lines_take(&lines));
    cr_expect_eq(lines.number, 3);
}

/* A program that reads more often than it takes loses none, and none is taken for a long one. */
Test(lines, that_fill_the_memory_are_kept_until_taken) {
    enum { LINES = 3 * LINES_BYTES / 8 };
    char *text = malloc(LINES * 8 + 1);
    for (int i = 0; i < LINES; i++)
        snprintf(text + (ptrdiff_t)i * 8, 9, "%07u\n", (unsigned)i % 10000000);
    struct lines *lines = lines_of(text, (size_t)LINES * 8, NULL);
    long taken = 0;
    for (char *line = NULL; !lines->ended || line != NULL; taken += line != NULL) {
        for (int reads = 0; reads < 3 && !lines->ended; reads++)
            cr_assert_eq(lines_read(lines), 0);
        line = lines_take(lines);
        if (line != NULL)
            cr_assert_eq(atol(line), taken);
    }
    cr_expect_eq(taken, LINES);
}
