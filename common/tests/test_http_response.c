/*
 * Tests of what common/http.h writes: response heads byte for byte, and dates, which are compared
 * with the C library's own over all years that they cover.
 */
#include "common/http.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

TestSuite(http_response, .timeout = 60);

/* ---- Heads ---- */

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

enum { NOW = 784111777 };

static void check_head(struct http_head head, const char *expected) {
    char written[512] = {0};
    int length = http_write_head(written, sizeof written, &head, NOW);
    cr_expect_eq(length, (int)strlen(expected), "%d bytes in place of %zu", length,
                 strlen(expected));
    cr_expect_str_eq(written, expected, "expected:\n%s\ngot:\n%s", expected, written);
}

Test(http_response, writes_a_head) {
    check_head((struct http_head){.status = 200,
                                  .length = 1234567890123,
                                  .keep_alive = true,
                                  .minor = 1,
                                  .type = "text/plain",
                                  .fields = "ETag: \"a\"\r\nAccept-Ranges: bytes\r\n"},
               "HTTP/1.1 200 OK\r\n" DATE "Content-Type: text/plain\r\n"
               "Content-Length: 1234567890123\r\n"
               "ETag: \"a\"\r\nAccept-Ranges: bytes\r\n\r\n");
}

Test(http_response, writes_a_head_without_body) {
    check_head((struct http_head){.status = 200, .length = 0, .keep_alive = true, .minor = 1},
               "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 0\r\n\r\n");
    check_head((struct http_head){.status = 204, .length = HTTP_LENGTH_NONE, .keep_alive = true, 1},
               "HTTP/1.1 204 No Content\r\n" DATE "\r\n");
    check_head((struct http_head){.status = 304, .length = HTTP_LENGTH_NONE, .keep_alive = true, 1},
               "HTTP/1.1 304 Not Modified\r\n" DATE "\r\n");
}

Test(http_response, writes_a_chunked_head) {
    check_head((struct http_head){200, HTTP_LENGTH_CHUNKED, true, 1, "text/plain", NULL},
               "HTTP/1.1 200 OK\r\n" DATE "Content-Type: text/plain\r\n"
               "Transfer-Encoding: chunked\r\n\r\n");
}

Test(http_response, says_what_becomes_of_the_connection) {
    check_head((struct http_head){.status = 400, .length = 0, .keep_alive = false, .minor = 1},
               "HTTP/1.1 400 Bad Request\r\n" DATE
               "Content-Length: 0\r\nConnection: close\r\n\r\n");
    check_head((struct http_head){.status = 200, .length = 0, .keep_alive = true, .minor = 0},
               "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 0\r\nConnection: keep-alive\r\n\r\n");
    check_head((struct http_head){.status = 200, .length = 0, .keep_alive = false, .minor = 0},
               "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 0\r\nConnection: close\r\n\r\n");
}

Test(http_response, closes_behind_a_body_without_length) {
    check_head((struct http_head){.status = 200, .length = HTTP_LENGTH_UNTIL_CLOSE, .minor = 0},
               "HTTP/1.1 200 OK\r\n" DATE "Connection: close\r\n\r\n");
    check_head((struct http_head){200, HTTP_LENGTH_UNTIL_CLOSE, true, 0, NULL, NULL},
               "HTTP/1.1 200 OK\r\n" DATE "Connection: close\r\n\r\n");
}

/* Into a buffer of each size, with a guard behind it. */
Test(http_response, writes_a_head_that_fits_or_none) {
    struct http_head head = {404, 12, false, 1, "text/html", "A: b\r\n"};
    char whole[512];
    int length = http_write_head(whole, sizeof whole, &head, NOW);
    cr_assert_gt(length, 0);
    for (int size = 0; size <= length; size++) {
        char written[512];
        memset(written, '#', sizeof written);
        errno = 0;
        int result = http_write_head(written, (size_t)size, &head, NOW);
        cr_expect_eq(result, size == length ? length : -1, "%d bytes of %d", size, length);
        cr_expect_eq(errno, size == length ? 0 : ENOBUFS);
        cr_expect_eq(written[size], '#', "%d bytes of %d", size, length);
    }
}

