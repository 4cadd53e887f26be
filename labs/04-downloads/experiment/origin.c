/*
 * origin: a web server of which is known exactly why it is slow, for the experiment and the bench of
 * this lab. Whatever it is asked for, an answer takes a worker --latency milliseconds, and then
 * crosses a link of --rate KiB/s, behind those before it.
 *
 *     origin [--latency MS] [--workers N] [--rate KIB] [--size BYTES]
 *
 * SIGTERM ends it, and it prints one line: answers; requests that were here, on average until the
 * last came; the most at once; connections. A request is here from its last byte until the kernel has
 * the last byte of its answer.
 * Left out: files, methods other than GET, and clients that leave an answer unread.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/errors.h"
#include "common/http.h"
#include "common/net.h"
#include "common/options.h"

enum { MOST_WORKERS = 10000, MOST_SIZE_BYTES = 64 << 10, EVENTS = 64 };
enum { MOST_DESCRIPTORS = 4096, REQUEST_BYTES = 4096, AWAKE_NS = 120000 };
enum { LATENCY = 'l', WORKERS = 'w', RATE = 'r', SIZE = 's' };

struct connection {
    TAILQ_ENTRY(connection) links; /* while it is here */
    bool is_here;
    int64_t due_ns;
    struct http_parser parser;
    size_t have_bytes;
    char in[REQUEST_BYTES];
};
static struct connection connections[MOST_DESCRIPTORS]; /* by descriptor */
TAILQ_HEAD(line, connection);
static struct line here = TAILQ_HEAD_INITIALIZER(here); /* the first is due first */

static struct options {
    int latency_ms, workers, rate_kib, size_bytes;
} options = {.workers = MOST_WORKERS, .size_bytes = 1024};

/* With "Connection: close", and without. */
static struct {
    char bytes[MOST_SIZE_BYTES + 512];
    size_t length;
} answers[2];

static struct {
    int64_t answers, connections, here, most_here;
    int64_t first_ns, last_ns;    /* first arrival; last change of `here` */
    double here_ns, average_here; /* times of all together; until the last arrival */
} seen;

static volatile sig_atomic_t ended;

static void count(int change) {
    int64_t now_ns = monotonic_ns();
    if (seen.first_ns == 0)
        seen.first_ns = seen.last_ns = now_ns;
    seen.here_ns += (double)seen.here * (double)(now_ns - seen.last_ns);
    seen.last_ns = now_ns;
    if (change > 0 && now_ns > seen.first_ns)
        seen.average_here = seen.here_ns / (double)(now_ns - seen.first_ns);
    seen.here += change;
    seen.most_here = seen.here > seen.most_here ? seen.here : seen.most_here;
}

/* ---- Requests come ---- */

static int descriptor_of(const struct connection *connection) {
    return (int)(connection - connections);
}

static void leave(struct connection *connection) {
    TAILQ_REMOVE(&here, connection, links);
    connection->is_here = false;
    count(-1);
}

static void close_connection(struct connection *connection) {
    if (connection->is_here)
        leave(connection);
    close(descriptor_of(connection));
}

/* Until when something is in use that is free from `*free_ns` on, and is wanted now or then. */
static int64_t use(int64_t *free_ns, int64_t from_ns, int64_t for_ns) {
    *free_ns = (*free_ns > from_ns ? *free_ns : from_ns) + for_ns;
    return *free_ns;
}

/* When the answer is to leave is known as the request comes. All take equally long, so they leave in
 * the order in which they came, and the worker whose turn it is becomes free before the others. */
static void arrive(struct connection *connection) {
    static int64_t worker_free_ns[MOST_WORKERS], link_free_ns;
    static size_t turn;
    int64_t work_ns = options.latency_ms * INT64_C(1000000), link_ns = 0;
    if (options.rate_kib > 0)
        link_ns = (int64_t)answers[1].length * 1000000000 / (options.rate_kib * INT64_C(1024));
    int64_t *worker = &worker_free_ns[turn++ % (size_t)options.workers];
    connection->due_ns = use(&link_free_ns, use(worker, monotonic_ns(), work_ns), link_ns);
    connection->is_here = true;
    TAILQ_INSERT_TAIL(&here, connection, links);
    count(+1);
}

/* Returns false when there will be no more requests. */
static bool take_request(struct connection *connection) {
    switch (http_parse(&connection->parser, connection->in, connection->have_bytes)) {
    case HTTP_REQUEST:
        arrive(connection);
        return true;
    case HTTP_MORE:
        return connection->have_bytes < sizeof connection->in;
    default:
        return false;
    }
}

/* Also while an answer is due: the client may be gone. */
static void receive(struct connection *connection) {
    ssize_t length = recv(descriptor_of(connection), connection->in + connection->have_bytes,
                          sizeof connection->in - connection->have_bytes, MSG_DONTWAIT);
    if (length < 0 && errno == EAGAIN)
        return;
    connection->have_bytes += length > 0 ? (size_t)length : 0;
    if (length <= 0 || (!connection->is_here && !take_request(connection)))
        close_connection(connection);
}

