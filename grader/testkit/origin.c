/* The origin's thread: connections come, bytes arrive, time passes, connections go. What a request
 * is answered with is in origin_answer.c. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/net.h"
#include "grader/testkit/kit.h"
#include "grader/testkit/origin_parts.h"

enum { BATCH = 1024, BACKLOG = 4096 };

/* ---- Connections ---- */

/* Tells epoll what to wait for, if that is something else than before. A client that hangs up is
 * always news, its next request only between two exchanges. */
static void watch(struct connection *connection, bool is_full) {
    uint32_t events =
        EPOLLRDHUP | (connection->stage == READING ? EPOLLIN : 0) | (is_full ? EPOLLOUT : 0);
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (events != connection->events)
        epoll_ctl(connection->origin->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
    connection->events = events;
}

/* Accepting ends when descriptors run out, and goes on when there is one again. */
static void accept_from_now_on(struct origin *origin, bool accepts) {
    struct epoll_event event = {.events = accepts ? EPOLLIN : 0, .data.ptr = NULL};
    if (accepts != origin->accepts)
        epoll_ctl(origin->epoll_fd, EPOLL_CTL_MOD, origin->listen_fd, &event);
    origin->accepts = accepts;
}

/* Out of epoll first, by name: a program that is just being started has a copy of the descriptor until
 * its exec, and as long as there is one, close(2) alone lets events come (epoll(7), question 6). */
void connection_close(struct connection *connection) {
    epoll_ctl(connection->origin->epoll_fd, EPOLL_CTL_DEL, connection->fd, NULL);
    close(connection->fd);
    connection->fd = -1;
    connection->due_ns = 0;
    connection->origin->some_closed = true;
    record_connection(connection, -1);
}

/* Only now, for the round's other events may be about them. */
static void free_closed(struct origin *origin) {
    for (struct connection **link = &origin->connections; *link != NULL;) {
        struct connection *connection = *link;
        if (connection->fd >= 0) {
            link = &connection->next;
            continue;
        }
        *link = connection->next;
        free(connection);
    }
    origin->some_closed = false;
    accept_from_now_on(origin, true);
}

/* The buffer is not cleared: pages of it that no request reaches are never there. */
static struct connection *new_connection(struct origin *origin, int fd, int host) {
    struct connection *connection = malloc(sizeof *connection);
    if (connection == NULL)
        return NULL;
    memset(connection, 0, offsetof(struct connection, text));
    connection->parser = (struct http_parser){0};
    connection->have = 0;
    connection->origin = origin;
    connection->fd = fd;
    connection->host = host;
    connection->events = EPOLLIN | EPOLLRDHUP;
    connection->next = origin->connections;
    origin->connections = connection;
    struct epoll_event event = {.events = connection->events, .data.ptr = connection};
    epoll_ctl(origin->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    record_connection(connection, 1);
    return connection;
}

/* The last byte of the address that it came to. */
static int host_of(int fd) {
    struct sockaddr_in address = {0};
    getsockname(fd, (struct sockaddr *)(void *)&address, &(socklen_t){sizeof address});
    return (int)(ntohl(address.sin_addr.s_addr) & 0xff);
}

/* One a round: a client that closes a connection and opens another has then been seen to close it. */
static void accept_one(struct origin *origin) {
    int fd = accept4(origin->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE))
        accept_from_now_on(origin, false);
    if (fd >= 0 && new_connection(origin, fd, host_of(fd)) == NULL)
        close(fd);
}

void connection_due(struct connection *connection, int64_t due_ns) {
    connection->due_ns = due_ns;
    if (due_ns < connection->origin->next_due_ns)
        connection->origin->next_due_ns = due_ns;
}

/* ---- Exchanges ---- */

/* Drops the request that was answered; what follows it is the next one's beginning. */
static void forget_request(struct connection *connection) {
    size_t size = connection->parser.request.size_bytes;
    connection->have -= size;
    memmove(connection->in, connection->in + size, connection->have);
    http_begin(&connection->parser);
}

/* Returns whether there was a whole request, which is now being answered. */
static bool take_request(struct connection *connection) {
    enum http_progress progress = http_parse(&connection->parser, connection->in, connection->have);
    if (progress == HTTP_REQUEST)
        answer_begin(connection);
    if (progress == HTTP_REFUSED)
        answer_refusal(connection);
    return progress == HTTP_REQUEST || progress == HTTP_REFUSED;
}

/* As far as it gets: one exchange behind the other, where the client has sent several. */
static void go_on(struct connection *connection) {
    while (connection->fd >= 0) {
        if (connection->stage == READING && !take_request(connection))
            break;
        if (connection->fd < 0 || !answer_go_on(connection))
            break;
        forget_request(connection);
        connection->stage = READING;
    }
    if (connection->fd >= 0)
        watch(connection, connection->stage == SENDING && connection->due_ns == 0);
}

/* Returns what recv(2) did. */
static ssize_t receive(struct connection *connection) {
    ssize_t got = recv(connection->fd, connection->in + connection->have,
                       sizeof connection->in - connection->have, 0);
    if (got > 0) {
        connection->have += (size_t)got;
        go_on(connection);
    }
    return got;
}

static void handle(struct connection *connection, uint32_t events) {
    if (connection->fd >= 0 && connection->stage == READING) {
        ssize_t got = receive(connection);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            connection_close(connection);
    } else if (connection->fd >= 0 && (events & EPOLLOUT) != 0) {
        go_on(connection);
    }
}

/* To its end at once: what it has sent before still counts, answers that are due do not. */
static void handle_end(struct connection *connection) {
    while (connection->fd >= 0) {
        bool is_reading = connection->stage == READING;
        if (is_reading && receive(connection) > 0)
            continue;
        if (!is_reading)
            record_end(connection, GIVEN_UP);
        connection_close(connection);
    }
}

/* Those whose latency is over, or who may have some more bytes of a slow body. */
static void handle_due(struct origin *origin) {
    int64_t now = monotonic_ns();
    if (now < origin->next_due_ns)
        return;
    origin->next_due_ns = INT64_MAX;
    for (struct connection *each = origin->connections; each != NULL; each = each->next) {
        if (each->due_ns == 0)
            continue;
        if (each->due_ns > now) {
            connection_due(each, each->due_ns);
            continue;
        }
        each->due_ns = 0;
        go_on(each);
    }
}

/* ---- The loop ---- */

/* Ends first, new connections last: what a client did one after the other, such as giving up a request
 * and sending another, must not look as if it was at once. */
static void handle_all(struct origin *origin, const struct epoll_event *events, int count) {
    const uint32_t ends = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    bool has_caller = false;
    for (int i = 0; i < count; i++)
        if (events[i].data.ptr != NULL && events[i].data.ptr != origin &&
            (events[i].events & ends) != 0)
            handle_end(events[i].data.ptr);
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == NULL)
            has_caller = true;
        else if (events[i].data.ptr == origin)
            eventfd_read(origin->wake_fd, &(eventfd_t){0});
        else if ((events[i].events & ends) == 0)
            handle(events[i].data.ptr, events[i].events);
    }
    if (has_caller)
        accept_one(origin);
}

