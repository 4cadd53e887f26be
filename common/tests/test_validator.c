/* Tests of common/validator: what tells versions of a file apart, and notes that can be trusted. */
#define _GNU_SOURCE 1
#include "common/validator.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(validator, .timeout = 60);

#define URL "http://127.0.0.1/file"

static struct validator heard(const char *const *lines) {
    struct validator validator = {0};
    for (; *lines != NULL; lines++)
        validator_hear(&validator, *lines, strlen(*lines));
    return validator;
}

#define HEARD(...) heard((const char *const[]){"HTTP/1.1 200 OK\r\n", __VA_ARGS__, NULL})

static void expect_text(struct validator validator, const char *expected) {
    const char *text = validator_text(&validator);
    if (expected == NULL)
        cr_expect_null(text, "%s", text);
    else
        cr_expect_str_eq(text == NULL ? "none" : text, expected);
}

#define LATER   "Date: Thu, 01 Jan 2026 00:00:01 GMT\r\n"
#define CHANGED "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"

Test(validator, is_an_etag) {
    expect_text(HEARD("ETag: \"a b\"\r\n"), "\"a b\"");
    expect_text(HEARD("etag:\"\"\n"), "\"\"");
    expect_text(HEARD("ETAG: \t\"x\" \t\r\n", CHANGED, LATER), "\"x\"");
}

/* An ETag that is there and weak says that versions may differ: the date must not stand in. */
Test(validator, is_no_weak_etag) {
    expect_text(HEARD("ETag: W/\"x\"\r\n"), NULL);
    expect_text(HEARD("ETag: W/\"x\"\r\n", CHANGED, LATER), NULL);
    expect_text(HEARD("ETag: x\r\n"), NULL);
}

Test(validator, is_a_date_that_is_past) {
    expect_text(HEARD(CHANGED, LATER), "Thu, 01 Jan 2026 00:00:00 GMT");
    expect_text(HEARD(CHANGED, "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"), NULL);
    expect_text(HEARD(CHANGED, "Date: Wed, 31 Dec 2025 23:59:59 GMT\r\n"), NULL);
    expect_text(HEARD(CHANGED), NULL);
    expect_text(HEARD(CHANGED, "Date: soon\r\n"), NULL);
    expect_text(HEARD("Last-Modified: long ago\r\n", LATER), NULL);
    expect_text(HEARD("Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT and more\r\n", LATER), NULL);
    expect_text(HEARD(LATER), NULL);
}

Test(validator, is_of_the_last_answer) {
    expect_text(HEARD("ETag: \"of the redirect\"\r\n", "\r\n", "HTTP/2 200\r\n", "X: y\r\n"), NULL);
    expect_text(HEARD("ETag: \"1\"\r\n", "HTTP/1.1 200 OK\r\n", "ETag: \"2\"\r\n"), "\"2\"");
}

/* A cut one would be of no version. */
Test(validator, that_is_too_long_is_none) {
    for (int length = VALIDATOR_BYTES - 2; length <= VALIDATOR_BYTES; length++) {
        char *line = NULL;
        cr_assert_gt(asprintf(&line, "ETag: \"%0*d\"\r\n", length - 2, 7), 0);
        struct validator validator = HEARD(line);
        cr_expect_eq(validator_text(&validator) != NULL, length < VALIDATOR_BYTES, "%d", length);
        free(line);
    }
}

Test(validator, comes_with_the_range_of_a_part) {
    struct validator validator = HEARD("Content-Range: bytes 5-9/10\r\n");
    cr_expect_str_eq(validator.range, "bytes 5-9/10");
}

/* The line that libcurl hands over ends where it ends, not in a NUL. */
Test(validator, reads_no_further_than_the_line) {
    struct validator validator = {0};
    validator_hear(&validator, "ETag: \"x\"junk", 9);
    expect_text(validator, "\"x\"");
    validator_hear(&validator, "ETa", 3);
    validator_hear(&validator, "", 0);
    expect_text(validator, "\"x\"");
}

/* ---- Notes ---- */

static char folder_path[64];

static int make_folder(void) {
    snprintf(folder_path, sizeof folder_path, "/tmp/groundwork-validator-XXXXXX");
    cr_assert_not_null(mkdtemp(folder_path));
    return open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void remove_folder(int folder) {
    validator_forget(folder, "name");
    cr_expect_eq(rmdir(folder_path), 0, "something is left in it");
    close(folder);
}

static void expect_noted(int folder, const char *url, const char *expected) {
    char *text = validator_noted(folder, "name", url);
    if (expected == NULL)
        cr_expect_null(text, "%s", text);
    else
        cr_expect_str_eq(text == NULL ? "none" : text, expected);
    free(text);
}

static void write_note(int folder, const char *text) {
    int fd = openat(folder, "name.note", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

Test(validator, is_noted_and_found) {
    int folder = make_folder();
    const struct validator validator = HEARD("ETag: \"x\"\r\n");
    expect_noted(folder, URL, NULL);
    cr_expect(validator_note(folder, "name", URL, &validator));
    expect_noted(folder, URL, "\"x\"");
    validator_forget(folder, "name");
    expect_noted(folder, URL, NULL);
    remove_folder(folder);
}

Test(validator, that_is_none_is_not_noted) {
    int folder = make_folder();
    const struct validator validator = {0};
    cr_expect_not(validator_note(folder, "name", URL, &validator));
    remove_folder(folder);
}

Test(validator, in_a_note_of_another_url_is_none_and_goes) {
    int folder = make_folder();
    const struct validator validator = HEARD("ETag: \"x\"\r\n");
    static const char *const others[] = {URL "2", "http://127.0.0.1/fil", "", ("x" URL)};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        cr_expect(validator_note(folder, "name", URL, &validator));
        expect_noted(folder, others[i], NULL);
        expect_noted(folder, URL, NULL);
    }
    remove_folder(folder);
}

/* Every place where a full disk or a crash may have cut it. */
Test(validator, in_a_note_that_was_cut_is_none) {
    int folder = make_folder();
    const char whole[] = URL "\n\"x\"\n";
    for (size_t length = 0; length < sizeof whole - 1; length++) {
        char cut[sizeof whole];
        snprintf(cut, sizeof cut, "%.*s", (int)length, whole);
        write_note(folder, cut);
        expect_noted(folder, URL, NULL);
    }
    write_note(folder, whole);
    expect_noted(folder, URL, "\"x\"");
    write_note(folder, URL "\n\n");
    expect_noted(folder, URL, NULL);
    remove_folder(folder);
}

Test(validator, is_not_noted_through_a_link) {
    int folder = make_folder();
    const struct validator validator = HEARD("ETag: \"x\"\r\n");
    cr_assert_eq(symlinkat("elsewhere", folder, "name.note"), 0);
    cr_expect_not(validator_note(folder, "name", URL, &validator));
    cr_expect_neq(faccessat(folder, "elsewhere", F_OK, 0), 0);
    remove_folder(folder);
}

Test(validator, is_not_noted_where_nothing_can_be_written) {
    const struct validator validator = HEARD("ETag: \"x\"\r\n");
    cr_expect_not(validator_note(-1, "name", URL, &validator));
    cr_expect_null(validator_noted(-1, "name", URL));
}
