/*
 * threads: what does a waiting thread cost? The reference of lab 02.
 *
 * One thread for each connection, so each may wait where it stands: for bytes, for room to send,
 * for another server. What can be left to the kernel is: the backlog is the queue, time limits are
 * socket options, a semaphore in front of accept(2) is the cap.
 * Left out on purpose: a pool of threads, epoll, TLS, a log.
 */
#define _GNU_SOURCE 1 /* for accept4(2) and signal masks of new threads */
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/app.h"
#include "common/clock.h"
#include "common/errors.h"
#include "common/http.h"
#include "common/net.h"
#include "common/options.h"

enum {
    PIECE_BYTES = APP_TEXT_BYTES + HTTP_BODY_BYTES, /* so an echo leaves in one call as well */
    FILE_PIECE_BYTES = 64 << 10,                    /* what a client must take within --timeout */
    PAUSE_MS = 100,               /* between attempts to accept while something has run out */
    COMPLAINT_EVERY_MS = 60000,   /* about what would else be said with every attempt */
    CALLS_STACK_BYTES = 12 << 10, /* of that, for calls: up to 8 KiB were seen in use */
};

/*
 * A connection lives on the stack of its thread: it can't outlive it, and malloc(3) would set up an
 * arena for the thread. It is never cleared whole, for a page of a stack takes memory once it was
 * touched. What every request uses comes first, beside the first bytes of `in`, so an idle
 * connection holds 3 pages of its 16: 12,576 bytes with 10,000 of them open.
 */
struct connection {
    LIST_ENTRY(connection) links;
    int fd;
    atomic_bool idle; /* it waits, and no byte of a next request has come */
    int limit_ms;     /* of one recv; the listener's would also end accept's wait */
    size_t have;      /* bytes in `in` */
    struct http_parser parser;
    struct reply reply;
    char in[HTTP_REQUEST_BYTES];
    char piece[PIECE_BYTES];
};
_Static_assert(sizeof(struct connection) + CALLS_STACK_BYTES <= OPTIONS_LEAST_STACK_KIB << 10,
               "the least stack must hold a connection and the calls made for it");

/* One for the program, for a signal handler is given nothing to find it by. */
static struct {
    struct server_options options;
    struct app app;
    int listener;
    sem_t places; /* free ones: connections that may still be accepted */
    atomic_bool stopping;
    pthread_mutex_t lock; /* of the list */
    LIST_HEAD(connections, connection) connections;
} server = {
    .options = {.port = 8080,
                .max_connections = 1000,
                .stack_kib = OPTIONS_LEAST_STACK_KIB,
                .timeout_ms = 10000,
                .backlog = 511},
    .lock = PTHREAD_MUTEX_INITIALIZER,
};

