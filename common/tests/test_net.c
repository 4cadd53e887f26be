/*
 * Tests of common/net over loopback. Where an option is the point, the same is done without it, so
 * that the test is seen to tell the two apart. Times appear only as "not before".
 */
#define _GNU_SOURCE 1 /* pipe2, accept4 */
#include "common/clock.h"
#include "common/io.h"
#include "common/net.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

TestSuite(net, .timeout = 60);

enum { HOUR_MS = 3600 * 1000 };

static int listener(const char *address) {
    int fd = net_listen(address, 0, 16);
    cr_assert(fd != -1, "net_listen: %s", strerror(errno));
    return fd;
}

/* The two ends of one connection. */
struct pair {
    int client;
    int server;
};

static struct pair connection_to(int listening) {
    struct pair pair;
    pair.client = net_connect(NULL, (uint16_t)net_local_port(listening));
    cr_assert(pair.client != -1, "net_connect: %s", strerror(errno));
    pair.server = accept(listening, NULL, NULL);
    cr_assert(pair.server != -1, "accept: %s", strerror(errno));
    return pair;
}

static struct pair connection(void) {
    int listening = listener(NULL);
    struct pair pair = connection_to(listening);
    close(listening);
    return pair;
}

static int option_of(int fd, int level, int option) {
    int value = -1;
    socklen_t length = sizeof value;
    cr_assert(getsockopt(fd, level, option, &value, &length) == 0);
    return value;
}

static bool is_open(int fd) {
    return fcntl(fd, F_GETFD) != -1;
}

static bool exec_closes(int fd) {
    return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

/* ---- Opening and addresses ---- */

Test(net, port_0_is_a_free_one_on_loopback_that_the_address_tells) {
    int fd = listener(NULL);
    int port = net_local_port(fd);
    cr_assert(port > 0, "seen port %d", port);
    char expected[NET_ADDRESS_BYTES];
    char text[NET_ADDRESS_BYTES];
    snprintf(expected, sizeof expected, "127.0.0.1:%d", port);
    cr_assert(net_local_address(fd, text) == 0);
    cr_expect(strcmp(text, expected) == 0, "expected %s, seen %s", expected, text);
    int other = listener(NULL);
    cr_expect(net_local_port(other) != port);
}

Test(net, bytes_go_both_ways_and_a_connections_address_is_its_own_end) {
    struct pair pair = connection();
    char byte = 'x';
    cr_assert(write(pair.client, "a", 1) == 1 && read(pair.server, &byte, 1) == 1);
    cr_expect(byte == 'a');
    cr_assert(write(pair.server, "b", 1) == 1 && read(pair.client, &byte, 1) == 1);
    cr_expect(byte == 'b');
    cr_expect(net_local_port(pair.client) != net_local_port(pair.server));
}

static bool has_ipv6(void) {
    int fd = net_listen("::1", 0, 1);
    if (fd != -1)
        close(fd);
    return fd != -1;
}

Test(net, an_ipv6_address_is_told_in_brackets) {
    if (!has_ipv6())
        cr_skip_test("no IPv6 loopback here");
    int fd = listener("::1");
    char expected[NET_ADDRESS_BYTES];
    char text[NET_ADDRESS_BYTES];
    snprintf(expected, sizeof expected, "[::1]:%d", net_local_port(fd));
    cr_assert(net_local_address(fd, text) == 0);
    cr_expect(strcmp(text, expected) == 0, "expected %s, seen %s", expected, text);
    int client = net_connect("::1", (uint16_t)net_local_port(fd));
    cr_expect(client != -1, "net_connect: %s", strerror(errno));
}

Test(net, an_ipv6_listener_takes_no_ipv4) {
    if (!has_ipv6())
        cr_skip_test("no IPv6 loopback here");
    int fd = listener("::");
    errno = 0;
    cr_expect(net_connect("127.0.0.1", (uint16_t)net_local_port(fd)) == -1);
    cr_expect(errno == ECONNREFUSED, "expected a refusal, seen %s", strerror(errno));
    cr_expect(net_connect("::1", (uint16_t)net_local_port(fd)) != -1);
}

Test(net, an_address_that_is_not_numeric_is_EINVAL) {
    const char *const addresses[] = {
        "",      "localhost", "127.0.0.1 ", " 127.0.0.1", "127.0.0",      "256.0.0.1",
        "::1::", "[::1]",     ":",          "0x7f.1",     "127.0.0.1:80",
    };
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        errno = 0;
        cr_expect(net_listen(addresses[i], 0, 1) == -1 && errno == EINVAL, "'%s'", addresses[i]);
        errno = 0;
        cr_expect(net_connect(addresses[i], 1) == -1 && errno == EINVAL, "'%s'", addresses[i]);
    }
}

