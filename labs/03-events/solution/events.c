/*
 * events: what does an event loop buy? The reference of lab 03.
 *
 * One thread for all connections. It waits in one place only, epoll_wait(2); every other call takes
 * what is there. What a waiting thread keeps on its stack is here a phase and some counts.
 * Left out on purpose: several loops; threads for what can't be waited for, so /burn and files that
 * are not in memory hold everybody up; TLS; a log.
 */
#define _GNU_SOURCE 1 /* for accept4(2) */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/param.h>
#include <sys/queue.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/app.h"
#include "common/clock.h"
#include "common/errors.h"
#include "common/http.h"
#include "common/net.h"
#include "common/options.h"

enum {
    PIECE_BYTES = APP_TEXT_BYTES + HTTP_BODY_BYTES, /* so an echo leaves in one call as well */
    CONTINUE_BYTES = 32,                            /* more than http_continue has */
    FILE_PIECE_BYTES = 64 << 10,
    STEPS_A_TURN = 8, /* 4 pieces of a file, 256 KiB: then others have their turn */
    ACCEPTS_A_TURN = 64,
    PAUSE_MS = 100, /* between attempts to accept while something has run out */
};

/* What epoll tells of when a receive would not wait; ends and errors are for that to find. */
static const uint32_t TO_RECEIVE = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;

/* What requests need while they are under way. A connection has one only while bytes of a request
 * or of an answer are in it: mostly for one turn, so a few do for many connections. */
struct work {
    size_t have;         /* bytes in `in` */
    size_t length, sent; /* of the piece under way: bytes of `out`, or of the reply's file */
    bool replying, from_file;
    struct http_parser parser;
    struct reply reply; /* not cleared at first, nor is what follows */
    char in[HTTP_REQUEST_BYTES];
    char out[PIECE_BYTES + CONTINUE_BYTES];
};

/* All that an idle connection takes: 80 bytes with those that malloc(3) adds. The phase says what is
 * next when all that was put into `out` has left: PAUSING begins what WAITING ends, ENDING closes,
 * and LINGERING waits for the client to close. */
struct connection {
    TAILQ_ENTRY(connection) by_deadline;
    struct connection *left, *right; /* in `waits`, as is `depth` */
    int64_t deadline_ns;
    struct work *work; /* NULL: idle */
    int fd, depth;
    uint32_t ready; /* what epoll has told and no call has used up */
    enum { RECEIVING, ANSWERING, PAUSING, WAITING, ENDING, LINGERING } phase;
};

static struct {
    struct server_options options;
    struct app app;
    int epoll, listener, signals;
    struct epoll_event *events;
    bool acceptable, stopping;
    int64_t now_ns; /* when epoll_wait returned: good enough for timeouts */
    int64_t accept_again_ns, stop_by_ns;
    TAILQ_HEAD(timeouts, connection) timeouts; /* of all but those that wait: the nearest first */
    struct connection *waits;                  /* a heap, the nearest on top */
} server = {
    .options = {.port = 8080, .max_connections = 10000, .timeout_ms = 10000, .backlog = 511},
    .stop_by_ns = INT64_MAX,
    .timeouts = TAILQ_HEAD_INITIALIZER(server.timeouts),
};

/* All timeouts are equally long, so this list stays in order by itself. */
static void renew_timeout(struct connection *connection) {
    TAILQ_REMOVE(&server.timeouts, connection, by_deadline);
    connection->deadline_ns = server.now_ns + server.options.timeout_ms * INT64_C(1000000);
    TAILQ_INSERT_TAIL(&server.timeouts, connection, by_deadline);
}

/* Waits are of any length. Two heaps become one: the nearer top stays on top, and the other heap
 * goes down on the right, which is kept the shallower side: 27 steps at most for 10,000 waits. */
static struct connection *merge(struct connection *a, struct connection *b) {
    if (a == NULL || b == NULL)
        return a != NULL ? a : b;
    if (b->deadline_ns < a->deadline_ns)
        return merge(b, a);
    struct connection *merged = merge(a->right, b);
    bool is_deeper = a->left == NULL || a->left->depth < merged->depth;
    a->right = is_deeper ? a->left : merged;
    a->left = is_deeper ? merged : a->left;
    a->depth = a->right == NULL ? 0 : a->right->depth + 1;
    return a;
}

/* ---- steps: each returns whether there may be more to do at once ---- */

static void give_work_back(struct connection *connection) {
    if (connection->work != NULL && connection->work->replying)
        reply_release(&connection->work->reply);
    free(connection->work);
    connection->work = NULL;
}

