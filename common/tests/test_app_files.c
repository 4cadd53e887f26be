/*
 * Tests of common/app's /files/: types, conditions, ranges. Ways out of the root are in
 * test_app_escape.c, files that change while they are sent in test_app_sending.c.
 */
#define _GNU_SOURCE 1 /* memmem */
#include "common/tests/app_exchange.h"

#include <inttypes.h>
#include <time.h>

enum { THOUSAND = 1000, LARGE = 300000 };

static struct app app;
static char thousand[THOUSAND];
static char large[LARGE];

static void make_files(void) {
    for (size_t i = 0; i < LARGE; i++)
        large[i] = file_byte(i);
    memcpy(thousand, large, THOUSAND);
    make_base();
    make_file_at("root/thousand", thousand, THOUSAND, LONG_AGO);
    make_file_at("root/large.bin", large, LARGE, LONG_AGO);
    make_file("root/empty.txt", "");
    open_app(&app);
}

static void remove_files(void) {
    app_close(&app);
    remove_base();
}

TestSuite(app_files, .timeout = 60, .init = make_files, .fini = remove_files);

/* Asks for a file with one more field, or without it: NULL. */
static struct received ask_with(const char *method, const char *path, const char *field) {
    char request[512];
    snprintf(request, sizeof request, "%s /files/%s HTTP/1.1\r\nHost: here\r\n%s%s\r\n", method,
             path, field == NULL ? "" : field, field == NULL ? "" : "\r\n");
    return ask(&app, request);
}

/* ---- Whole files ---- */

Test(app_files, a_file_is_sent_whole_with_what_is_known_of_it) {
    struct received received = ask_with("GET", "large.bin", NULL);
    cr_expect(status_of(&received) == 200 && !received.reply.close);
    cr_expect(has_field(&received, "Content-Length", "300000"));
    cr_expect(has_field(&received, "Content-Type", "application/octet-stream"));
    cr_expect(has_field(&received, "Last-Modified", LONG_AGO_DATE));
    cr_expect(has_field(&received, "Accept-Ranges", "bytes"));
    cr_expect(field_of(&received, "Content-Range") == NULL);
    cr_expect(received.body_length == LARGE && memcmp(received.body, large, LARGE) == 0);
    cr_expect(received.reply.rest == REPLY_FILE && received.reply.left == LARGE);
}

Test(app_files, an_empty_file_is_a_whole_reply_without_a_body) {
    int before = next_descriptor();
    struct received received = ask_with("GET", "empty.txt", NULL);
    cr_expect(status_of(&received) == 200 && received.body_length == 0);
    cr_expect(has_field(&received, "Content-Length", "0"));
    cr_expect(received.reply.file == -1 && received.reply.rest == REPLY_NOTHING);
    cr_expect(next_descriptor() == before);
}

Test(app_files, HEAD_gets_the_head_of_GET_and_holds_no_file) {
    const char *const paths[] = {"large.bin", "empty.txt", "missing", "%zz"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct received get = ask_with("GET", paths[i], NULL);
        struct received head = ask_with("HEAD", paths[i], NULL);
        cr_expect(strcmp(head.bytes, get.bytes) == 0, "%s: seen %s", paths[i], head.bytes);
        cr_expect(head.body_length == 0 && head.reply.file == -1, "%s", paths[i]);
    }
}

Test(app_files, a_file_beyond_4_GiB_has_its_length_and_its_last_byte) {
    make_file_at("root/sparse", "", 0, LONG_AGO);
    cr_assert(truncate(under("root/sparse"), (INT64_C(5) << 30) - 1) == 0);
    int fd = open(under("root/sparse"), O_WRONLY | O_APPEND);
    cr_assert(write_full(fd, "z", 1) == 0);
    struct received head = ask_with("HEAD", "sparse", NULL);
    cr_expect(has_field(&head, "Content-Length", "5368709120"));
    struct received last = ask_with("GET", "sparse", "Range: bytes=-1");
    cr_expect(has_field(&last, "Content-Range", "bytes 5368709119-5368709119/5368709120"));
    cr_expect(has_body(&last, "z"));
}

