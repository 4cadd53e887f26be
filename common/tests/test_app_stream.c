/*
 * Tests of common/app's /stream: its bytes, its framing in buffers of every size, and that much of
 * it takes no memory.
 */
#define _GNU_SOURCE 1 /* memmem */
#include "common/tests/app_exchange.h"

#include <ctype.h>
#include <inttypes.h>

static struct app app;

static void open_without_root(void) {
    cr_assert(app_open(&app, NULL) == 0);
}

TestSuite(app_stream, .timeout = 60, .init = open_without_root);

Test(app_stream, its_bytes_are_the_alphabet_and_a_newline_over_and_over) {
    static const char period[] = "abcdefghijklmnopqrstuvwxyz\n";
    for (int64_t i = 0; i < 100; i++)
        cr_expect(app_stream_byte(i) == period[i % 27]);
    int64_t far = (INT64_C(1) << 40) - 1;
    cr_expect(app_stream_byte(far) == period[far % 27]);
}

/* Checks a body's framing and bytes, and returns how many bytes it carries. */
static int64_t read_chunks(const char *text, const char *end, uint32_t chunk) {
    int64_t total = 0;
    for (;;) {
        char *behind;
        cr_assert(isxdigit((unsigned char)*text)); /* strtoul(3) would skip a newline */
        unsigned long size = strtoul(text, &behind, 16);
        cr_assert(behind > text && end - behind >= (ptrdiff_t)size + 4);
        cr_assert(memcmp(behind, "\r\n", 2) == 0 && memcmp(behind + 2 + size, "\r\n", 2) == 0);
        for (unsigned long i = 0; i < size; i++)
            cr_assert(behind[2 + i] == app_stream_byte(total + (int64_t)i), "at %" PRId64,
                      total + (int64_t)i);
        total += (int64_t)size;
        text = behind + 2 + size + 2;
        if (size == 0)
            break;
        cr_assert(size == chunk || *text == '0', "only the last chunk may be smaller");
    }
    cr_expect(text == end, "%td bytes behind the last chunk", end - text);
    return total;
}

static const struct {
    int64_t bytes;
    uint32_t chunk;
} streams[] = {
    {0, 1},  {1, 1},   {5, 1},    {27, 27},    {26, 27},        {28, 27},          {54, 27},
    {60, 7}, {16, 16}, {255, 16}, {1000, 999}, {100000, 16384}, {300000, 1048576},
};

Test(app_stream, every_chunk_has_its_size_but_the_last) {
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        char request[128];
        snprintf(request, sizeof request,
                 "GET /stream?chunk=%" PRIu32 "&bytes=%" PRId64 " HTTP/1.1\r\nHost: here\r\n\r\n",
                 streams[i].chunk, streams[i].bytes);
        struct received received = ask(&app, request);
        cr_expect(status_of(&received) == 200);
        cr_expect(has_field(&received, "Transfer-Encoding", "chunked"));
        cr_expect(field_of(&received, "Content-Length") == NULL);
        int64_t seen =
            read_chunks(received.body, received.body + received.body_length, streams[i].chunk);
        cr_expect(seen == streams[i].bytes, "%s: seen %" PRId64, one_line(request), seen);
    }
}

Test(app_stream, chunks_are_16_KiB_unless_asked) {
    struct received received = ask(&app, GET("/stream?bytes=40000"));
    cr_expect(read_chunks(received.body, received.body + received.body_length, 16384) == 40000);
}

Test(app_stream, HTTP_1_0_gets_the_bytes_alone) {
    struct received received = ask(&app, REQUEST("GET /stream?bytes=100000&chunk=7 HTTP/1.0", ""));
    cr_expect(field_of(&received, "Transfer-Encoding") == NULL);
    cr_expect(field_of(&received, "Content-Length") == NULL && received.reply.close);
    cr_assert(received.body_length == 100000);
    for (int64_t i = 0; i < 100000; i++)
        cr_assert(received.body[i] == app_stream_byte(i));
}

/* Every cut of the head, the framing and the bytes. */
Test(app_stream, a_buffer_of_any_size_takes_the_same) {
    static const char request[] = GET("/stream?bytes=100&chunk=30");
    struct received whole = ask(&app, request);
    for (size_t size = 1; size <= whole.length + 1; size++) {
        struct received received = ask_once(&app, request, strlen(request), size);
        blank_date(&received);
        cr_expect(received.length == whole.length &&
                      memcmp(received.bytes, whole.bytes, whole.length) == 0,
                  "buffer of %zu bytes", size);
    }
}

/* 4 GiB, so that what is counted in 32 bits would show. */
Test(app_stream, a_long_one_ends_after_its_bytes) {
    static char buffer[1 << 20];
    char data[] = REQUEST("GET /stream?bytes=4294967300 HTTP/1.0", "");
    struct reply reply;
    answer(&app, data, strlen(data), &reply);
    int64_t total = -(int64_t)reply.text_length;
    ssize_t count;
    char last = 0;
    while ((count = reply_take(&reply, buffer, sizeof buffer)) > 0) {
        total += count;
        last = buffer[count - 1];
    }
    cr_expect(count == 0 && total == INT64_C(4294967300), "seen %" PRId64, total);
    cr_expect(last == app_stream_byte(total - 1));
}
