/*
 * Tests of the request parser, one request at a time: what is taken, what is refused with which
 * status, and where the limits lie. That cuts between pieces change nothing is for test_http_cuts.
 */
#include "common/http.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/tests/http_examples.h"
#include "common/tests/http_feed.h"

TestSuite(http, .timeout = 60);

/* A copy of just this size, so that a look beyond it is seen by AddressSanitizer. */
static char *copy_of(const char *bytes, size_t length) {
    char *copy = malloc(length);
    cr_assert_not_null(copy);
    memcpy(copy, bytes, length);
    return copy;
}

/* Parses in one piece; "400", "more", or what describe() says of the request. */
static void outcome_of(const char *bytes, size_t length, char *outcome, size_t outcome_bytes) {
    struct http_parser parser = begun_parser();
    char *data = copy_of(bytes, length);
    FILE *out = fmemopen(outcome, outcome_bytes, "w");
    cr_assert_not_null(out);
    switch (http_parse(&parser, data, length)) {
    case HTTP_REFUSED:
        fprintf(out, "%d", parser.status);
        break;
    case HTTP_REQUEST:
        describe(out, &parser.request, data);
        if (parser.request.size_bytes != length)
            fprintf(out, " and %zu bytes behind it", length - parser.request.size_bytes);
        break;
    default:
        fputs("more", out);
    }
    fclose(out);
    free(data);
}

static void check_examples(const struct http_example *examples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char outcome[512] = {0};
        outcome_of(examples[i].bytes, examples[i].length, outcome, sizeof outcome);
        cr_expect_str_eq(outcome, examples[i].outcome,
                         "%s (section %s): expected \"%s\", got \"%s\"", examples[i].what,
                         examples[i].section, examples[i].outcome, outcome);
    }
}

Test(http, refuses_what_is_malformed) {
    check_examples(http_refused, HTTP_REFUSED_COUNT);
}

Test(http, takes_what_is_well_formed) {
    check_examples(http_taken, HTTP_TAKEN_COUNT);
}

Test(http, wants_more_until_the_last_byte) {
    for (size_t i = 0; i < HTTP_TAKEN_COUNT; i++) {
        const struct http_example *example = &http_taken[i];
        for (size_t length = 0; length < example->length; length++) {
            char outcome[512] = {0};
            outcome_of(example->bytes, length, outcome, sizeof outcome);
            cr_assert_str_eq(outcome, "more", "%s, %zu bytes of %zu: %s", example->what, length,
                             example->length, outcome);
        }
    }
}

Test(http, tells_methods_apart) {
    static const struct {
        const char *bytes;
        enum http_method method;
    } examples[] = {
        {GET "\r\n", HTTP_GET},
        {POST "\r\n", HTTP_POST},
        {"HEAD / HTTP/1.0\r\n\r\n", HTTP_HEAD},
        {"get / HTTP/1.0\r\n\r\n", HTTP_OTHER_METHOD},
        {"GETS / HTTP/1.0\r\n\r\n", HTTP_OTHER_METHOD},
        {"GE / HTTP/1.0\r\n\r\n", HTTP_OTHER_METHOD},
        {"PUT / HTTP/1.0\r\n\r\n", HTTP_OTHER_METHOD},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct http_parser parser = {0};
        char *data = copy_of(examples[i].bytes, strlen(examples[i].bytes));
        cr_assert(http_parse(&parser, data, strlen(examples[i].bytes)) == HTTP_REQUEST);
        cr_expect_eq(parser.request.method, examples[i].method, "%s", examples[i].bytes);
        free(data);
    }
}

Test(http, stops_behind_the_first_of_two) {
    char data[] = POST "Content-Length: 2\r\n\r\nhiGET /second HTTP/1.1\r\n";
    struct http_parser parser = {0};
    cr_assert(http_parse(&parser, data, sizeof data - 1) == HTTP_REQUEST);
    cr_expect_str_eq(data + parser.request.size_bytes, "GET /second HTTP/1.1\r\n");
}

Test(http, finds_the_first_field_of_a_name) {
    char data[] = GET "Range: bytes=0-\r\nRANGES: 1\r\nrAnge: bytes=1-\r\n\r\n";
    struct http_parser parser = {0};
    struct http_span value = {7, 7};
    cr_assert(http_parse(&parser, data, sizeof data - 1) == HTTP_REQUEST);
    cr_assert(http_find(&parser.request, data, "range", &value));
    cr_expect(http_span_is(data, value, "BYTES=0-"));
    cr_expect_not(http_span_is(data, value, "bytes=0"));
    cr_expect_not(http_span_is(data, value, "bytes=0-1"));
    cr_expect_not(http_find(&parser.request, data, "rang", &value));
}