static const char *const types[][2] = {
    {"a.html", "text/html"},
    {"a.HTML", "text/html"},
    {"a.b.css", "text/css"},
    {"a.js", "text/javascript"},
    {"a.json", "application/json"},
    {".txt", "text/plain"},
    {"a.png", "image/png"},
    {"a.svg", "image/svg+xml"},
    {"a.htmlx", "application/octet-stream"},
    {"html", "application/octet-stream"},
    {"a.", "application/octet-stream"},
};

Test(app_files, the_ending_of_the_name_gives_the_type) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char path[64];
        snprintf(path, sizeof path, "root/%s", types[i][0]);
        make_file(path, "<b>");
        struct received received = ask_with("GET", types[i][0], NULL);
        cr_expect(has_field(&received, "Content-Type", types[i][1]), "%s: expected %s, seen %s",
                  types[i][0], types[i][1], field_of(&received, "Content-Type"));
    }
}

/* ---- Conditions ---- */

#define MODIFIED_SINCE(date) "If-Modified-Since: " date

static const struct {
    const char *fields;
    int status;
} conditions[] = {
    {MODIFIED_SINCE(LONG_AGO_DATE), 304},
    {MODIFIED_SINCE("Sunday, 06-Nov-94 08:49:37 GMT"), 304},
    {MODIFIED_SINCE("Sun Nov  6 08:49:37 1994"), 304},
    {MODIFIED_SINCE("Sun, 06 Nov 1994 08:49:38 GMT"), 304},
    {MODIFIED_SINCE("Sun, 06 Nov 1994 08:49:36 GMT"), 200},
    {MODIFIED_SINCE("Fri, 31 Dec 2999 23:59:59 GMT"), 200}, /* yet to come */
    {MODIFIED_SINCE("yesterday"), 200},
    {MODIFIED_SINCE(""), 200},
    {MODIFIED_SINCE(LONG_AGO_DATE) "\r\n" MODIFIED_SINCE(LONG_AGO_DATE), 200},
    {MODIFIED_SINCE(LONG_AGO_DATE) "\r\nIf-None-Match: \"tag\"", 200},
    {MODIFIED_SINCE(LONG_AGO_DATE) "\r\nRange: bytes=0-1", 304},
    {MODIFIED_SINCE("Sun, 06 Nov 1994 08:49:36 GMT") "\r\nRange: bytes=0-1", 206},
};

Test(app_files, If_Modified_Since_spares_what_the_client_has) {
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        struct received received = ask_with("GET", "thousand", conditions[i].fields);
        cr_expect(status_of(&received) == conditions[i].status, "%s: expected %d, seen %d",
                  conditions[i].fields, conditions[i].status, status_of(&received));
    }
}

Test(app_files, what_is_not_modified_has_no_body_and_no_length) {
    int before = next_descriptor();
    const char *const methods[] = {"GET", "HEAD"};
    for (size_t i = 0; i < 2; i++) {
        struct received received = ask_with(methods[i], "thousand", MODIFIED_SINCE(LONG_AGO_DATE));
        cr_expect(status_of(&received) == 304 && received.body_length == 0);
        cr_expect(field_of(&received, "Content-Length") == NULL);
        cr_expect(field_of(&received, "Content-Type") == NULL);
        cr_expect(has_field(&received, "Last-Modified", LONG_AGO_DATE));
        cr_expect(!received.reply.close);
    }
    cr_expect(next_descriptor() == before);
}