static void *run_origin(void *context) {
    struct epoll_event events[BATCH];
    struct origin *origin = context;
    int64_t due_ns = INT64_MAX;
    for (;;) {
        int wait_ms = due_ns == INT64_MAX ? -1 : milliseconds_left(due_ns);
        int count = epoll_wait(origin->epoll_fd, events, BATCH, wait_ms);
        pthread_mutex_lock(&origin->lock);
        handle_all(origin, events, count);
        handle_due(origin);
        if (origin->some_closed)
            free_closed(origin);
        due_ns = origin->next_due_ns;
        pthread_mutex_unlock(&origin->lock);
    }
    return NULL;
}

/* ---- Starting ---- */

/* All of 127.0.0.0/8 is ours (RFC 1122, section 3.2.1.3), and of the other addresses we hear nothing:
 * what is bound to a device takes no packets from others (socket(7), SO_BINDTODEVICE). */
static int listen_on_loopback(void) {
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof "lo") < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) < 0 ||
        bind(fd, (const struct sockaddr *)(const void *)&any, sizeof any) < 0 ||
        listen(fd, BACKLOG) < 0)
        unmeasured("the origin can't listen: %s", strerror(errno));
    return fd;
}

static void add_to_epoll(const struct origin *origin, int fd, void *context) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = context};
    if (fd < 0 || epoll_ctl(origin->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        unmeasured("the origin can't wait: %s", strerror(errno));
}

/* Signals are for the test's own thread. */
static void start_thread(struct origin *origin) {
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, NULL, run_origin, origin);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        unmeasured("no thread for the origin: %s", strerror(error));
    pthread_detach(thread);
}

static bool has_started;

bool test_has_origin(void) {
    return has_started;
}

struct origin *start_origin(void) {
    struct origin *origin = calloc(1, sizeof *origin);
    take_own_network();
    if (origin == NULL)
        unmeasured("out of memory");
    pthread_mutex_init(&origin->lock, NULL);
    origin->accepts = true;
    origin->next_due_ns = INT64_MAX;
    origin->listen_fd = listen_on_loopback();
    origin->port = net_local_port(origin->listen_fd);
    origin->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    origin->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    add_to_epoll(origin, origin->listen_fd, NULL);
    add_to_epoll(origin, origin->wake_fd, origin);
    start_thread(origin);
    has_started = true;
    return origin;
}

int origin_port(const struct origin *origin) {
    return origin->port;
}

const char *origin_url(struct origin *origin, int host, const char *path) {
    char *url = NULL;
    if (asprintf(&url, "http://127.0.0.%d:%d%s", host, origin->port, path) < 0)
        unmeasured("out of memory");
    return url;
}

const char *origin_urls(struct origin *origin, int hosts, const char *path, int count) {
    char *text = NULL;
    size_t length = 0;
    FILE *lines = open_memstream(&text, &length);
    for (int i = 0; lines != NULL && i < count; i++)
        fprintf(lines, "http://127.0.0.%d:%d%s%d\n", 1 + i % hosts, origin->port, path, i);
    if (lines == NULL || fclose(lines) != 0)
        unmeasured("out of memory");
    return text;
}
