/*
 * events: what does an event loop buy? The program that lab 03 begins with.
 *
 * One thread serves many connections: it asks each of them in turn whether something has come. The
 * answers are right, and nobody waits long; but with nothing to do it keeps a whole processor busy,
 * and whoever is slow, or asks to wait, stops it for all. The marks TODO(step) say what to change,
 * in the order of the steps: make one change, run `make check`, look at what was counted. Command
 * line and answers stay as they are.
 */
#define _GNU_SOURCE 1 /* for accept4(2) and memmem(3) */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/app.h"
#include "common/errors.h"
#include "common/http.h"
#include "common/net.h"
#include "common/options.h"

static struct server_options options = {
    .port = 8080, .max_connections = 10000, .timeout_ms = 10000, .backlog = 511};
static struct app app;

/*
 * TODO(ten_thousand): most connections are idle most of the time, and then need no parser, no reply
 * and no buffer. Give them those when something comes, and take them back with the last byte. So
 * many descriptors have to be asked for: net_raise_descriptor_limit().
 * TODO(backpressure): a connection must be left in the middle of an answer and taken up again: it
 * needs to know what is still to be sent, and from where.
 */
struct connection {
    LIST_ENTRY(connection) links;
    int fd;
    size_t have; /* bytes in `in` */
    struct http_parser parser;
    struct reply reply;
    char in[HTTP_REQUEST_BYTES];
};
static LIST_HEAD(connections, connection) connections;

/* ---- backpressure: clients that are slower than the server ---- */

/*
 * TODO(backpressure): send what fits, remember what did not, and turn to others: a send that comes
 * up short, or fails with EAGAIN, has to wait for room, and epoll tells when there is some (EPOLLOUT).
 * Asking again at once, as here, waits for this client in the place of all.
 */
static bool send_piece(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t count = send(fd, bytes, length, MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        bytes += count > 0 ? count : 0;
        length -= count > 0 ? (size_t)count : 0;
    }
    return true;
}

/*
 * TODO(budgets): head and body leave in one call when both are put into one buffer first, and so do
 * the answers to requests that came together.
 * TODO(streaming): the kernel can send a large file by itself: sendfile(2).
 */
static bool send_reply(int fd, struct reply *reply) {
    const char *end = memmem(reply->text, reply->text_length, "\r\n\r\n", 4);
    size_t head_length = (size_t)(end - reply->text) + 4;
    if (!send_piece(fd, reply->text, head_length))
        return false;
    reply_sent(reply, head_length);

    char piece[4096];
    ssize_t count;
    while ((count = reply_take(reply, piece, sizeof piece)) > 0) {
        if (!send_piece(fd, piece, (size_t)count))
            return false;
    }
    return count == 0;
}

/* ---- answering ---- */

/*
 * TODO(timers): let time pass without sleeping: note when the answer is due, and serve the others;
 * the nearest of these times says how long epoll_wait may wait.
 * TODO(stall): app_burn() can't be had in pieces. Measure what it does to the others, and leave it.
 * TODO(drain): while the server stops, app_answer takes `true`, and says so to the client.
 */
static bool answer(struct connection *connection, enum http_progress progress) {
    struct reply *reply = &connection->reply;
    if (progress == HTTP_REFUSED)
        app_refuse(&app, &connection->parser, reply);
    else
        app_answer(&app, &connection->parser.request, connection->in, false, reply);
    usleep(reply->wait_ms * 1000);
    if (reply->burn_ms > 0)
        app_burn(reply->burn_ms);
    bool sent = send_reply(connection->fd, reply);
    reply_release(reply);
    return sent && !reply->close;
}

/* What follows the request is the next one, or its beginning. */
static void forget_request(struct connection *connection) {
    size_t size_bytes = connection->parser.request.size_bytes;
    connection->have -= size_bytes;
    memmove(connection->in, connection->in + size_bytes, connection->have);
    connection->parser = (struct http_parser){0};
}

/* Answers all requests that are there whole. Returns false when the connection is to end. */
static bool answer_requests(struct connection *connection) {
    for (;;) {
        enum http_progress progress =
            http_parse(&connection->parser, connection->in, connection->have);
        if (progress == HTTP_MORE)
            return true;
        if (progress == HTTP_CONTINUE)
            return send_piece(connection->fd, http_continue, strlen(http_continue));
        if (!answer(connection, progress))
            return false;
        forget_request(connection);
    }
}

/* ---- ready: who has something to say ---- */

/*
 * TODO(nothing_left_unread): receive what is there, when epoll says that there is something. One
 * that does not fill the buffer has taken all; one that does may have left something behind, and
 * edge-triggered epoll will not say so again (epoll(7), "Questions and answers").
 * TODO(timers): a client has --timeout to begin a request, and as long again for all of it.
 */
static bool serve(struct connection *connection) {
    ssize_t count = recv(connection->fd, connection->in + connection->have,
                         sizeof connection->in - connection->have, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (count <= 0)
        return false;
    connection->have += (size_t)count;
    return answer_requests(connection);
}

/*
 * TODO(ready): with a batch of events, the connection that is let go of may come up once more
 * further down in it.
 * TODO(keep_alive): after HTTP_REFUSED bytes may be unread, and close(2) would take the answer back: see
 * net_close_after_last_bytes() in common/net.h, which waits. Here nobody may.
 */
static void let_go(struct connection *connection) {
    LIST_REMOVE(connection, links);
    close(connection->fd);
    free(connection);
    app_connection_closed(&app);
}

/*
 * TODO(ready): accept all that is there: several can have come since the last look.
 * TODO(limits): who comes when --max-connections are open waits in the backlog; and so when accept
 * fails because something has run out. Neither may make the loop turn without end.
 */
static void accept_connection(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && errno == EAGAIN)
        return;
    struct connection *connection = fd < 0 ? NULL : calloc(1, sizeof *connection);
    if (connection == NULL) {
        error_errno("accept");
        exit(EXIT_FAILURE);
    }
    connection->fd = fd;
    LIST_INSERT_HEAD(&connections, connection, links);
    app_connection_opened(&app);
}

/*
 * TODO(ready): wait for what is ready (epoll_wait(2)) instead of asking all, all the time: then only
 * those that have something to say cost anything.
 * TODO(drain): SIGTERM ends this program wherever it stands. Catch it and SIGINT, accept no more,
 * end the idle connections, let the others finish, for --timeout at most, and exit with status 0.
 */
static void sweep(int listener) {
    for (;;) {
        accept_connection(listener);
        struct connection *connection = LIST_FIRST(&connections), *next;
        for (; connection != NULL; connection = next) {
            next = LIST_NEXT(connection, links);
            if (!serve(connection))
                let_go(connection);
        }
    }
}

static const char about[] =
    "What does an event loop buy? An HTTP server that asks all connections in turn.";

int main(int argc, char **argv) {
    server_options_parse(&options, argc, argv, about);
    if (app_open(&app, options.root) < 0) {
        error_errno(options.root);
        return EXIT_FAILURE;
    }
    int listener = net_listen(NULL, (uint16_t)options.port, options.backlog);
    if (listener < 0 || fcntl(listener, F_SETFL, O_NONBLOCK) < 0 || net_announce(listener) < 0) {
        error_errno("listen");
        return EXIT_FAILURE;
    }
    sweep(listener);
}
