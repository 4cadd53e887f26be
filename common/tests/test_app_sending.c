/*
 * Tests of the ways to send a reply: taken into buffers, or sent by a server that tells how much has
 * left; and of files that change meanwhile.
 */
#define _GNU_SOURCE 1 /* memmem */
#include "common/tests/app_exchange.h"

enum { THOUSAND = 1000, LARGE = 300000 };

static struct app app;
static char large[LARGE];

static void make_files(void) {
    for (size_t i = 0; i < LARGE; i++)
        large[i] = file_byte(i);
    make_base();
    make_file_at("root/thousand", large, THOUSAND, LONG_AGO);
    make_file_at("root/large.bin", large, LARGE, LONG_AGO);
    open_app(&app);
}

static void remove_files(void) {
    app_close(&app);
    remove_base();
}

TestSuite(app_sending, .timeout = 60, .init = make_files, .fini = remove_files);

Test(app_sending, a_file_cut_short_while_it_is_sent_is_an_error_and_not_an_end) {
    static char buffer[4096];
    char data[] = GET("/files/large.bin");
    struct reply reply;
    answer(&app, data, strlen(data), &reply);
    cr_assert(reply_take(&reply, buffer, sizeof buffer) == sizeof buffer);
    cr_assert(truncate(under("root/large.bin"), 5000) == 0);
    ssize_t count;
    while ((count = reply_take(&reply, buffer, sizeof buffer)) > 0)
        cr_assert(reply.offset <= 5000);
    cr_expect(count == -1, "expected -1, seen %zd", count);
    cr_expect(errno == EIO && !reply_is_done(&reply));
    int fd = reply.file;
    reply_release(&reply);
    cr_expect(fcntl(fd, F_GETFD) == -1 && reply.file == -1, "released all the same");
}

Test(app_sending, a_file_that_grows_is_sent_as_long_as_was_promised) {
    static char taken[REPLY_BYTES_MAX];
    char data[] = GET("/files/thousand");
    struct reply reply;
    answer(&app, data, strlen(data), &reply);
    make_file_at("root/thousand", large, LARGE, LONG_AGO);
    size_t head_length = reply.text_length;
    cr_expect(take_all(&reply, taken, 4096) == head_length + THOUSAND);
}

/* Sends as a server would that has a call for each part, `step` bytes at most at a time. */
static size_t send_by_itself(struct reply *reply, char *into, size_t step) {
    size_t length = 0;
    while (!reply_is_done(reply)) {
        size_t text_left = (size_t)(reply->text_length - reply->text_sent);
        size_t left = text_left > 0 ? text_left : (size_t)reply->left;
        size_t count = left < step ? left : step;
        if (text_left > 0)
            memcpy(into + length, reply->text + reply->text_sent, count);
        else if (reply->rest == REPLY_MEMORY)
            memcpy(into + length, reply->memory, count);
        else
            cr_assert(pread(reply->file, into + length, count, reply->offset) == (ssize_t)count);
        reply_sent(reply, count);
        length += count;
    }
    reply_release(reply);
    return length;
}

static const char *const sendable[] = {
    GET("/files/thousand"),
    REQUEST("GET /files/thousand HTTP/1.1", "Range: bytes=990-\r\n"),
    GET("/files/missing"),
    GET("/hello"),
    REQUEST("POST /echo HTTP/1.1", "Content-Length: 11\r\n") "hello again",
};

Test(app_sending, a_server_that_sends_by_itself_sends_the_same) {
    static char sent[REPLY_BYTES_MAX];
    const size_t steps[] = {1, 7, 4096};
    for (size_t i = 0; i < sizeof sendable / sizeof *sendable; i++) {
        struct received taken = ask(&app, sendable[i]);
        for (size_t j = 0; j < sizeof steps / sizeof *steps; j++) {
            char data[256];
            snprintf(data, sizeof data, "%s", sendable[i]);
            struct reply reply;
            answer(&app, data, strlen(data), &reply);
            size_t length = send_by_itself(&reply, sent, steps[j]);
            size_t behind_head = (size_t)(taken.body - taken.bytes);
            cr_expect(length == taken.length, "%s: %zu bytes", one_line(data), length);
            cr_expect(memcmp(sent + behind_head, taken.body, taken.body_length) == 0, "%s",
                      one_line(data));
        }
    }
}

/* One send(2) may take the end of the text and the beginning of the rest (writev(2)). */
Test(app_sending, bytes_sent_count_for_the_text_first_and_then_for_the_rest) {
    char data[] = GET("/files/thousand");
    struct reply reply;
    answer(&app, data, strlen(data), &reply);
    reply_sent(&reply, reply.text_length + 300U);
    cr_expect(reply.text_sent == reply.text_length && reply.left == 700 && reply.offset == 300);
    cr_expect(!reply_is_done(&reply));
    char buffer[THOUSAND];
    cr_expect(reply_take(&reply, buffer, sizeof buffer) == 700);
    cr_expect(memcmp(buffer, large + 300, 700) == 0 && reply_is_done(&reply));
    reply_release(&reply);
}