Test(http_response, knows_each_reason) {
    static const int statuses[] = {200, 204, 206, 304, 400, 403, 404, 405, 408, 411,
                                   413, 414, 416, 417, 431, 500, 501, 503, 505};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        cr_expect_str_neq(http_reason(statuses[i]), "Unknown", "%d", statuses[i]);
    cr_expect_str_eq(http_reason(404), "Not Found");
    cr_expect_str_eq(http_reason(999), "Unknown");
}

Test(http_response, tells_to_continue) {
    cr_expect_str_eq(http_continue, "HTTP/1.1 100 Continue\r\n\r\n");
}

/* ---- Dates ---- */

static bool head_says(time_t now, const char *date) {
    struct http_head head = {.status = 204, .length = HTTP_LENGTH_NONE, .keep_alive = true, 1};
    char written[512] = {0};
    char expected[512];
    snprintf(expected, sizeof expected, "HTTP/1.1 204 No Content\r\nDate: %s\r\n\r\n", date);
    return http_write_head(written, sizeof written, &head, now) > 0 &&
           strcmp(written, expected) == 0;
}

/* A date is kept for the heads of its second, and for those alone. */
Test(http_response, writes_the_date_of_each_head) {
    cr_expect(head_says(0, "Thu, 01 Jan 1970 00:00:00 GMT"));
    cr_expect(head_says(NOW, "Sun, 06 Nov 1994 08:49:37 GMT"));
    cr_expect(head_says(NOW, "Sun, 06 Nov 1994 08:49:37 GMT"));
    cr_expect(head_says(NOW + 1, "Sun, 06 Nov 1994 08:49:38 GMT"));
    cr_expect(head_says(NOW, "Sun, 06 Nov 1994 08:49:37 GMT"));
    cr_expect(head_says(-1, "Thu, 01 Jan 1970 00:00:00 GMT"));
    cr_expect(head_says(0, "Thu, 01 Jan 1970 00:00:00 GMT"));
}

/* The dates change with each head, so that two threads that shared one would show. */
static void *write_heads(void *wrong) {
    for (int i = 0; i < 100000; i++)
        *(int *)wrong += !head_says(NOW, "Sun, 06 Nov 1994 08:49:37 GMT") ||
                         !head_says(951782399, "Mon, 28 Feb 2000 23:59:59 GMT");
    return NULL;
}

Test(http_response, writes_the_date_of_each_thread) {
    pthread_t other;
    int wrong_here = 0;
    int wrong_there = 0;
    cr_assert_eq(pthread_create(&other, NULL, write_heads, &wrong_there), 0);
    write_heads(&wrong_here);
    pthread_join(other, NULL);
    cr_expect_eq(wrong_here + wrong_there, 0, "%d and %d wrong heads", wrong_here, wrong_there);
}

static void check_written(time_t when, const char *expected) {
    char written[HTTP_DATE_BYTES];
    http_write_date(written, when);
    cr_expect_str_eq(written, expected, "%lld: expected %s, got %s", (long long)when, expected,
                     written);
}

Test(http_response, writes_dates) {
    check_written(0, "Thu, 01 Jan 1970 00:00:00 GMT");
    check_written(NOW, "Sun, 06 Nov 1994 08:49:37 GMT");
    check_written(951782399, "Mon, 28 Feb 2000 23:59:59 GMT");
    check_written(951782400, "Tue, 29 Feb 2000 00:00:00 GMT");
    check_written(4107542399, "Sun, 28 Feb 2100 23:59:59 GMT");
    check_written(4107542400, "Mon, 01 Mar 2100 00:00:00 GMT");
    check_written(253402300799, "Fri, 31 Dec 9999 23:59:59 GMT");
}