/* let go: the last step, and never of one that waits */
static bool let_go(struct connection *connection) {
    static const struct linger reset = {.l_onoff = 1}; /* the rest of an answer is dropped */
    if (connection->work != NULL && connection->work->length > 0)
        setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    give_work_back(connection);
    TAILQ_REMOVE(&server.timeouts, connection, by_deadline);
    close(connection->fd); /* which also ends epoll's interest in it */
    free(connection);
    app_connection_closed(&server.app);
    return false;
}

/* receive what is there: what does not fill the buffer was all (epoll(7), "Questions and answers"),
 * and epoll will tell of more. An end it has told already; that stays to be found by one more call. */
static bool receive(struct connection *connection, struct work *work) {
    if (!(connection->ready & TO_RECEIVE)) {
        bool is_idle = work == NULL || work->have == 0;
        if (is_idle)
            give_work_back(connection);
        return is_idle && server.stopping ? let_go(connection) : false;
    }
    if (work == NULL) {
        connection->work = work = malloc(sizeof *work);
        if (work == NULL)
            return let_go(connection);
        memset(work, 0, offsetof(struct work, parser));
        http_begin(&work->parser);
    }
    size_t room = sizeof work->in - work->have;
    ssize_t count = recv(connection->fd, work->in + work->have, room, 0);
    if (count < 0 && errno == EAGAIN)
        connection->ready &= ~TO_RECEIVE;
    if (count <= 0)
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? true : let_go(connection);
    if ((size_t)count < room)
        connection->ready &= ~(uint32_t)EPOLLIN;
    if (connection->phase == LINGERING)
        return true;
    if (work->have == 0)
        renew_timeout(connection); /* for the whole request, however it trickles in */
    work->have += (size_t)count;
    connection->phase = ANSWERING;
    return true;
}

/* Leaves the phase ANSWERING when there is no whole request, or its answer has to wait. */
static void begin_reply(struct connection *connection, struct work *work) {
    struct reply *reply = &work->reply;
    enum http_progress progress = http_parse(&work->parser, work->in, work->have);
    if (progress == HTTP_CONTINUE)
        work->length = (size_t)(stpcpy(work->out + work->length, http_continue) - work->out);
    if (progress == HTTP_CONTINUE || progress == HTTP_MORE) {
        connection->phase = RECEIVING;
        return;
    }
    /* What has come is answered, too, while the server stops: only the last one closes. */
    bool closing = server.stopping && work->have == work->parser.request.size_bytes;
    if (progress == HTTP_REQUEST)
        app_answer(&server.app, &work->parser.request, work->in, closing, reply);
    else
        app_refuse(&server.app, &work->parser, reply);
    work->replying = true;
    connection->phase = reply->wait_ms > 0 || reply->burn_ms > 0 ? PAUSING : ANSWERING;
}

/* What follows the request is the next one, or its beginning; behind a refused one nobody knows. */
static void end_reply(struct connection *connection, struct work *work) {
    reply_release(&work->reply);
    work->replying = false;
    if (work->reply.close)
        connection->phase = ENDING;
    if (work->parser.status == 0) {
        work->have -= work->parser.request.size_bytes;
        memmove(work->in, work->in + work->parser.request.size_bytes, work->have);
        http_begin(&work->parser);
    }
}

/* What fits into `out` is copied; of a larger file only the head is, and the kernel copies. */
static bool put_reply(struct work *work) {
    struct reply *reply = &work->reply;
    size_t room = PIECE_BYTES - work->length;
    size_t of_text = (size_t)reply->text_length - reply->text_sent;
    bool large = reply->rest == REPLY_FILE && (int64_t)of_text + reply->left > (int64_t)room;
    work->from_file = large && of_text == 0 && work->length == 0;
    if (work->from_file) {
        work->length = (size_t)MIN(reply->left, FILE_PIECE_BYTES);
        return true;
    }
    ssize_t count = reply_take(reply, work->out + work->length, large ? MIN(of_text, room) : room);
    work->length += count > 0 ? (size_t)count : 0;
    return count >= 0;
}

/* answer: every request that is there whole, until the piece is full; it leaves in one call */
static bool answer(struct connection *connection, struct work *work) {
    while (connection->phase == ANSWERING) {
        if (!work->replying)
            begin_reply(connection, work);
        else if (!put_reply(work))
            return let_go(connection); /* its file can't be read */
        else if (!reply_is_done(&work->reply))
            break;
        else
            end_reply(connection, work);
    }
    if (work->length > 0)
        renew_timeout(connection);
    return true;
}