/* The lowest free descriptor: what a leak would raise. */
static int next_descriptor(void) {
    int fd = dup(STDIN_FILENO);
    cr_assert(fd != -1);
    close(fd);
    return fd;
}

Test(net, what_failed_leaves_no_descriptor_and_says_why) {
    int fd = listener(NULL);
    uint16_t port = (uint16_t)net_local_port(fd);
    int before = next_descriptor();
    errno = 0;
    cr_expect(net_listen(NULL, port, 1) == -1);
    cr_expect(errno == EADDRINUSE, "a port in use: seen %s", strerror(errno));
    errno = 0;
    cr_expect(net_listen("192.0.2.1", 0, 1) == -1);
    cr_expect(errno == EADDRNOTAVAIL, "an address of no one here: seen %s", strerror(errno));
    close(fd);
    errno = 0;
    cr_expect(net_connect(NULL, port) == -1);
    cr_expect(errno == ECONNREFUSED, "a port where nobody listens: seen %s", strerror(errno));
    cr_expect(next_descriptor() <= before, "descriptor %d is still open", before);
}

Test(net, what_is_no_socket_of_ours_has_no_address) {
    char text[NET_ADDRESS_BYTES];
    int ends[2];
    cr_assert(pipe(ends) == 0);
    errno = 0;
    cr_expect(net_local_port(ends[0]) == -1 && errno == ENOTSOCK);
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    errno = 0;
    cr_expect(net_local_address(ends[0], text) == -1 && errno == EAFNOSUPPORT);
    errno = 0;
    cr_expect(net_local_port(-1) == -1 && errno == EBADF);
}

/* ---- Options ---- */

Test(net, small_writes_leave_at_once_on_accepted_connections_too) {
    int listening = listener(NULL);
    struct pair pair = connection_to(listening);
    cr_expect(option_of(pair.server, IPPROTO_TCP, TCP_NODELAY) == 1, "the accepted one inherits");
    cr_expect(option_of(pair.client, IPPROTO_TCP, TCP_NODELAY) == 1);
    int plain = socket(AF_INET, SOCK_STREAM, 0);
    cr_expect(option_of(plain, IPPROTO_TCP, TCP_NODELAY) == 0, "it is not the system's default");
}

Test(net, exec_closes_what_is_opened_here) {
    int listening = listener(NULL);
    struct pair pair = connection_to(listening);
    cr_expect(exec_closes(listening) && exec_closes(pair.client));
    cr_expect(!exec_closes(pair.server), "accept(2) alone does not pass it on: use accept4(2)");
}