static const struct {
    const char *fields;
    int status;
} part_conditions[] = {
    {"If-Range: " LONG_AGO_DATE, 206},
    {"If-Range: Sun, 06 Nov 1994 08:49:38 GMT", 200},
    {"If-Range: Sun, 06 Nov 1994 08:49:36 GMT", 200},
    {"If-Range: Sunday, 06-Nov-94 08:49:37 GMT", 200}, /* not as we wrote it */
    {"If-Range: \"tag\"", 200},
    {"If-Range: W/\"tag\"", 200},
    {"If-Range:", 200},
    {"If-Range: " LONG_AGO_DATE "\r\nIf-Range: " LONG_AGO_DATE, 200},
};

Test(app_files, If_Range_sends_the_whole_file_unless_it_is_the_one_the_client_has) {
    for (size_t i = 0; i < sizeof part_conditions / sizeof *part_conditions; i++) {
        char fields[256];
        snprintf(fields, sizeof fields, "Range: bytes=1-2\r\n%s", part_conditions[i].fields);
        struct received received = ask_with("GET", "thousand", fields);
        size_t length = part_conditions[i].status == 206 ? 2 : THOUSAND;
        cr_expect(status_of(&received) == part_conditions[i].status, "%s: seen %d",
                  part_conditions[i].fields, status_of(&received));
        cr_expect(received.body_length == length, "%s", part_conditions[i].fields);
    }
    struct received alone = ask_with("GET", "thousand", "If-Range: " LONG_AGO_DATE);
    cr_expect(status_of(&alone) == 200, "without Range it means nothing");
}

/* Asks for a part of a file if that has still the date `when`. */
static struct received ask_for_part_if(const char *path, const char *when) {
    char request[512];
    snprintf(request, sizeof request,
             "GET /files/%s HTTP/1.1\r\nHost: here\r\nRange: bytes=1-2\r\nIf-Range: %s\r\n\r\n",
             path, when);
    return ask_once(&app, request, strlen(request), 4096);
}

/* A file from the future counts as modified now, so the second under way is always the file's. */
Test(app_files, a_date_of_this_very_second_is_too_weak_for_a_part) {
    make_file_at("root/future", thousand, THOUSAND, time(NULL) + 5000);
    struct received part;
    char now[HTTP_DATE_BYTES];
    do { /* again, if the second ended meanwhile */
        http_write_date(now, time(NULL));
        part = ask_for_part_if("future", now);
    } while (!has_field(&part, "Last-Modified", now));
    cr_expect(status_of(&part) == 200, "seen %d", status_of(&part));
    part = ask_for_part_if("thousand", LONG_AGO_DATE);
    cr_expect(status_of(&part) == 206, "a second that is over is not");
}

Test(app_files, dates_that_may_not_be_told_are_moved_to_those_that_may) {
    make_file_at("root/future", "", 0, time(NULL) + 5000);
    struct received received =
        ask_once(&app, GET("/files/future"), strlen(GET("/files/future")), 99);
    char date[256];
    snprintf(date, sizeof date, "%s", field_of(&received, "Date"));
    cr_expect(has_field(&received, "Last-Modified", date), "never later than Date");
    make_file_at("root/old", "", 0, -5000);
    struct received old = ask_with("GET", "old", NULL);
    cr_expect(has_field(&old, "Last-Modified", "Thu, 01 Jan 1970 00:00:00 GMT"));
}

/* ---- Ranges ---- */

