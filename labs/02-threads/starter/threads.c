/*
 * threads: what does a waiting thread cost? The program that lab 02 begins with.
 *
 * It gives the right answers, to one connection after another: whoever comes second waits until the
 * first has gone. The marks TODO(step) say what to change, in the order of the steps: make one
 * change, run `make check`, look at what was counted. Command line and answers stay as they are.
 */
#define _GNU_SOURCE 1 /* for memmem(3), and for accept4(2) when you want it */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/app.h"
#include "common/errors.h"
#include "common/http.h"
#include "common/net.h"
#include "common/options.h"

static struct server_options options = {
    .port = 8080, .max_connections = 1000, .stack_kib = 64, .timeout_ms = 10000, .backlog = 511};
static struct app app;

/* ---- keep_alive: many requests on one connection ---- */

struct connection {
    int fd;
    size_t have; /* bytes in `in` */
    struct http_parser parser;
    struct reply reply;
    char in[HTTP_REQUEST_BYTES];
};

/*
 * Receives a request. Returns HTTP_REQUEST or HTTP_REFUSED; HTTP_MORE when none will come.
 *
 * TODO(keep_alive): receive what is there: as much as has come and fits, in one call. What follows
 * the request is then the next one, or its beginning: move it to the front, and look at it before
 * you receive again. A byte at a time takes nothing of the next request, at the price of a call.
 * TODO(limits): a client has --timeout to begin a request (net_receive_timeout), and as long again
 * for all of it: give each further recv(2) only what is left (common/clock.h).
 */
static enum http_progress receive_request(struct connection *connection) {
    enum http_progress progress;
    connection->have = 0;
    connection->parser = (struct http_parser){0};
    while ((progress = http_parse(&connection->parser, connection->in, connection->have)) ==
               HTTP_MORE ||
           progress == HTTP_CONTINUE) {
        if (progress == HTTP_CONTINUE)
            send(connection->fd, http_continue, strlen(http_continue), 0);
        if (recv(connection->fd, connection->in + connection->have, 1, 0) != 1)
            return HTTP_MORE;
        connection->have++;
    }
    return progress;
}

/* ---- streaming: piece by piece, until all of it is gone ---- */

/*
 * TODO(streaming): send all of it. The kernel may take a part only: go on with the rest. -1 is no
 * reason to end the program: EINTR means ask again, anything else ends this connection and no other
 * (and why does the program end without a word when a client goes away? signal(7), SIGPIPE).
 * TODO(limits): a client has --timeout to take a piece (net_send_timeout), however slowly it reads.
 */
static void send_piece(int fd, const char *bytes, size_t length) {
    if (send(fd, bytes, length, 0) < 0) {
        error_errno("send");
        exit(EXIT_FAILURE);
    }
}

/*
 * TODO(budgets): a small reply stands in `text` with its body, ready to leave in one call.
 */
static void send_reply(int fd, struct reply *reply) {
    const char *end = memmem(reply->text, reply->text_length, "\r\n\r\n", 4);
    size_t head_length = (size_t)(end - reply->text) + 4;
    send_piece(fd, reply->text, head_length);
    reply_sent(reply, head_length);

    char piece[4096];
    ssize_t count;
    while ((count = reply_take(reply, piece, sizeof piece)) > 0)
        send_piece(fd, piece, (size_t)count);
}

/* ---- thread_per_connection: what a thread does ---- */

/* TODO(drain): while the server stops, app_answer takes `true`, and says so to the client. */
static void answer(struct connection *connection, enum http_progress progress) {
    struct reply *reply = &connection->reply;
    if (progress == HTTP_REFUSED)
        app_refuse(&app, &connection->parser, reply);
    else
        app_answer(&app, &connection->parser.request, connection->in, false, reply);
    usleep(reply->wait_ms * 1000);
    app_burn(reply->burn_ms);
    send_reply(connection->fd, reply);
    reply_release(reply);
}

/*
 * TODO(thread_per_connection): this is what a thread does. Give it a connection of its own, on its
 * own stack: two threads can't share this one. Let go of everything on every path out.
 * TODO(keep_alive): after HTTP_REFUSED bytes may be unread, and close(2) would then take the answer
 * back: net_close_after_last_bytes.
 */
static void serve(int fd) {
    static struct connection connection;
    connection.fd = fd;
    app_connection_opened(&app);
    enum http_progress progress;
    while ((progress = receive_request(&connection)) != HTTP_MORE) {
        answer(&connection, progress);
        if (connection.reply.close)
            break;
    }

    /* let go */
    close(fd);
    app_connection_closed(&app);
}

/* ---- limits: accept no more than can be served ---- */

/*
 * TODO(thread_per_connection): start the thread (pthread_create(3)) and accept the next. Nobody
 * will join it, so it is detached; it has a stack of --stack KiB (pthread_attr_setstacksize(3)).
 * TODO(limits): wait for a free place before you accept, when --max-connections are open: a
 * semaphore (sem_overview(7)) can count them. Whoever comes then waits in the kernel's backlog. When
 * accept(2) or pthread_create(3) fails because something has run out, go on, but not at once.
 */
static void accept_connections(int listener) {
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            error_errno("accept");
            exit(EXIT_FAILURE);
        }
        serve(fd);
    }
}

/* ---- drain: finish what was begun ---- */

/*
 * TODO(drain): SIGTERM ends this program wherever it stands. Catch it and SIGINT, in the main thread
 * only: accept no more, end the connections that are idle (shutdown(2) wakes a recv), let the
 * others finish what they are at, wait for them for --timeout at most, and exit with status 0.
 */

static const char about[] =
    "What does a waiting thread cost? An HTTP server for one connection at a time.";

int main(int argc, char **argv) {
    server_options_parse(&options, argc, argv, about);
    if (app_open(&app, options.root) < 0) {
        error_errno(options.root);
        return EXIT_FAILURE;
    }
    int listener = net_listen(NULL, (uint16_t)options.port, options.backlog);
    if (listener < 0 || net_announce(listener) < 0) {
        error_errno("listen");
        return EXIT_FAILURE;
    }
    accept_connections(listener);
}
