/* Sending an answer: when, its bytes, and what the page says is to go wrong. Which page, and what its
 * head says, is in origin_page.c. */
#include <errno.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "grader/testkit/origin_parts.h"

enum {
    ROUND_BYTES = 1 << 20,   /* then the others have a turn */
    CHUNK_BYTES = 16 * 1024, /* of a chunked body */
    SLOW_MS = 10,            /* between two pieces of a slow body */
    EMPTY_MS = 1             /* between looks at whether the other end has everything */
};

/* ---- What goes wrong ---- */

/* A reset destroys what is still on its way, so it comes when nothing is (tcp(7), SIOCOUTQ). */
static void reset_when_empty(struct connection *connection) {
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    int on_its_way = 0;
    connection->stage = EMPTYING;
    if (ioctl(connection->fd, SIOCOUTQ, &on_its_way) == 0 && on_its_way > 0) {
        connection_due(connection, monotonic_ns() + EMPTY_MS * INT64_C(1000000));
        return;
    }
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    record_end(connection, BROKEN_OFF);
    connection_close(connection);
}

static void break_off(struct connection *connection) {
    if (connection->page.breaks == BREAKS_INTO_SILENCE) {
        connection->stage = SILENT;
    } else if (connection->page.breaks == BREAKS_WITH_RESET) {
        reset_when_empty(connection);
    } else {
        record_end(connection, BROKEN_OFF);
        connection_close(connection);
    }
}

/* Where it goes wrong. A body that ends before never gets there. */
static int64_t stop_at(const struct connection *connection) {
    if (connection->page.breaks == BREAKS_NOT)
        return INT64_MAX;
    return connection->body_start + connection->page.breaks_at;
}

/* ---- The body ---- */

enum progress { MOVED, FULL, FINISHED, GONE };

/* The text before the next chunk, or behind the last. Returns whether there was one. */
static bool begin_chunk(struct connection *connection) {
    if (connection->page.framing != BY_CHUNKS || connection->whole)
        return false;
    int64_t left = connection->body_end - connection->body_at;
    int64_t size = left < CHUNK_BYTES ? left : CHUNK_BYTES;
    bool is_first = connection->body_at == connection->body_start;
    size_t used = is_first ? connection->text_bytes : 0;
    int more =
        snprintf(connection->text + used, sizeof connection->text - used, "%s%" PRIx64 "\r\n%s",
                 is_first ? "" : "\r\n", (uint64_t)size, size == 0 ? "\r\n" : "");
    connection->text_bytes = used + (size_t)more;
    connection->text_sent = is_first ? connection->text_sent : 0;
    connection->chunk_end = connection->body_at + size;
    connection->whole = size == 0;
    return true;
}

/* How many bytes a slow page may have sent by now, and when it may send some more. */
static int64_t allowance(struct connection *connection) {
    const int64_t rate = connection->page.bytes_per_second;
    if (rate == 0)
        return ROUND_BYTES;
    int64_t now = monotonic_ns();
    double by_now = (double)(now - connection->body_start_ns) / 1e9 * (double)rate;
    int64_t allowed = (int64_t)by_now - (connection->body_at - connection->body_start);
    if (allowed <= 0)
        connection_due(connection, now + SLOW_MS * INT64_C(1000000));
    return allowed;
}

/* What a send that returned `count` has come to. */
static enum progress sent(struct connection *connection, ssize_t count) {
    if (count >= 0)
        return MOVED;
    if (errno == EAGAIN)
        return FULL;
    record_end(connection, GIVEN_UP);
    connection_close(connection);
    return GONE;
}

/* With the body's first bytes in one packet, as servers do that know what comes (send(2), MSG_MORE); but
 * those of a slow body are not to be waited for. */
static enum progress send_text_before(struct connection *connection) {
    bool more_comes =
        connection->body_at < connection->body_end && connection->page.bytes_per_second == 0;
    ssize_t count = send(connection->fd, connection->text + connection->text_sent,
                         connection->text_bytes - connection->text_sent,
                         MSG_NOSIGNAL | (more_comes ? MSG_MORE : 0));
    connection->text_sent += count > 0 ? (size_t)count : 0;
    return sent(connection, count);
}