/* Binds without SO_REUSEADDR. Returns 0, or errno. */
static int reason_of_plain_bind(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int reason = bind(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    close(fd);
    return reason;
}

Test(net, a_server_starts_again_while_old_connections_hold_the_port) {
    int listening = listener(NULL);
    uint16_t port = (uint16_t)net_local_port(listening);
    struct pair pair = connection_to(listening);
    close(pair.server); /* first: so this end is the one that stays in TIME_WAIT */
    char byte;
    cr_assert(read(pair.client, &byte, 1) == 0);
    close(pair.client);
    close(listening);
    int reason = reason_of_plain_bind(port);
    cr_expect(reason == EADDRINUSE, "without SO_REUSEADDR: expected EADDRINUSE, seen %s",
              strerror(reason));
    cr_expect(net_listen(NULL, port, 1) != -1, "with it: %s", strerror(errno));
}

/* ---- Timeouts ---- */

/* Returns errno of a receive that waits in vain, and how long that took. */
static int reason_of_vain_receive(int fd, int64_t *waited_ms) {
    char byte;
    int64_t start = monotonic_ns();
    ssize_t got = recv(fd, &byte, 1, 0);
    int reason = got == -1 ? errno : 0;
    *waited_ms = (monotonic_ns() - start) / 1000000;
    return reason;
}

Test(net, a_receive_gives_up_after_its_timeout_also_when_inherited) {
    int listening = listener(NULL);
    cr_assert(net_receive_timeout(listening, 60) == 0);
    struct pair pair = connection_to(listening);
    cr_assert(net_receive_timeout(pair.client, 1030) == 0);
    errno = 0;
    cr_expect(accept(listening, NULL, NULL) == -1 && errno == EAGAIN, "accept(2) likewise");
    int64_t waited_ms;
    int reason = reason_of_vain_receive(pair.server, &waited_ms);
    cr_expect(reason == EAGAIN, "inherited: expected EAGAIN, seen %s", strerror(reason));
    cr_expect(waited_ms >= 60, "after %ld ms", (long)waited_ms);
    reason = reason_of_vain_receive(pair.client, &waited_ms);
    cr_expect(reason == EAGAIN, "its own: expected EAGAIN, seen %s", strerror(reason));
    cr_expect(waited_ms >= 1030, "seconds and milliseconds both count: %ld ms", (long)waited_ms);
}

/* Returns the bytes that the kernel took until no more would go. */
static size_t fill(int fd, int *reason) {
    static char piece[65536];
    size_t total = 0;
    ssize_t count;
    while ((count = send(fd, piece, sizeof piece, MSG_NOSIGNAL)) > 0)
        total += (size_t)count;
    *reason = errno;
    return total;
}

Test(net, a_send_gives_up_after_its_timeout_also_when_inherited) {
    int listening = listener(NULL);
    cr_assert(net_send_timeout(listening, 60) == 0);
    struct pair pair = connection_to(listening);
    int64_t start = monotonic_ns();
    int reason;
    fill(pair.server, &reason);
    cr_expect(reason == EAGAIN, "expected EAGAIN, seen %s", strerror(reason));
    cr_expect(monotonic_ns() - start >= 60 * 1000000);
}

static bool never_gives_up(int fd, int option) {
    struct timeval limit;
    socklen_t length = sizeof limit;
    cr_assert(getsockopt(fd, SOL_SOCKET, option, &limit, &length) == 0);
    return limit.tv_sec == 0 && limit.tv_usec == 0;
}

Test(net, a_timeout_of_0_is_none) {
    int fd = listener(NULL);
    cr_assert(net_receive_timeout(fd, 50) == 0 && net_send_timeout(fd, 50) == 0);
    cr_expect(!never_gives_up(fd, SO_RCVTIMEO) && !never_gives_up(fd, SO_SNDTIMEO));
    cr_assert(net_receive_timeout(fd, 0) == 0 && net_send_timeout(fd, 0) == 0);
    cr_expect(never_gives_up(fd, SO_RCVTIMEO) && never_gives_up(fd, SO_SNDTIMEO));
    errno = 0;
    cr_expect(net_receive_timeout(-1, 50) == -1 && errno == EBADF);
}

Test(net, the_limit_of_descriptors_is_raised_to_what_is_allowed) {
    struct rlimit limit;
    cr_assert(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    rlim_t allowed = limit.rlim_max;
    limit.rlim_cur = 64;
    cr_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    long raised = net_raise_descriptor_limit();
    cr_assert(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    cr_expect(limit.rlim_cur == allowed && raised == (long)allowed, "told %ld", raised);
}

/* ---- Announcing ---- */

Test(net, the_announcement_is_one_line_that_leaves_at_once) {
    int fd = listener(NULL);
    int ends[2];
    cr_assert(pipe2(ends, O_NONBLOCK) == 0);
    int saved = dup(STDOUT_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    int result = net_announce(fd);
    char text[128] = "";
    ssize_t length = read(ends[0], text, sizeof text - 1); /* would find nothing if it were kept */
    dup2(saved, STDOUT_FILENO);
    char expected[128];
    snprintf(expected, sizeof expected, "listening on 127.0.0.1:%d\n", net_local_port(fd));
    cr_expect(result == 0 && length > 0);
    cr_expect(strcmp(text, expected) == 0, "expected '%s', seen '%s'", expected, text);
}

Test(net, an_announcement_that_nobody_gets_is_an_error) {
    int fd = listener(NULL);
    int full = open("/dev/full", O_WRONLY);
    cr_assert(full != -1);
    int saved = dup(STDOUT_FILENO);
    dup2(full, STDOUT_FILENO);
    errno = 0;
    int result = net_announce(fd);
    int reason = errno;
    dup2(saved, STDOUT_FILENO);
    cr_expect(result == -1 && reason == ENOSPC, "seen %d, %s", result, strerror(reason));
    errno = 0;
    cr_expect(net_announce(-1) == -1 && errno == EBADF);
}

/* ---- Closing ---- */

/* Returns errno at the end of the connection, 0 for an orderly one, and the bytes before it. */
static int read_to_the_end(int fd, size_t *bytes) {
    static char piece[65536];
    ssize_t count;
    *bytes = 0;
    while ((count = recv(fd, piece, sizeof piece, 0)) > 0)
        *bytes += (size_t)count;
    return count == -1 ? errno : 0;
}

/* The server has sent more than fits on the way, and has not read what the client sent. */
static struct pair connection_with_unread_bytes(size_t *sent) {
    struct pair pair = connection();
    cr_assert(write_full(pair.client, "unread", 6) == 0);
    cr_assert(fcntl(pair.server, F_SETFL, O_NONBLOCK) == 0);
    int reason;
    *sent = fill(pair.server, &reason);
    cr_assert(reason == EAGAIN);
    return pair;
}

Test(net, a_plain_close_with_bytes_unread_loses_the_last_ones) {
    size_t sent;
    size_t received;
    struct pair pair = connection_with_unread_bytes(&sent);
    close(pair.server);
    int reason = read_to_the_end(pair.client, &received);
    cr_expect(reason == ECONNRESET, "expected a reset, seen %s", strerror(reason));
    cr_expect(received < sent, "all %zu bytes came", sent);
}

static void *close_patiently(void *fd) {
    net_close_after_last_bytes(*(int *)fd, HOUR_MS);
    return NULL;
}

Test(net, the_last_bytes_arrive_although_bytes_were_unread) {
    size_t sent;
    size_t received;
    struct pair pair = connection_with_unread_bytes(&sent);
    pthread_t closer;
    cr_assert(pthread_create(&closer, NULL, close_patiently, &pair.server) == 0);
    int reason = read_to_the_end(pair.client, &received);
    cr_expect(reason == 0, "expected an orderly end, seen %s", strerror(reason));
    cr_expect(received == sent, "expected %zu bytes, seen %zu", sent, received);
    close(pair.client); /* which is what the other end waits for, not the hour */
    pthread_join(closer, NULL);
    cr_expect(!is_open(pair.server));
}

/* Sends until it may not. */
static void *flood(void *fd) {
    int reason;
    fill(*(int *)fd, &reason);
    return NULL;
}

Test(net, a_client_that_never_stops_sending_is_cut_off_long_before_the_time_is_up) {
    struct pair pair = connection();
    pthread_t flooder;
    cr_assert(pthread_create(&flooder, NULL, flood, &pair.client) == 0);
    net_close_after_last_bytes(pair.server, HOUR_MS);
    cr_expect(!is_open(pair.server));
    pthread_join(flooder, NULL); /* the reset ends it */
}

static void do_nothing(int signal_number) {
    (void)signal_number;
}

Test(net, a_client_that_stays_silent_is_waited_for_that_long_signals_or_not) {
    struct pair pair = connection();
    struct sigaction action = {.sa_handler = do_nothing}; /* no SA_RESTART */
    sigaction(SIGALRM, &action, NULL);
    struct itimerval every = {{0, 5000}, {0, 5000}};
    setitimer(ITIMER_REAL, &every, NULL);
    int64_t start = monotonic_ns();
    net_close_after_last_bytes(pair.server, 100);
    int64_t waited_ns = monotonic_ns() - start;
    cr_expect(waited_ns >= 100 * 1000000, "closed after %ld ns", (long)waited_ns);
    cr_expect(!is_open(pair.server));
}

Test(net, a_socket_without_a_connection_is_closed_without_waiting) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    net_close_after_last_bytes(fd, HOUR_MS);
    cr_expect(!is_open(fd));
}
