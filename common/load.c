/*
 * The load generator: connections that ask and rest, and a schedule that says when the next request
 * is due. Connections at rest stand in a queue, so that all of them take their turn. Where an answer
 * ends is load_answer.c's business.
 */
#include "common/load.h"
#include "common/clock.h"
#include "common/load_answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 64 << 10,
    EVENTS_AT_ONCE = 256,
    OPENING_AT_ONCE = 64,
};

static const int64_t NS_PER_S = 1000000000;
static const int64_t NS_PER_MS = 1000000;
static const int64_t NEVER = INT64_MAX;

enum state { RESTING, CONNECTING, ASKED };

struct connection {
    int fd; /* -1: to be opened with the next request */
    enum state state;
    int64_t due_ns;
    int64_t sent_ns;
    struct load_answer answer;
};

struct load {
    struct load_plan plan;
    struct sockaddr_in target;
    char *request;
    size_t request_length;
    int epoll;
    struct connection *connections;
    int *resting; /* queue, as a ring */
    int resting_first, resting_count;
    struct load_result *result; /* of the run under way, as is all that follows */
    int64_t total, issued, in_flight, in_flight_most;
    double rate;
    int64_t start_ns;
    int64_t stop_ns; /* a closed loop sends none after this */
    int64_t end_ns;  /* an open loop waits for none after this */
    int64_t last_ns; /* when something came, or failed, last */
    char buffer[BUFFER_BYTES];
};

/* ---- A connection ---- */

static void rest(struct load *load, struct connection *connection) {
    int last = (load->resting_first + load->resting_count) % load->plan.connections;
    load->resting[last] = (int)(connection - load->connections);
    load->resting_count++;
    connection->state = RESTING;
}

static struct connection *longest_resting(struct load *load) {
    struct connection *connection = &load->connections[load->resting[load->resting_first]];
    load->resting_first = (load->resting_first + 1) % load->plan.connections;
    load->resting_count--;
    return connection;
}

static void shut(struct connection *connection) {
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
}

__attribute__((format(printf, 3, 4))) static void count_failed(struct load *load, int64_t requests,
                                                               const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (load->result->failed == 0)
        vsnprintf(load->result->reason, LOAD_REASON_BYTES, format, arguments);
    va_end(arguments);
    load->result->failed += (uint64_t)requests;
}

/* Where the next request would begin is unknown now, so the connection goes. */
static void fail(struct load *load, struct connection *connection, const char *why) {
    count_failed(load, 1, "%s", why);
    shut(connection);
    load->in_flight--;
    load->last_ns = monotonic_ns();
    rest(load, connection);
}

static void finish(struct load *load, struct connection *connection) {
    const struct load_answer *answer = &connection->answer;
    if (answer->status / 100 != 2) {
        char why[LOAD_REASON_BYTES];
        snprintf(why, sizeof why, "status %d", answer->status);
        fail(load, connection, why);
        return;
    }
    load->last_ns = monotonic_ns();
    histogram_record(&load->result->latency_ns, (uint64_t)(load->last_ns - connection->due_ns));
    histogram_record(&load->result->service_ns, (uint64_t)(load->last_ns - connection->sent_ns));
    load->result->completed++;
    load->result->body_bytes += answer->body_bytes;
    load->in_flight--;
    if (load->plan.close || answer->closes || answer->part == ANSWER_BODY_UNTIL_CLOSE) {
        shut(connection);
        load->result->reopened += !load->plan.close;
    }
    rest(load, connection);
}

/* The address that a connection comes from: one address has too few ports for all of them. */
static int bind_source(const struct load *load, const struct connection *connection, int fd) {
    int source = (int)(connection - load->connections) / load->plan.per_source;
    uint32_t target = ntohl(load->target.sin_addr.s_addr);
    if (source == 0 || target >> 24 != 127)
        return 0;
    struct sockaddr_in own = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)source)};
    const int yes = 1; /* the port is picked at connect(2), when the other end is known: ip(7) */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    return bind(fd, (const struct sockaddr *)&own, sizeof own);
}

static int begin_connecting(struct load *load, struct connection *connection) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    connection->fd = fd;
    connection->state = CONNECTING;
    const int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (bind_source(load, connection, fd) < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&load->target, sizeof load->target) < 0 &&
        errno != EINPROGRESS)
        return -1;
    /* Edges, for all events at once: one epoll_ctl(2) in a connection's life. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = connection};
    return epoll_ctl(load->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* A request is far smaller than an empty send buffer, so it leaves whole. */
static void send_request(struct load *load, struct connection *connection) {
    ssize_t sent = send(connection->fd, load->request, load->request_length, MSG_NOSIGNAL);
    connection->state = ASKED;
    if (sent != (ssize_t)load->request_length)
        fail(load, connection, sent < 0 ? strerrordesc_np(errno) : "short send");
}

