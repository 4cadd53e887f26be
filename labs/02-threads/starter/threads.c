/*
 * threads: what does a waiting thread cost? The program that lab 02 begins with.
 *
 * It gives the right answers, to one connection after another: whoever comes second waits until the
 * first has gone. The marks TODO(step) say what to change, in the order of the steps: make one
 * change, run `make check`, look at what was counted. Command line and answers stay as they are.
 */
#define _GNU_SOURCE 1 /* for memmem(3), and for accept4(2) when you want it */
#include <argp.h>
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

static struct {
    int port, max_connections, stack_kib, timeout_ms, backlog;
    const char *root;
} settings = {8080, 1000, 64, 10000, 511, NULL};
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

/* ---- the command line ---- */

enum { ROOT = 256, PORT, MAX_CONNECTIONS, STACK, TIMEOUT, BACKLOG };

static const struct argp_option options[] = {
    {"port", PORT, "N", 0, "Listen on port N, 0: a free one (default 8080)", 0},
    {"root", ROOT, "DIR", 0, "Show the files below DIR as /files/ (default: none)", 0},
    {"max-connections", MAX_CONNECTIONS, "N", 0, "Serve N, others wait (default 1000)", 0},
    {"stack", STACK, "KIB", 0, "Give each thread KIB of stack (default 64)", 0},
    {"timeout", TIMEOUT, "MS", 0, "Wait so long for a client (default 10000)", 0},
    {"backlog", BACKLOG, "N", 0, "Let N connections wait to be accepted (default 511)", 0},
    {0},
};

/* strtol(3) takes "-1", " 7" and "12x" without complaint; a number is digits and nothing else. */
static int parse_number(const char *text, const char *option, int least, int most,
                        const struct argp_state *state) {
    int number = 0;
    const char *digit = text;
    for (; *digit >= '0' && *digit <= '9' && number <= most; digit++)
        number = number * 10 + (*digit - '0');
    if (digit == text || *digit != '\0' || number < least || number > most)
        argp_error(state, "%s takes %d to %d, not '%s'", option, least, most, text);
    return number;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    if (key == ROOT)
        settings.root = text;
    else if (key == PORT)
        settings.port = parse_number(text, "--port", 0, 65535, state);
    else if (key == MAX_CONNECTIONS)
        settings.max_connections = parse_number(text, "--max-connections", 1, 1000000, state);
    else if (key == STACK)
        settings.stack_kib = parse_number(text, "--stack", 64, 65536, state);
    else if (key == TIMEOUT)
        settings.timeout_ms = parse_number(text, "--timeout", 1, 3600000, state);
    else if (key == BACKLOG)
        settings.backlog = parse_number(text, "--backlog", 1, 65535, state);
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static const struct argp command_line = {
    .options = options,
    .parser = parse_option,
    .doc = "What does a waiting thread cost? An HTTP server for one connection at a time.",
};

int main(int argc, char **argv) {
    argp_err_exit_status = 2;
    argp_parse(&command_line, argc, argv, 0, NULL, NULL);
    if (app_open(&app, settings.root) < 0) {
        error_errno(settings.root);
        return EXIT_FAILURE;
    }
    int listener = net_listen(NULL, (uint16_t)settings.port, settings.backlog);
    if (listener < 0 || net_announce(listener) < 0) {
        error_errno("listen");
        return EXIT_FAILURE;
    }
    accept_connections(listener);
}