/* send what fits, and wait for room when that was not all: epoll will tell when there is some.
 * A file may also give less than was asked for, or nothing, because it has become shorter. */
static bool send_piece(struct connection *connection, struct work *work) {
    size_t left = work->length - work->sent;
    off_t offset = work->reply.offset;
    int flags = work->replying && connection->phase == ANSWERING ? MSG_MORE : 0;
    ssize_t count = work->from_file ? sendfile(connection->fd, work->reply.file, &offset, left)
                                    : send(connection->fd, work->out + work->sent, left, flags);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return errno == EINTR;
    if (count <= 0)
        return let_go(connection);
    if (work->from_file)
        reply_sent(&work->reply, (size_t)count);
    work->sent += (size_t)count;
    if (work->sent < work->length)
        return work->from_file;
    work->length = work->sent = 0;
    renew_timeout(connection); /* for each piece: a large answer may take hours */
    return true;
}

/* let time pass: a deadline, and others are served meanwhile. Time on the processor can't be waited
 * for: who uses it here stalls all connections, and that is the price of a single thread. */
static bool pause_reply(struct connection *connection, const struct reply *reply) {
    if (reply->burn_ms > 0) {
        app_burn(reply->burn_ms);
        server.now_ns = monotonic_ns(); /* so that it shortens nobody's timeout */
        connection->phase = ANSWERING;
        return true;
    }
    TAILQ_REMOVE(&server.timeouts, connection, by_deadline);
    connection->deadline_ns = deadline_in_ms(reply->wait_ms);
    connection->phase = WAITING;
    connection->left = connection->right = NULL;
    connection->depth = 0;
    server.waits = merge(server.waits, connection);
    return false;
}

/* Closed with bytes unread, it would be reset, and the answer with it: see net.h. */
static bool end(struct connection *connection, struct work *work) {
    if (server.stopping || (work->have == 0 && !(connection->ready & TO_RECEIVE)))
        return let_go(connection);
    shutdown(connection->fd, SHUT_WR);
    connection->phase = LINGERING;
    work->have = 0;
    return true;
}

static bool take_step(struct connection *connection) {
    struct work *work = connection->work;
    if (work != NULL && work->length > 0)
        return send_piece(connection, work);
    return connection->phase == ANSWERING ? answer(connection, work)
           : connection->phase == PAUSING ? pause_reply(connection, &work->reply)
           : connection->phase == ENDING  ? end(connection, work)
           : connection->phase == WAITING ? false
                                          : receive(connection, work);
}

/* ---- the loop ---- */

/* Edge-triggered, epoll tells once of what becomes ready: so interest in room to send can stay on
 * for good, which would else wake the loop all the time. */
static bool watch(int operation, int fd, void *what) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = what};
    return epoll_ctl(server.epoll, operation, fd, &event) == 0;
}

/* Some steps: one who is fast and wants much must not hold up the others. Told to watch it again,
 * epoll puts it behind those that are ready now. */
static void give_turn(struct connection *connection) {
    for (int i = 0; i < STEPS_A_TURN; i++) {
        if (!take_step(connection))
            return;
    }
    watch(EPOLL_CTL_MOD, connection->fd, connection);
}

static bool open_connection(int fd) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL || !watch(EPOLL_CTL_ADD, fd, connection)) {
        free(connection);
        close(fd);
        return false;
    }
    connection->fd = fd;
    TAILQ_INSERT_TAIL(&server.timeouts, connection, by_deadline);
    renew_timeout(connection);
    app_connection_opened(&server.app);
    return true;
}

static bool may_accept(void) {
    return server.acceptable && server.app.connections_now < server.options.max_connections;
}

/* accept all that is there; who can't be waits in the backlog: for an end, or for a while */
static void accept_connections(void) {
    for (int i = 0; i < ACCEPTS_A_TURN && may_accept(); i++) {
        int fd = accept4(server.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0 && open_connection(fd))
            continue;
        server.acceptable = errno != EAGAIN;
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
            continue;
        if (server.accept_again_ns == 0) /* say it once */
            error_errno("accept");
        server.accept_again_ns = deadline_in_ms(PAUSE_MS);
        return;
    }
}

/* drain: finish what was begun. An idle connection ends behind what it may have received by now. */
static void stop(void) {
    struct signalfd_siginfo told; /* not looked at; read, so that the next one is told as well */
    if (read(server.signals, &told, sizeof told) == sizeof told && server.stopping)
        exit(EXIT_FAILURE); /* told twice: at once */
    server.stopping = true;
    server.acceptable = false;
    server.stop_by_ns = deadline_in_ms(server.options.timeout_ms);
    close(server.listener);
    for (struct connection *each = TAILQ_FIRST(&server.timeouts); each != NULL;
         each = TAILQ_NEXT(each, by_deadline)) {
        if (each->work == NULL)
            shutdown(each->fd, SHUT_RD);
    }
}