Test(http, leaves_bytes_as_they_are_until_all_are_there) {
    static const char sent[] = CHUNKED "2\r\nhi\r\n3\r\nyou\r\n0\r\n\r\n";
    char data[sizeof sent];
    memcpy(data, sent, sizeof sent);
    struct http_parser parser = {0};
    cr_assert(http_parse(&parser, data, sizeof sent - 2) == HTTP_MORE);
    cr_expect_arr_eq(data, sent, sizeof sent);
    cr_assert(http_parse(&parser, data, sizeof sent - 1) == HTTP_REQUEST);
    cr_expect(http_span_is(data, parser.request.body, "hiyou"));
}

/* ---- 100 Continue, and idle connections ---- */

Test(http, says_continue_once) {
    char data[] = POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi";
    size_t head = sizeof data - 3;
    struct http_parser parser = {0};
    cr_expect(http_parse(&parser, data, head - 1) == HTTP_MORE);
    cr_expect(http_parse(&parser, data, head) == HTTP_CONTINUE);
    cr_expect(http_parse(&parser, data, head) == HTTP_MORE);
    cr_expect(http_parse(&parser, data, head + 1) == HTTP_MORE);
    cr_expect(http_parse(&parser, data, head + 2) == HTTP_REQUEST);
}

Test(http, says_continue_before_chunks) {
    char data[] = POST "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    size_t head = sizeof data - 6;
    struct http_parser parser = {0};
    cr_expect(http_parse(&parser, data, head) == HTTP_CONTINUE);
    cr_expect(http_parse(&parser, data, head + 3) == HTTP_MORE);
    cr_expect(http_parse(&parser, data, head + 5) == HTTP_REQUEST);
}

Test(http, does_not_say_continue_to_who_does_not_wait) {
    char under_way[] = POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi";
    char no_body[] = POST "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n";
    char too_long[] = POST "Expect: 100-continue\r\nContent-Length: 20000\r\n\r\n";
    struct http_parser parser = {0};
    cr_expect(http_parse(&parser, under_way, sizeof under_way - 2) == HTTP_MORE);
    http_begin(&parser);
    cr_expect(http_parse(&parser, no_body, sizeof no_body - 1) == HTTP_REQUEST);
    http_begin(&parser);
    cr_expect(http_parse(&parser, too_long, sizeof too_long - 1) == HTTP_REFUSED);
    cr_expect_eq(parser.status, 413);
}

Test(http, is_idle_until_a_request_begins) {
    char data[] = "\r\n\r\nGET / HTTP/1.1\r\n";
    struct http_parser parser = {0};
    cr_expect(http_is_idle(&parser));
    cr_expect(http_parse(&parser, data, 0) == HTTP_MORE && http_is_idle(&parser));
    cr_expect(http_parse(&parser, data, 4) == HTTP_MORE && http_is_idle(&parser));
    cr_expect(http_parse(&parser, data, 5) == HTTP_MORE && !http_is_idle(&parser));
    cr_expect(http_parse(&parser, data, sizeof data - 1) == HTTP_MORE && !http_is_idle(&parser));
}

/* ---- Limits: at each, and one byte beyond ---- */

/* A request put together from pieces, some of them long. */
struct draft {
    char bytes[3 * HTTP_REQUEST_BYTES];
    size_t length;
};

static void add(struct draft *draft, const char *text) {
    size_t length = strlen(text);
    cr_assert(draft->length + length <= sizeof draft->bytes);
    memcpy(draft->bytes + draft->length, text, length);
    draft->length += length;
}

static void add_many(struct draft *draft, char byte, size_t count) {
    cr_assert(draft->length + count <= sizeof draft->bytes);
    memset(draft->bytes + draft->length, byte, count);
    draft->length += count;
}

/*
 * Parses the draft in one piece and byte by byte. Returns the status of the refusal, 0 for a
 * request, -1 for more wanted; -2 when the two differ.
 */