static void ask(struct load *load, struct connection *connection, int64_t due_ns) {
    connection->due_ns = due_ns;
    connection->sent_ns = monotonic_ns();
    connection->answer = load_answer_expected();
    if (load->in_flight++ == 0)
        load->last_ns =
            connection->sent_ns; /* patience begins when there is something to wait for */
    if (connection->fd >= 0)
        send_request(load, connection);
    else if (begin_connecting(load, connection) < 0)
        fail(load, connection, strerrordesc_np(errno));
}

static void ended(struct load *load, struct connection *connection, int problem) {
    enum load_answer_part part = connection->answer.part;
    if (connection->state == RESTING) { /* which the server may do: RFC 9112, section 9.5 */
        shut(connection);
        load->result->reopened++;
    } else if (problem != 0) {
        fail(load, connection, strerrordesc_np(problem));
    } else if (part == ANSWER_WHOLE || part == ANSWER_BODY_UNTIL_CLOSE) {
        finish(load, connection);
    } else {
        fail(load, connection,
             part == ANSWER_STATUS_LINE ? "closed without an answer" : "closed within an answer");
    }
}

static void take(struct load *load, struct connection *connection, size_t size) {
    if (connection->state == RESTING) {
        count_failed(load, 1, "bytes that nobody asked for");
        shut(connection);
        return;
    }
    load->last_ns = monotonic_ns();
    const char *wrong = load_answer_read(&connection->answer, load->buffer, size);
    if (wrong != NULL)
        fail(load, connection, wrong);
    else if (connection->answer.part == ANSWER_WHOLE && !load->plan.close)
        finish(load, connection);
}

/*
 * An edge comes once: reads on until the kernel has no more. A short read says that already, but
 * not whether the end stands behind it: that, the event has told.
 */
static void receive(struct load *load, struct connection *connection, uint32_t events) {
    bool until_end = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    ssize_t count = BUFFER_BYTES;
    while (connection->fd >= 0 && (until_end || count == BUFFER_BYTES)) {
        count = recv(connection->fd, load->buffer, BUFFER_BYTES, 0);
        if (count < 0 && errno == EAGAIN)
            return;
        if (count <= 0)
            ended(load, connection, count < 0 ? errno : 0);
        else
            take(load, connection, (size_t)count);
    }
}

static void handle(struct load *load, struct connection *connection, uint32_t events) {
    if (connection->state == CONNECTING) {
        int problem = 0;
        socklen_t size = sizeof problem;
        getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &problem, &size);
        if (problem != 0) {
            fail(load, connection, strerrordesc_np(problem));
            return;
        }
        if (events & EPOLLOUT)
            send_request(load, connection);
    }
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        receive(load, connection, events);
}

/* ---- A run ---- */

/* When the next request is due: in a closed loop, now. */
static int64_t next_due_ns(const struct load *load) {
    if (load->issued >= load->total)
        return NEVER;
    if (load->rate > 0)
        return load->start_ns + llround((double)load->issued * (double)NS_PER_S / load->rate);
    int64_t now_ns = monotonic_ns();
    return now_ns < load->stop_ns ? now_ns : NEVER;
}

static bool may_ask(const struct load *load) {
    return load->resting_count > 0 && load->in_flight < load->in_flight_most;
}

static void ask_what_is_due(struct load *load) {
    while (may_ask(load)) {
        int64_t due_ns = next_due_ns(load);
        if (due_ns > monotonic_ns())
            return;
        load->issued++;
        ask(load, longest_resting(load), due_ns);
    }
}

static int64_t give_up_ns(const struct load *load) {
    int64_t patience_ends = load->last_ns + load->plan.patience_ms * NS_PER_MS;
    return load->in_flight > 0 && patience_ends < load->end_ns ? patience_ends : load->end_ns;
}

static void give_up(struct load *load) {
    for (int i = 0; i < load->plan.connections; i++)
        if (load->connections[i].state != RESTING)
            fail(load, &load->connections[i], "no answer in time");
    if (load->total != NEVER && load->issued < load->total)
        count_failed(load, load->total - load->issued, "not sent in time");
    load->issued = load->total;
    load->stop_ns = 0;
}

/* Waits for events, at most until `wake_ns`. Returns how many, or -1 with errno. */
static int wait_and_handle(struct load *load, int64_t wake_ns) {
    struct epoll_event events[EVENTS_AT_ONCE];
    int64_t left_ns = wake_ns - monotonic_ns();
    left_ns = left_ns > 0 ? left_ns : 0;
    struct timespec timeout = {.tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S};
    int count =
        epoll_pwait2(load->epoll, events, EVENTS_AT_ONCE, wake_ns == NEVER ? NULL : &timeout, NULL);
    if (count < 0)
        return errno == EINTR ? 0 : -1;
    for (int i = 0; i < count; i++)
        handle(load, events[i].data.ptr, events[i].events);
    return count;
}

static int run(struct load *load) {
    for (;;) {
        ask_what_is_due(load);
        int64_t due_ns = next_due_ns(load);
        if (load->in_flight == 0 && due_ns == NEVER)
            return 0;
        if (!may_ask(load))
            due_ns = NEVER; /* an answer has to come first */
        int64_t give_up_at = give_up_ns(load);
        if (wait_and_handle(load, due_ns < give_up_at ? due_ns : give_up_at) < 0)
            return -1;
        if (monotonic_ns() >= give_up_ns(load))
            give_up(load);
    }
}