/* A connection may be let go of here by its own event only: any other may have one further down in
 * this batch, which would then tell of memory that is freed. */
static void take_events(int count) {
    for (int i = 0; i < count; i++) {
        struct connection *connection = server.events[i].data.ptr;
        if (server.events[i].data.ptr == &server.listener) {
            server.acceptable = true;
        } else if (server.events[i].data.ptr == &server.signals) {
            stop();
        } else {
            connection->ready |= server.events[i].events;
            give_turn(connection);
        }
    }
}

static int64_t nearest(const struct connection *first) {
    return first == NULL ? INT64_MAX : first->deadline_ns;
}

/* Those of the time when epoll told what is ready: what has come since is yet to be told. */
static void take_deadlines(int64_t now_ns) {
    while (nearest(server.waits) <= now_ns) {
        struct connection *connection = server.waits;
        server.waits = merge(connection->left, connection->right);
        TAILQ_INSERT_TAIL(&server.timeouts, connection, by_deadline);
        renew_timeout(connection);
        connection->phase = ANSWERING;
        give_turn(connection);
    }
    while (nearest(TAILQ_FIRST(&server.timeouts)) <= now_ns)
        let_go(TAILQ_FIRST(&server.timeouts));
}

/* Until the next thing that only time brings: while there is none, no call is made. */
static int milliseconds_to_sleep(void) {
    int64_t accept_ns = may_accept() ? server.accept_again_ns : INT64_MAX;
    int64_t timer_ns = MIN(nearest(TAILQ_FIRST(&server.timeouts)), nearest(server.waits));
    int64_t until_ns = MIN(MIN(accept_ns, server.stop_by_ns), timer_ns);
    return until_ns == INT64_MAX ? -1 : milliseconds_left(until_ns);
}

static int run(void) {
    while ((server.app.connections_now > 0 || !server.stopping) &&
           server.now_ns < server.stop_by_ns) {
        /* wait for what is ready: with room for all, so that nobody is overdue unseen */
        int count = epoll_wait(server.epoll, server.events, server.options.max_connections + 2,
                               milliseconds_to_sleep()); /* -1: interrupted */
        const int64_t now_ns = server.now_ns = monotonic_ns();
        take_events(count);
        take_deadlines(now_ns);
        if (now_ns >= server.accept_again_ns)
            accept_connections();
    }
    if (server.app.connections_now == 0)
        return EXIT_SUCCESS;
    error_because("stop", "connections cut after %d ms: %ld", server.options.timeout_ms,
                  server.app.connections_now);
    return EXIT_FAILURE;
}

/* ---- start ---- */

static int start(void) {
    if (app_open(&server.app, server.options.root) < 0) {
        error_errno(server.options.root);
        return -1;
    }
    /* A signal is one more thing to be ready; a handler could do little more than say so. */
    sigset_t told;
    sigemptyset(&told);
    sigaddset(&told, SIGTERM);
    sigaddset(&told, SIGINT);
    sigprocmask(SIG_BLOCK, &told, NULL);
    signal(SIGPIPE, SIG_IGN); /* sendfile(2) has no MSG_NOSIGNAL */
    net_raise_descriptor_limit();
    mallopt(M_TRIM_THRESHOLD, 4 << 20); /* or most works that are freed go back to the kernel */
    server.signals = signalfd(-1, &told, SFD_CLOEXEC);
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    server.events = calloc((size_t)server.options.max_connections + 2, sizeof *server.events);
    server.listener = net_listen(NULL, (uint16_t)server.options.port, server.options.backlog);
    if (server.events == NULL || server.listener < 0 ||
        fcntl(server.listener, F_SETFL, O_NONBLOCK) < 0 ||
        !watch(EPOLL_CTL_ADD, server.listener, &server.listener) ||
        !watch(EPOLL_CTL_ADD, server.signals, &server.signals) ||
        net_announce(server.listener) < 0) {
        error_errno("listen");
        return -1;
    }
    return 0;
}

static const char about[] = "What does an event loop buy? An HTTP server with a single thread.";

int main(int argc, char **argv) {
    server_options_parse(&server.options, argc, argv, about);
    return start() < 0 ? EXIT_FAILURE : run();
}