static void sleep_ms(unsigned ms) {
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/* ---- keep_alive: many requests on one connection ---- */

/*
 * One call, however much has come. While the server stops nothing more is waited for: `idle` is set
 * before `stopping` is read, and drain() does it the other way round, so one of the two ends this.
 */
static ssize_t receive(struct connection *connection) {
    atomic_store(&connection->idle, connection->have == 0);
    if (connection->have == 0 && atomic_load(&server.stopping))
        shutdown(connection->fd, SHUT_RD);
    ssize_t count = recv(connection->fd, connection->in + connection->have,
                         sizeof connection->in - connection->have, 0);
    atomic_store(&connection->idle, false);
    return count;
}

/*
 * Lets recv wait --timeout for a request to begin, and then for what is left of that: its time runs
 * from the first bytes, however the others trickle in. Most come whole, so this costs them no call.
 */
static bool limit_wait(struct connection *connection, int64_t *deadline_ns) {
    int limit_ms = server.options.timeout_ms;
    if (connection->have > 0) {
        if (*deadline_ns == 0)
            *deadline_ns = deadline_in_ms(limit_ms);
        limit_ms = milliseconds_left(*deadline_ns);
    }
    if (limit_ms != connection->limit_ms && limit_ms > 0)
        net_receive_timeout(connection->fd, limit_ms);
    connection->limit_ms = limit_ms;
    return limit_ms > 0;
}

/* Returns HTTP_REQUEST or HTTP_REFUSED; HTTP_MORE when none will come. */
static enum http_progress receive_request(struct connection *connection) {
    int64_t deadline_ns = 0;
    for (;;) {
        enum http_progress progress =
            http_parse(&connection->parser, connection->in, connection->have);
        if (progress == HTTP_CONTINUE)
            send(connection->fd, http_continue, strlen(http_continue), 0);
        else if (progress != HTTP_MORE)
            return progress;
        if (!limit_wait(connection, &deadline_ns)) {
            connection->parser.status = 408;
            return HTTP_REFUSED;
        }

        /* receive what is there */
        ssize_t count = receive(connection);
        if (count > 0)
            connection->have += (size_t)count;
        else if (count == 0 || (errno != EINTR && (errno != EAGAIN || connection->have == 0)))
            return HTTP_MORE; /* the client has closed, or broken off, or asked for nothing */
    }
}

/* What follows the request is the next one, or its beginning. */
static void forget_request(struct connection *connection) {
    size_t size_bytes = connection->parser.request.size_bytes;
    connection->have -= size_bytes;
    if (connection->have > 0)
        memmove(connection->in, connection->in + size_bytes, connection->have);
    connection->parser = (struct http_parser){0};
}

/* ---- streaming: piece by piece, until all of it is gone ---- */

/*
 * Sends `length` bytes: from `bytes`, or from the reply's file where that is NULL. The kernel may
 * take a part only. It waits up to --timeout for the client to make room (then EAGAIN), and a piece
 * gets no more than that: a large reply may take hours, but not by a byte a second.
 */
static bool send_piece(struct connection *connection, const char *bytes, size_t length, int flags) {
    struct reply *reply = &connection->reply;
    int64_t deadline_ns = deadline_in_ms(server.options.timeout_ms);
    size_t sent = 0;
    while (sent < length) {
        ssize_t count = bytes != NULL
                            ? send(connection->fd, bytes + sent, length - sent, flags)
                            : sendfile(connection->fd, reply->file, &reply->offset, length - sent);
        if (count == 0 || (count < 0 && errno != EINTR)) /* 0: the file has become shorter */
            return false;
        sent += count > 0 ? (size_t)count : 0;
        if (sent < length && milliseconds_left(deadline_ns) == 0)
            return false;
    }
    return true;
}

static bool send_file(struct connection *connection) {
    int64_t left = connection->reply.left;
    for (; left > FILE_PIECE_BYTES; left -= FILE_PIECE_BYTES) {
        if (!send_piece(connection, NULL, FILE_PIECE_BYTES, 0))
            return false;
    }
    return send_piece(connection, NULL, (size_t)left, 0);
}

/* send all of it: head and body leave together */
static bool send_all(struct connection *connection) {
    struct reply *reply = &connection->reply;
    if (reply->rest == REPLY_NOTHING)
        return send_piece(connection, reply->text, reply->text_length, 0);
    if (reply->rest == REPLY_FILE) /* the head waits in the kernel for the file */
        return send_piece(connection, reply->text, reply->text_length, MSG_MORE) &&
               send_file(connection);
    ssize_t count;
    while ((count = reply_take(reply, connection->piece, sizeof connection->piece)) > 0) {
        if (!send_piece(connection, connection->piece, (size_t)count, 0))
            return false;
    }
    return count == 0;
}

/* ---- thread_per_connection: what a thread does ---- */

static void prepare_reply(struct connection *connection, enum http_progress progress) {
    struct reply *reply = &connection->reply;
    const struct http_request *request = &connection->parser.request;
    if (progress == HTTP_REFUSED) {
        app_refuse(&server.app, &connection->parser, reply);
        return;
    }
    /* What has come already is answered too while the server stops: only the last one closes. */
    bool closing = atomic_load(&server.stopping) && connection->have == request->size_bytes;
    app_answer(&server.app, request, connection->in, closing, reply);
    if (reply->wait_ms > 0) /* this thread has nothing else to do, so it may sleep */
        sleep_ms(reply->wait_ms);
    if (reply->burn_ms > 0)
        app_burn(reply->burn_ms);
}

/* Returns whether there may be another. */
static bool serve_request(struct connection *connection) {
    enum http_progress progress = receive_request(connection);
    if (progress == HTTP_MORE)
        return false;

    /* answer */
    prepare_reply(connection, progress);
    bool sent = send_all(connection);
    reply_release(&connection->reply);
    if (!sent) { /* what the kernel still holds for this client is dropped, with a reset */
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        connection->have = 0;
        return false;
    }
    if (progress == HTTP_REQUEST)
        forget_request(connection);
    return !connection->reply.close;
}

/* let go, in this order: off the list nobody else uses `fd`, and the place is free at last. */
static void let_go(struct connection *connection) {
    pthread_mutex_lock(&server.lock);
    LIST_REMOVE(connection, links);
    pthread_mutex_unlock(&server.lock);
    /* Bytes that nobody reads (net.h). Half of the limit, so that a drain ends within it. */
    if (connection->have > 0)
        net_close_after_last_bytes(connection->fd, server.options.timeout_ms / 2);
    else
        close(connection->fd);
    app_connection_closed(&server.app);
    sem_post(&server.places);
}

static void *serve(void *fd) {
    struct connection connection;
    connection.fd = (int)(intptr_t)fd;
    connection.limit_ms = 0;
    connection.have = 0;
    connection.parser = (struct http_parser){0};
    atomic_init(&connection.idle, false);
    pthread_mutex_lock(&server.lock);
    LIST_INSERT_HEAD(&server.connections, &connection, links);
    pthread_mutex_unlock(&server.lock);
    app_connection_opened(&server.app);

    while (serve_request(&connection))
        continue;
    let_go(&connection);
    return NULL;
}

/* ---- limits: accept no more than can be served ---- */

static void complain(const char *what, int reason) {
    static int64_t silent_until_ns;
    if (monotonic_ns() < silent_until_ns)
        return;
    silent_until_ns = deadline_in_ms(COMPLAINT_EVERY_MS);
    errno = reason;
    error_errno(what);
}

/* The connection stays in the backlog, so accept would fail again at once: let some time pass. */
static void accept_failed(int reason) {
    sem_post(&server.places);
    if (atomic_load(&server.stopping) || reason == EINTR || reason == ECONNABORTED)
        return;
    complain("accept", reason);
    sleep_ms(PAUSE_MS);
}

/* Nobody joins such a thread. Signals stay with the main thread, whose waits they are to end. */
static void describe_threads(pthread_attr_t *attributes) {
    sigset_t all;
    sigfillset(&all);
    pthread_attr_init(attributes);
    pthread_attr_setdetachstate(attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setsigmask_np(attributes, &all);
    pthread_attr_setstacksize(attributes, (size_t)server.options.stack_kib << 10);
}

static void accept_connections(void) {
    pthread_attr_t attributes;
    describe_threads(&attributes);
    while (!atomic_load(&server.stopping)) {
        /* wait for a free place */
        if (sem_wait(&server.places) < 0)
            continue;

        /* accept */
        int fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            accept_failed(errno);
            continue;
        }

        /* start the thread */
        pthread_t thread;
        int error = pthread_create(&thread, &attributes, serve, (void *)(intptr_t)fd);
        if (error != 0) {
            complain("thread", error);
            close(fd);
            sem_post(&server.places);
        }
    }
    pthread_attr_destroy(&attributes);
}

/* ---- drain: finish what was begun ---- */

/* The main thread may be about to wait for a place, or to accept: neither will wait after this. */
static void stop(int signal_number) {
    (void)signal_number;
    int saved = errno;
    if (atomic_exchange(&server.stopping, true))
        _exit(EXIT_FAILURE); /* told twice: at once */
    shutdown(server.listener, SHUT_RD);
    sem_post(&server.places);
    errno = saved;
}

static void stop_idle_connections(void) {
    pthread_mutex_lock(&server.lock);
    struct connection *each;
    LIST_FOREACH(each, &server.connections, links) {
        if (atomic_load(&each->idle))
            shutdown(each->fd, SHUT_RD);
    }
    pthread_mutex_unlock(&server.lock);
}

/* Who has all places knows that no connection is left. */
static int drain(void) {
    close(server.listener);
    sem_wait(&server.places); /* the one that stop() gave */
    stop_idle_connections();

    int64_t deadline_ns = deadline_in_ms(server.options.timeout_ms);
    struct timespec until = {deadline_ns / 1000000000, deadline_ns % 1000000000};
    int left = server.options.max_connections;
    while (left > 0) {
        if (sem_clockwait(&server.places, CLOCK_MONOTONIC, &until) == 0)
            left--;
        else if (errno == ETIMEDOUT)
            break;
    }
    if (left > 0)
        error_because("stop", "connections cut after %d ms: %d", server.options.timeout_ms, left);
    return left == 0 ? 0 : -1;
}

/* ---- start ---- */

static int start(void) {
    if (app_open(&server.app, server.options.root) < 0) {
        error_errno(server.options.root);
        return -1;
    }
    net_raise_descriptor_limit();
    mallopt(M_ARENA_MAX, 1); /* for /stats: else 64 MiB of addresses for each of 16 threads */
    sem_init(&server.places, 0, (unsigned)server.options.max_connections);
    server.listener = net_listen(NULL, (uint16_t)server.options.port, server.options.backlog);
    if (server.listener < 0) {
        error_errno("listen");
        return -1;
    }
    net_send_timeout(server.listener, server.options.timeout_ms); /* connections inherit it */

    struct sigaction action = {.sa_handler = stop};
    sigfillset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* sendfile(2) has no MSG_NOSIGNAL */
    return 0;
}

static const char about[] =
    "What does a waiting thread cost? An HTTP server with a thread for each connection.";

int main(int argc, char **argv) {
    server_options_parse(&server.options, argc, argv, about);
    if (start() < 0)
        return EXIT_FAILURE;
    if (net_announce(server.listener) < 0) {
        error_errno("standard output");
        return EXIT_FAILURE;
    }
    accept_connections();
    return drain() < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