static int verdict_on(const struct draft *draft) {
    char *data = copy_of(draft->bytes, draft->length);
    struct http_parser whole = {0};
    enum http_progress at_once = http_parse(&whole, data, draft->length);
    free(data);

    data = copy_of(draft->bytes, draft->length);
    struct http_parser bytewise = {0};
    enum http_progress progress = HTTP_MORE;
    for (size_t i = 1; i <= draft->length && progress == HTTP_MORE; i++)
        progress = http_parse(&bytewise, data, i);
    free(data);
    if (progress != at_once || whole.status != bytewise.status)
        return -2;
    return progress == HTTP_MORE ? -1 : whole.status;
}

Test(http, limits_the_request_line) {
    for (size_t extra = 0; extra < 3; extra++) {
        struct draft draft = {.length = 0};
        add(&draft, "GET /");
        add_many(&draft, 'a', HTTP_LINE_BYTES - strlen("GET / HTTP/1.1") + extra);
        add(&draft, " HTTP/1.1\r\nHost: a\r\n\r\n");
        cr_expect_eq(verdict_on(&draft), extra == 0 ? 0 : 414, "%zu bytes too many: %d", extra,
                     verdict_on(&draft));
    }
}

Test(http, limits_a_request_line_that_does_not_end) {
    struct draft draft = {.length = 0};
    add_many(&draft, 'a', HTTP_LINE_BYTES + 1);
    cr_expect_eq(verdict_on(&draft), -1); /* the last byte could be CR's place */
    add_many(&draft, 'a', 1);
    cr_expect_eq(verdict_on(&draft), 414);
    add_many(&draft, 'a', 2 * HTTP_REQUEST_BYTES);
    cr_expect_eq(verdict_on(&draft), 414);
}

Test(http, counts_empty_lines_in_front) {
    for (size_t lines = 0; lines < 2; lines++) {
        struct draft draft = {.length = 0};
        while (draft.length + 2 * lines + strlen(GET) < HTTP_LINE_BYTES)
            add(&draft, "\r\n");
        add(&draft, GET "\r\n");
        cr_expect_eq(verdict_on(&draft), 0);
    }
    struct draft draft = {.length = 0};
    while (draft.length < HTTP_LINE_BYTES + 2)
        add(&draft, "\r\n");
    cr_expect_eq(verdict_on(&draft), 414);
}

/* One field that makes the fields, with their ends and the empty line, `size` bytes long. */
static void add_fields_of(struct draft *draft, size_t size) {
    size_t start = draft->length;
    add(draft, "Host: a\r\nA: ");
    add_many(draft, 'b', size - (draft->length - start) - strlen("\r\n\r\n"));
    add(draft, "\r\n\r\n");
}

Test(http, limits_the_fields) {
    for (size_t extra = 0; extra < 4; extra++) {
        struct draft draft = {.length = 0};
        add(&draft, "GET / HTTP/1.1\r\n");
        add_fields_of(&draft, HTTP_FIELDS_BYTES + extra);
        cr_expect_eq(verdict_on(&draft), extra == 0 ? 0 : 431, "%zu bytes too many: %d", extra,
                     verdict_on(&draft));
    }
}

Test(http, limits_the_count_of_fields) {
    for (size_t count = HTTP_FIELD_COUNT; count <= HTTP_FIELD_COUNT + 1; count++) {
        struct draft draft = {.length = 0};
        add(&draft, GET);
        for (size_t i = 1; i < count; i++)
            add(&draft, "A: b\r\n");
        add(&draft, "\r\n");
        cr_expect_eq(verdict_on(&draft), count == HTTP_FIELD_COUNT ? 0 : 431);
    }
}

Test(http, limits_a_body_by_its_length) {
    for (unsigned extra = 0; extra < 2; extra++) {
        struct draft draft = {.length = 0};
        char field[64];
        snprintf(field, sizeof field, "Content-Length: %u\r\n\r\n", HTTP_BODY_BYTES + extra);
        add(&draft, POST);
        add(&draft, field);
        cr_expect_eq(verdict_on(&draft), extra == 0 ? -1 : 413, "before any byte of it");
        add_many(&draft, 'a', HTTP_BODY_BYTES + extra);
        cr_expect_eq(verdict_on(&draft), extra == 0 ? 0 : 413);
    }
}

