/* Step streaming: answers larger than memory, clients slower than the server, clients that leave. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/app.h"
#include "labs/02-threads/tests/requests.h"

TestSuite(streaming);

enum { PIECE = 256 * 1024, PERIOD = 27 /* of the bytes of /stream (app.h) */ };

/* Receives a body of /stream from `at` on, every byte checked, until so many bytes are there or it
 * ends. Returns how many that is. */
static int64_t take_stream(struct client *client, int64_t at, int64_t until) {
    static char piece[PIECE], expected[PIECE + PERIOD];
    for (size_t i = 0; i < sizeof expected; i++)
        expected[i] = app_stream_byte((int64_t)i);
    for (size_t got; at < until && (got = read_body(client, piece, PIECE)) > 0; at += (int64_t)got)
        EXPECT(memcmp(piece, expected + at % PERIOD, got) == 0, "the bytes that /stream promises",
               "others, somewhere behind byte %lld", (long long)at);
    return at;
}

static void expect_stream(struct client *client, int64_t bytes) {
    EXPECT_NUMBER("bytes of the body", bytes, take_stream(client, 0, INT64_MAX));
}

static void send_stream(struct client *client, int64_t bytes) {
    char path[64];
    snprintf(path, sizeof path, "/stream?bytes=%lld&chunk=16384", (long long)bytes);
    send_get(client, path);
}

static void begin_stream(struct client *client, int64_t bytes) {
    send_stream(client, bytes);
    EXPECT_NUMBER("status of the answer", 200, await_head(client, false)->status);
}

Test(streaming, a_gibibyte) {
    const int64_t bytes = INT64_C(1) << 30, most_kib = 8 * 1024;
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    begin_stream(client, bytes);
    expect_stream(client, bytes);
    say_hello(client);
    const int64_t peak_kib = status_of(server).vm_hwm_kib;
    BUDGET_NUMBER_AT_MOST("peak resident memory while 1 GiB is streamed", "KiB of memory", peak_kib,
                          most_kib, "a piece at a time: what has been sent needs no memory");
    stop_server(server);
    /* the peak above is forgotten by exec, this one is not */
    BUDGET_NUMBER_AT_MOST("peak resident memory of its whole life", "KiB of memory",
                          server->usage.max_rss_kib, most_kib, "nor has it needed any before");
}

enum { CUTS = 6, BETWEEN_CUTS = 3 << 20 };

/* Again and again nobody reads until the server waits in a send; then that send is cut short. One
 * that has not moved a byte yet begins anew, so a single cut may hit nothing. */
static void cut_sends(struct run *server, struct client *client, int64_t bytes) {
    int64_t taken = 0;
    begin_stream(client, bytes);
    for (int i = 0; i < CUTS; i++) {
        await_sleep(server);
        interrupt_waits(server);
        taken = take_stream(client, taken, taken + BETWEEN_CUTS);
    }
    EXPECT_NUMBER("bytes of the body", bytes, take_stream(client, taken, INT64_MAX));
}

Test(streaming, sends_cut_short) {
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    cut_sends(server, client, 48 << 20);
    say_hello(client);
    stop_server(server);
}

/* Longer than the cuts and what the kernel's buffers may hold: behind its last byte nobody sends. */
Test(streaming, a_file_sent_in_pieces) {
    enum { SIZE = 48 << 20 };
    static char piece[PIECE], zeros[PIECE];
    make_directory("files");
    make_sparse("files/large", SIZE);
    struct run *server = start_server(ANY_PORT, "--root", "files");
    struct client *client = connect_client(server);
    send_get(client, "/files/large");
    EXPECT_NUMBER("status of the answer", 200, await_head(client, false)->status);
    int64_t bytes = 0, next_cut = 0;
    for (size_t got = 1; got > 0; bytes += (int64_t)got) {
        if (bytes >= next_cut && next_cut < CUTS * BETWEEN_CUTS) {
            await_sleep(server);
            interrupt_waits(server);
            next_cut += BETWEEN_CUTS;
        }
        got = read_body(client, piece, sizeof piece);
        EXPECT(memcmp(piece, zeros, got) == 0, "the file's bytes", "others");
    }
    EXPECT_NUMBER("bytes of the body", SIZE, bytes);
    say_hello(client);
    stop_server(server);
}

Test(streaming, a_client_that_never_reads) {
    enum { clients_count = 20 };
    const int64_t most_kib = 8 * 1024;
    struct client *clients[clients_count];
    struct run *server = start_server(ANY_PORT);
    connect_clients(server, clients, clients_count);
    for (size_t i = 0; i < clients_count; i++)
        send_stream(clients[i], INT64_C(1) << 30);
    await_sleep(server);
    say_hello(connect_client(server));
    const int64_t peak_kib = status_of(server).vm_hwm_kib;
    BUDGET_NUMBER_AT_MOST("peak resident memory while 20 clients take nothing", "KiB of memory",
                          peak_kib, most_kib,
                          "the kernel's socket buffers fill, and then you wait");
    for (size_t i = 0; i < clients_count; i++)
        hang_up(clients[i]);
    stop_server(server);
}

static void leave(struct run *server, void (*how)(struct client *client)) {
    static char piece[4096];
    struct client *client = connect_client(server);
    begin_stream(client, INT64_C(1) << 30);
    read_body(client, piece, sizeof piece);
    how(client);
}

static void leave_a_file(struct run *server) {
    struct client *client = connect_client(server);
    send_get(client, "/files/large");
    await_head(client, false);
    hang_up(client);
}

/* The first answer meets an end that has read all, so a reset comes back; the second is sent to
 * nobody: EPIPE, not ECONNRESET, and SIGPIPE before it. */
static void leave_two_answers(struct run *server) {
    static const char text[] = "GET /wait?ms=100 HTTP/1.1\r\nHost: test\r\n\r\n"
                               "GET /wait?ms=100 HTTP/1.1\r\nHost: test\r\n\r\n";
    struct client *client = connect_client(server);
    send_text(client, "%s", text);
    hang_up(client);
    pause_ms(server, 400);
}

/* A send to someone who has left is answered by SIGPIPE, which kills whoever has not refused it. */
Test(streaming, clients_that_leave) {
    make_directory("files");
    make_sparse("files/large", 24 << 20);
    struct run *server = start_server(ANY_PORT, "--root", "files");
    struct client *stays = connect_client(server);
    say_hello(stays); /* then all that it opens for itself is open */
    const int64_t threads = threads_of(server), descriptors = descriptors_of(server);
    leave(server, hang_up);
    leave(server, reset_connection);
    leave(server, hang_up);
    leave_a_file(server);
    leave_two_answers(server);
    await_descriptors(server, descriptors);
    await_threads(server, threads);
    say_hello(stays);
    stop_server(server);
}

/* It has nothing more to ask, and still wants its answer. */
Test(streaming, a_client_that_has_said_all) {
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    send_get(client, "/hello");
    half_close(client);
    expect_hello(client);
    expect_closed(client);
    struct client *other = connect_client(server);
    send_stream(other, 1 << 20);
    half_close(other);
    EXPECT_NUMBER("status of the answer", 200, await_head(other, false)->status);
    expect_stream(other, 1 << 20);
    stop_server(server);
}

Test(streaming, for_an_old_client) {
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    send_text(client, "GET /stream?bytes=100000&chunk=999 HTTP/1.0\r\n\r\n");
    const struct answer *answer = await_head(client, false);
    EXPECT(!answer->chunked, "a body without chunks for HTTP/1.0", "a chunked one");
    expect_stream(client, 100000);
    expect_closed(client);
    stop_server(server);
}