static const struct {
    const char *range;
    int64_t first;
    int64_t last; /* -1: not satisfiable; -2: ignored */
} ranges[] = {
    {"bytes=0-0", 0, 0},
    {"bytes=0-", 0, 999},
    {"bytes=0-999", 0, 999},
    {"bytes=0-1000", 0, 999},
    {"bytes=10-19", 10, 19},
    {"bytes=999-", 999, 999},
    {"bytes=999-999", 999, 999},
    {"bytes=-1", 999, 999},
    {"bytes=-1000", 0, 999},
    {"bytes=-1001", 0, 999},
    {"bytes=5-18446744073709551621", 5, 999}, /* 2 to the 64th + 5 */
    {"bytes=-99999999999999999999", 0, 999},
    {"BYTES=1-2", 1, 2},
    {"bytes=001-002", 1, 2},
    {"bytes=1000-", 0, -1},
    {"bytes=1000-2000", 0, -1},
    {"bytes=18446744073709551616-", 0, -1}, /* 2 to the 64th */
    {"bytes=9223372036854775807-", 0, -1},
    {"bytes=-0", 0, -1},
    {"bytes=5-4", 0, -2},
    {"bytes=0-1,3-4", 0, -2},
    {"bytes=0-1,", 0, -2},
    {"bytes=", 0, -2},
    {"bytes", 0, -2},
    {"bytes=-", 0, -2},
    {"bytes=--1", 0, -2},
    {"bytes=1", 0, -2},
    {"bytes=1:2", 0, -2},
    {"bytes=a-b", 0, -2},
    {"bytes=1-x", 0, -2},
    {"bytes=1-2x", 0, -2},
    {"bytes=-5-6", 0, -2},
    {"bytes=1-2-3", 0, -2},
    {"bytes=+1-2", 0, -2},
    {"bytes= 1-2", 0, -2},
    {"bytes =1-2", 0, -2},
    {"lines=1-2", 0, -2},
    {"bytess=1-2", 0, -2},
    {"", 0, -2},
};

static void expect_range(const char *range, int64_t first, int64_t last,
                         const struct received *received) {
    int status = last >= 0 ? 206 : last == -1 ? 416 : 200;
    char content_range[64] = "";
    if (status == 206)
        snprintf(content_range, sizeof content_range, "bytes %" PRId64 "-%" PRId64 "/1000", first,
                 last);
    else if (status == 416)
        snprintf(content_range, sizeof content_range, "bytes */1000");
    cr_expect(status_of(received) == status, "%s: expected %d, seen %d", range, status,
              status_of(received));
    cr_expect(status == 200 ? field_of(received, "Content-Range") == NULL
                            : has_field(received, "Content-Range", content_range),
              "%s: seen %s", range, received->bytes);
    if (status == 416)
        return;
    size_t length = status == 200 ? THOUSAND : (size_t)(last - first + 1);
    cr_expect(received->body_length == length &&
                  memcmp(received->body, thousand + first, length) == 0,
              "%s: wrong bytes, %zu of them", range, received->body_length);
    cr_expect(has_field(received, "Accept-Ranges", "bytes"));
}

Test(app_files, a_single_range_is_sent_alone_and_anything_else_gets_the_whole_file) {
    int before = next_descriptor();
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        char field[128];
        snprintf(field, sizeof field, "Range: %s", ranges[i].range);
        struct received received = ask_with("GET", "thousand", field);
        expect_range(ranges[i].range, ranges[i].first, ranges[i].last, &received);
    }
    cr_expect(next_descriptor() == before);
}

Test(app_files, two_Range_fields_or_a_HEAD_get_the_whole) {
    struct received twice = ask_with("GET", "thousand", "Range: bytes=0-1\r\nRange: bytes=0-1");
    cr_expect(status_of(&twice) == 200 && twice.body_length == THOUSAND);
    struct received head = ask_with("HEAD", "thousand", "Range: bytes=0-1");
    cr_expect(status_of(&head) == 200 && has_field(&head, "Content-Length", "1000"));
    struct received behind = ask_with("HEAD", "thousand", "Range: bytes=5000-");
    cr_expect(status_of(&behind) == 200);
}

Test(app_files, an_empty_file_has_no_part) {
    struct received from_start = ask_with("GET", "empty.txt", "Range: bytes=0-");
    cr_expect(status_of(&from_start) == 416);
    cr_expect(has_field(&from_start, "Content-Range", "bytes */0"));
    struct received last_bytes = ask_with("GET", "empty.txt", "Range: bytes=-5");
    cr_expect(status_of(&last_bytes) == 200 && last_bytes.body_length == 0);
}