Test(http, limits_a_body_of_one_chunk) {
    static const char framing[] = "3ff3\r\n\r\n0\r\n\r\n";
    size_t size = HTTP_BODY_BYTES - strlen(framing);
    cr_assert_eq(size, 0x3ff3);
    struct draft draft = {.length = 0};
    add(&draft, CHUNKED "3ff3\r\n");
    add_many(&draft, 'a', size);
    add(&draft, "\r\n0\r\n\r\n");
    cr_expect_eq(verdict_on(&draft), 0);

    struct draft longer = {.length = 0};
    add(&longer, CHUNKED "3ff4\r\n");
    add_many(&longer, 'a', size + 1);
    add(&longer, "\r\n0\r\n\r\n");
    cr_expect_eq(verdict_on(&longer), 413);

    struct draft hopeless = {.length = 0};
    add(&hopeless, CHUNKED "3ff9\r\n");
    cr_expect_eq(verdict_on(&hopeless), 413, "as soon as the size tells");
}

Test(http, limits_a_body_of_small_chunks) {
    struct draft draft = {.length = 0};
    add(&draft, CHUNKED);
    size_t head = draft.length;
    while (draft.length - head + strlen("1\r\na\r\n0\r\n\r\n") <= HTTP_BODY_BYTES)
        add(&draft, "1\r\na\r\n");
    struct draft longer = draft;
    add(&draft, "0\r\n\r\n");
    cr_expect_eq(verdict_on(&draft), 0);
    add(&longer, "1\r\na\r\n0\r\n\r\n");
    cr_expect_eq(verdict_on(&longer), 413);
}

Test(http, limits_chunk_extensions) {
    struct draft draft = {.length = 0};
    add(&draft, CHUNKED "0;");
    add_many(&draft, 'a', HTTP_BODY_BYTES - strlen("0;\r\n\r\n"));
    struct draft longer = draft;
    add(&draft, "\r\n\r\n");
    cr_expect_eq(verdict_on(&draft), 0);
    add(&longer, "a\r\n\r\n");
    cr_expect_eq(verdict_on(&longer), 413);
    add_many(&longer, 'a', HTTP_REQUEST_BYTES);
    cr_expect_eq(verdict_on(&longer), 413);
}

Test(http, limits_the_trailers) {
    for (size_t extra = 0; extra < 4; extra++) {
        struct draft draft = {.length = 0};
        add(&draft, CHUNKED "0\r\n");
        add_fields_of(&draft, HTTP_FIELDS_BYTES + extra);
        cr_expect_eq(verdict_on(&draft), extra == 0 ? 0 : 431, "%zu bytes too many: %d", extra,
                     verdict_on(&draft));
    }
}

/* Their own limit is then further away than the body's. */
Test(http, limits_the_trailers_of_a_long_body) {
    for (size_t extra = 0; extra < 4; extra++) {
        struct draft draft = {.length = 0};
        add(&draft, CHUNKED "3000\r\n");
        add_many(&draft, 'a', 0x3000);
        add(&draft, "\r\n0\r\n");
        add_fields_of(&draft, HTTP_BODY_BYTES - 0x3000 - strlen("3000\r\n\r\n0\r\n") + extra);
        cr_expect_eq(verdict_on(&draft), extra == 0 ? 0 : 413, "%zu bytes too many: %d", extra,
                     verdict_on(&draft));
    }
}

Test(http, takes_a_request_that_is_at_every_limit) {
    struct draft draft = {.length = 0};
    add(&draft, "POST /");
    add_many(&draft, 'a', HTTP_LINE_BYTES - strlen("POST / HTTP/1.1"));
    add(&draft, " HTTP/1.1\r\nContent-Length: 16384\r\n");
    add_fields_of(&draft, HTTP_FIELDS_BYTES - strlen("Content-Length: 16384\r\n"));
    add_many(&draft, '\n', HTTP_BODY_BYTES);
    cr_expect_leq(draft.length, HTTP_REQUEST_BYTES);
    cr_expect_eq(verdict_on(&draft), 0);
}

/* ---- The cost ---- */

/*
 * No byte is searched twice for the line's end, or one byte at a time would cost the square of the
 * length: a line end that is put among bytes already seen, which nobody may do, goes unnoticed.
 */
Test(http, looks_for_a_line_end_once) {
    char data[HTTP_LINE_BYTES] = "GET / HTTP/1.1\r\nHost: a\r\nA: ";
    size_t start = strlen(data);
    memset(data + start, 'b', sizeof data - start);
    struct http_parser parser = {0};
    cr_assert(http_parse(&parser, data, sizeof data - 100) == HTTP_MORE);
    memcpy(data + sizeof data - 102, "\r\n", 2);
    cr_expect(http_parse(&parser, data, sizeof data - 1) == HTTP_MORE);
    cr_expect_eq(parser.request.field_count, 1);
}