/* What the kernel does not take is made up again next time: cheaper than keeping it. */
static enum progress send_piece(struct connection *connection, int64_t end) {
    int64_t size = end - connection->body_at, allowed = allowance(connection);
    size = size < PIECE_BYTES ? size : PIECE_BYTES;
    size = size < allowed ? size : allowed;
    if (size <= 0)
        return FULL;
    fill_body(&connection->page, connection->body_at, connection->origin->piece, (size_t)size);
    ssize_t count = send(connection->fd, connection->origin->piece, (size_t)size, MSG_NOSIGNAL);
    connection->body_at += count > 0 ? count : 0;
    record_sent(connection, count > 0 ? count : 0);
    return sent(connection, count);
}

static enum progress send_next(struct connection *connection) {
    int64_t stop = stop_at(connection);
    if (connection->text_sent < connection->text_bytes)
        return send_text_before(connection);
    if (connection->body_at == stop)
        return FINISHED;
    if (connection->body_at < connection->chunk_end)
        return send_piece(connection, stop < connection->chunk_end ? stop : connection->chunk_end);
    return begin_chunk(connection) ? MOVED : FINISHED;
}

/* ---- From one to the other ---- */

/* In chunks, `chunk_end` stops at once, where the first one's size has to be said. */
static void start_body(struct connection *connection, bool has_body) {
    const bool in_chunks = connection->page.framing == BY_CHUNKS;
    if (!has_body)
        connection->body_end = connection->body_start;
    connection->whole = !has_body;
    connection->body_at = connection->body_start;
    connection->chunk_end = in_chunks ? connection->body_start : connection->body_end;
    connection->body_start_ns = monotonic_ns();
    if (in_chunks)
        begin_chunk(connection);
}

static void start_head(struct connection *connection) {
    struct request *request = request_of(connection);
    const struct page *page = &connection->page;
    connection->stage = SENDING;
    if (page->breaks != BREAKS_NOT && page->breaks_at == BEFORE_HEAD) {
        break_off(connection);
        return;
    }
    request->status = choose_part(connection, request);
    connection->closes = !connection->parser.request.keep_alive || page->closes ||
                         page->framing == BY_CLOSE || page->claimed_bytes > 0;
    write_head(connection, request->status);
    start_body(connection, strcmp(request->method, "HEAD") != 0 &&
                               length_said(connection, request->status) != HTTP_LENGTH_NONE);
}

/* The loop does it, now or later: a release is the test's thread's. */
static void answer_late(struct connection *connection) {
    connection->stage = LATE;
    connection_due(connection, deadline_in_ms(connection->page.latency_ms));
}

void answer_begin(struct connection *connection) {
    struct origin *origin = connection->origin;
    if (!record_request(connection)) {
        connection_close(connection);
        return;
    }
    connection->page = page_for(origin, request_of(connection));
    connection->page.path = request_of(connection)->path; /* its own bytes, also under a star */
    if (connection->page.held && !origin->holds_no_more)
        connection->stage = HELD;
    else if (connection->page.latency_ms > 0)
        answer_late(connection);
    else
        start_head(connection);
}

/* Where it ends is not known, so nothing that follows can be answered. */
void answer_refusal(struct connection *connection) {
    connection->parser.request = (struct http_request){0};
    if (!record_request(connection)) {
        connection_close(connection);
        return;
    }
    connection->page = (struct page){.path = "", .status = connection->parser.status};
    start_head(connection);
}

void answer_release(struct connection *connection) {
    connection->released = true;
    connection->origin->being_answered++;
    answer_late(connection);
}

/* Behind the last byte, or the last that there will be. */
static bool finish_answer(struct connection *connection) {
    if (connection->body_at == stop_at(connection)) {
        break_off(connection);
        return false;
    }
    record_end(connection, ANSWERED);
    if (connection->closes)
        connection_close(connection);
    return !connection->closes;
}

bool answer_go_on(struct connection *connection) {
    enum progress progress = MOVED;
    if (connection->due_ns != 0 || connection->stage == HELD || connection->stage == SILENT)
        return false;
    if (connection->stage == EMPTYING)
        reset_when_empty(connection);
    if (connection->fd >= 0 && connection->stage == LATE)
        start_head(connection);
    int64_t round_end = connection->body_at + ROUND_BYTES;
    while (connection->fd >= 0 && connection->stage == SENDING && progress == MOVED &&
           connection->body_at < round_end)
        progress = send_next(connection);
    return progress == FINISHED && finish_answer(connection);
}