/* Sets out a run of the plan. An open loop's requests are counted out from the beginning. */
static void begin(struct load *load) {
    const struct load_plan *plan = &load->plan;
    load->issued = 0;
    load->in_flight_most = plan->connections;
    load->rate = plan->rate;
    load->total = plan->requests > 0 ? plan->requests : NEVER;
    load->start_ns = load->last_ns = monotonic_ns();
    load->stop_ns = plan->duration_ms > 0 ? load->start_ns + plan->duration_ms * NS_PER_MS : NEVER;
    load->end_ns = NEVER;
    if (plan->rate > 0) {
        if (plan->duration_ms > 0)
            load->total = (int64_t)fmin((double)load->total,
                                        ceil(plan->rate * (double)plan->duration_ms / 1000));
        load->end_ns = load->start_ns + plan->patience_ms * NS_PER_MS +
                       llround((double)load->total / plan->rate * (double)NS_PER_S);
    }
}

/* A connection that the server closed while nothing ran must not be asked. */
static int look_at_the_resting(struct load *load) {
    int count;
    do
        count = wait_and_handle(load, 0);
    while (count == EVENTS_AT_ONCE);
    return count;
}

int load_run(struct load *load, struct load_result *result) {
    memset(result, 0, sizeof *result);
    load->result = result;
    if (look_at_the_resting(load) < 0)
        return -1;
    begin(load);
    /* By default the kernel may be 50 us late with a timer, to join wake-ups: those would count as
     * the server's latency. */
    int slack_ns = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
    int status = run(load);
    prctl(PR_SET_TIMERSLACK, (unsigned long)slack_ns, 0, 0, 0);
    result->seconds = (double)(load->last_ns - load->start_ns) / (double)NS_PER_S;
    return status;
}

/* ---- Opening and closing ---- */

static int open_connections(struct load *load, char reason[LOAD_REASON_BYTES]) {
    struct load_result *result = calloc(1, sizeof *result);
    if (result == NULL)
        return -1;
    load->result = result;
    begin(load);
    load->total = load->plan.connections; /* the queue gives each connection one */
    load->rate = 0;
    load->stop_ns = load->end_ns = NEVER;
    load->in_flight_most = OPENING_AT_ONCE;
    int status = run(load);
    if (status == 0 && result->failed > 0) {
        if (reason != NULL)
            snprintf(reason, LOAD_REASON_BYTES, "%.80s, after %ju connections", result->reason,
                     (uintmax_t)result->completed);
        errno = EPROTO;
        status = -1;
    }
    free(result);
    return status;
}

static int prepare(struct load *load) {
    struct load_plan *plan = &load->plan;
    const char *address = plan->address != NULL ? plan->address : "127.0.0.1";
    plan->patience_ms = plan->patience_ms > 0 ? plan->patience_ms : LOAD_PATIENCE_MS;
    plan->per_source = plan->per_source > 0 ? plan->per_source : LOAD_PER_SOURCE;
    load->target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(plan->port)};
    bool has_end = plan->requests > 0 || plan->duration_ms > 0;
    if (!has_end || plan->connections < 1 || !(plan->rate >= 0) ||
        inet_pton(AF_INET, address, &load->target.sin_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    int length = asprintf(&load->request, "GET %s HTTP/1.1\r\nHost: %s:%u\r\n%s\r\n",
                          plan->path != NULL ? plan->path : "/", address, (unsigned)plan->port,
                          plan->close ? "Connection: close\r\n" : "");
    if (length < 0) {
        load->request = NULL;
        return -1;
    }
    load->request_length = (size_t)length;
    load->connections = calloc((size_t)plan->connections, sizeof load->connections[0]);
    load->resting = calloc((size_t)plan->connections, sizeof load->resting[0]);
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (load->connections == NULL || load->resting == NULL || load->epoll < 0)
        return -1;
    for (int i = 0; i < plan->connections; i++) {
        load->connections[i].fd = -1;
        rest(load, &load->connections[i]);
    }
    return 0;
}

struct load *load_open(const struct load_plan *plan, char reason[LOAD_REASON_BYTES]) {
    struct load *load = calloc(1, sizeof *load);
    if (load == NULL)
        return NULL;
    load->epoll = -1;
    load->plan = *plan;
    if (prepare(load) < 0) {
        if (reason != NULL)
            snprintf(reason, LOAD_REASON_BYTES, "%s", strerrordesc_np(errno));
    } else if (plan->close || open_connections(load, reason) == 0) {
        return load;
    }
    int saved = errno;
    load_close(load);
    errno = saved;
    return NULL;
}

void load_close(struct load *load) {
    if (load == NULL)
        return;
    for (int i = 0; load->connections != NULL && i < load->plan.connections; i++)
        shut(&load->connections[i]);
    if (load->epoll >= 0)
        close(load->epoll);
    free(load->request);
    free(load->connections);
    free(load->resting);
    free(load);
}