static void accept_one(int listener, int epoll) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (fd < 0 || fd >= MOST_DESCRIPTORS || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        error_errno("accept");
        exit(EXIT_FAILURE); /* a measurement that lacks a connection is none */
    }
    connections[fd] = (struct connection){0};
    seen.connections++;
}

/* ---- Answers leave ---- */

/* The kernel has room for a whole answer; who leaves as much unread is cut off. */
static void answer(struct connection *connection) {
    struct http_parser *parser = &connection->parser;
    bool is_kept = parser->request.keep_alive && parser->request.minor == 1;
    size_t length = answers[is_kept].length;
    ssize_t sent = send(descriptor_of(connection), answers[is_kept].bytes, length,
                        MSG_DONTWAIT | MSG_NOSIGNAL);
    leave(connection);
    seen.answers++;
    connection->have_bytes -= parser->request.size_bytes;
    memmove(connection->in, connection->in + parser->request.size_bytes, connection->have_bytes);
    http_begin(parser);
    if (sent != (ssize_t)length || !is_kept || !take_request(connection))
        close_connection(connection);
}

/* Returns when the next is due. */
static int64_t answer_due(void) {
    int64_t now_ns = monotonic_ns();
    struct connection *first;
    while ((first = TAILQ_FIRST(&here)) != NULL && first->due_ns <= now_ns)
        answer(first);
    return first != NULL ? first->due_ns : INT64_MAX;
}

/* ---- Start and end ---- */

static void end(int signal_number) {
    (void)signal_number;
    ended = 1;
}

static void prepare(void) {
    for (int kept = 0; kept < 2; kept++) {
        struct http_head head = {.status = 200,
                                 .length = options.size_bytes,
                                 .keep_alive = kept,
                                 .minor = 1,
                                 .type = "application/octet-stream"};
        char *bytes = answers[kept].bytes;
        int length = http_write_head(bytes, sizeof answers[kept].bytes, &head, time(NULL));
        memset(bytes + length, 'x', (size_t)options.size_bytes);
        answers[kept].length = (size_t)length + (size_t)options.size_bytes;
    }
}

/* Sleeps until just before the next is due, and then looks again and again: a sleep ends up to
 * AWAKE_NS late, and 63 of those in a row are 6 ms. SIGTERM comes while it waits, at no other
 * time. */
static void serve(int listener) {
    struct epoll_event events[EVENTS], event = {.events = EPOLLIN, .data.fd = listener};
    sigset_t none;
    sigemptyset(&none);
    prctl(PR_SET_TIMERSLACK, 1UL); /* 50 us is usual */
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    while (!ended) {
        int64_t next_ns = answer_due(), now_ns = monotonic_ns();
        int64_t left_ns = next_ns > now_ns + AWAKE_NS ? next_ns - now_ns - AWAKE_NS : 0;
        struct timespec left = {.tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000};
        int ready = epoll_pwait2(epoll, events, EVENTS, next_ns == INT64_MAX ? NULL : &left, &none);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listener)
                accept_one(listener, epoll);
            else
                receive(&connections[events[i].data.fd]);
        }
    }
    close(epoll);
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    if (key == LATENCY)
        options.latency_ms = option_number(state, "latency", text, 0, 60000);
    else if (key == WORKERS)
        options.workers = option_number(state, "workers", text, 1, MOST_WORKERS);
    else if (key == RATE)
        options.rate_kib = option_number(state, "rate", text, 1, 1 << 20);
    else if (key == SIZE)
        options.size_bytes = option_number(state, "size", text, 0, MOST_SIZE_BYTES);
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

int main(int argc, char **argv) {
    static const struct argp_option shown[] = {
        {"latency", LATENCY, "MS", 0, "What an answer takes a worker (default 0)", 0},
        {"workers", WORKERS, "N", 0, "Work on N answers at a time (default: all)", 0},
        {"rate", RATE, "KIB", 0, "KiB per second of all answers together (default: any)", 0},
        {"size", SIZE, "BYTES", 0, "Size of an answer (default 1024)", 0},
        {0}};
    static const struct argp command_line = {
        .options = shown, .parser = parse_option, .doc = "A web server that is slow as told"};
    argp_err_exit_status = 2;
    argp_parse(&command_line, argc, argv, 0, NULL, NULL);
    prepare();

    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGTERM, end);
    net_raise_descriptor_limit();
    int listener = net_listen(NULL, 0, 1024);
    if (listener < 0 || net_announce(listener) < 0) {
        error_errno("listen");
        return EXIT_FAILURE;
    }
    serve(listener);
    printf("%jd,%.2f,%jd,%jd\n", (intmax_t)seen.answers, seen.average_here,
           (intmax_t)seen.most_here, (intmax_t)seen.connections);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