Test(http_response, writes_the_nearest_of_a_date_out_of_range) {
    check_written(-1, "Thu, 01 Jan 1970 00:00:00 GMT");
    check_written(253402300800, "Fri, 31 Dec 9999 23:59:59 GMT");
    check_written(INT64_MIN, "Thu, 01 Jan 1970 00:00:00 GMT");
    check_written(INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT");
}

/* A step of five days and some hours visits each month of each year, at all hours. */
Test(http_response, agrees_with_the_library) {
    for (time_t when = 0; when < 253402300800; when += 5 * 86400 + 19 * 3600 + 7 * 60 + 13) {
        struct tm parts;
        char expected[HTTP_DATE_BYTES];
        char written[HTTP_DATE_BYTES];
        time_t read = -1;
        strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&when, &parts));
        http_write_date(written, when);
        cr_assert(memcmp(written, expected, sizeof expected) == 0, "%s, not %s", expected, written);
        cr_assert(http_read_date(written, HTTP_DATE_BYTES - 1, &read) && read == when, "%s: %lld",
                  written, (long long)read);
    }
}

static bool reads(const char *text, time_t *when) {
    return http_read_date(text, strlen(text), when);
}

static void check_read(const char *text, time_t expected) {
    time_t when = -1;
    cr_expect(reads(text, &when), "%s", text);
    cr_expect_eq(when, expected, "%s: %lld", text, (long long)when);
}

Test(http_response, reads_dates_in_three_forms) {
    check_read("Sun, 06 Nov 1994 08:49:37 GMT", NOW);
    check_read("Sunday, 06-Nov-94 08:49:37 GMT", NOW); /* up to 2044, see below */
    check_read("Sun Nov  6 08:49:37 1994", NOW);
    check_read("Tue Feb 29 00:00:00 2000", 951782400);
    check_read("Wed, 31 Dec 1969 23:59:59 GMT", -1);
    check_read("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800);
    check_read("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799);
}

/* RFC 9110, section 5.6.7: one that seems over 50 years ahead is of the century before. */
Test(http_response, reads_two_digits_of_a_year) {
    time_t now = time(NULL);
    for (int ahead = -49; ahead <= 49; ahead++) {
        struct tm parts;
        char text[64];
        gmtime_r(&now, &parts);
        int year = parts.tm_year + 1900 + ahead;
        parts = (struct tm){.tm_year = year - 1900, .tm_mon = 5, .tm_mday = 15};
        time_t expected = timegm(&parts);
        snprintf(text, sizeof text, "Monday, 15-Jun-%02d 00:00:00 GMT", year % 100);
        check_read(text, expected);
    }
    struct tm parts;
    gmtime_r(&now, &parts);
    char text[64];
    int year = parts.tm_year + 1900 + 51;
    snprintf(text, sizeof text, "Monday, 31-Dec-%02d 00:00:00 GMT", year % 100);
    parts = (struct tm){.tm_year = year - 2000, .tm_mon = 11, .tm_mday = 31};
    check_read(text, timegm(&parts));
}

Test(http_response, refuses_what_is_no_date) {
    static const char *const texts[] = {
        "",
        "0",
        "784111777",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov +994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Mon, 29 Feb 2100 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun, 06 Nov 1994\n08:49:37 GMT",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        time_t when = 42;
        cr_expect_not(reads(texts[i], &when), "%s", texts[i]);
        cr_expect_eq(when, 42);
    }
}

/* No text of a date ends in a NUL: the last byte is the last of its block. */
Test(http_response, reads_no_byte_behind_a_date) {
    static const char text[] = "Sunday, 06-Nov-94 08:49:37 GMT";
    for (size_t length = 0; length < strlen(text); length++) {
        time_t when;
        char *copy = strndup(text, length);
        char *block = realloc(copy, length + !length);
        cr_assert_not_null(block);
        cr_expect_not(http_read_date(block, length, &when), "%zu bytes", length);
        free(block);
    }
}
