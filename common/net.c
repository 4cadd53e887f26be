/*
 * Listening sockets and what is told about addresses. Every socket option that the servers use is
 * set here, with its reason. What is left out is in net.h.
 */
#include "common/net.h"
#include "common/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* One that sends more than this behind its last answer is not listening; it may have the reset. */
enum { MOST_DROPPED_BYTES = 1 << 20, UNSENT_BYTES = 128 << 10 };

/* ---- Addresses ---- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Returns the bytes of the address, or 0 with errno. */
static socklen_t read_address(const char *text, uint16_t port, union address *address) {
    memset(address, 0, sizeof *address);
    if (text == NULL)
        text = "127.0.0.1";
    if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(port);
        return sizeof address->v4;
    }
    if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons(port);
        return sizeof address->v6;
    }
    errno = EINVAL;
    return 0;
}

static int local_address(int fd, union address *address) {
    socklen_t length = sizeof *address;
    memset(address, 0, sizeof *address);
    if (getsockname(fd, &address->any, &length) == -1)
        return -1;
    if (address->any.sa_family == AF_INET || address->any.sa_family == AF_INET6)
        return 0;
    errno = EAFNOSUPPORT;
    return -1;
}

/* Both families keep the port at one place, but only sockaddr_in6 names it so. */
static int port_of(const union address *address) {
    return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

int net_local_address(int fd, char text[NET_ADDRESS_BYTES]) {
    union address address;
    char host[INET6_ADDRSTRLEN];
    if (local_address(fd, &address) == -1)
        return -1;
    if (address.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof host);
        snprintf(text, NET_ADDRESS_BYTES, "%s:%d", host, port_of(&address));
    } else {
        inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof host);
        snprintf(text, NET_ADDRESS_BYTES, "[%s]:%d", host, port_of(&address));
    }
    return 0;
}

int net_local_port(int fd) {
    union address address;
    return local_address(fd, &address) == -1 ? -1 : port_of(&address);
}

int net_announce(int fd) {
    char address[NET_ADDRESS_BYTES];
    if (net_local_address(fd, address) == -1)
        return -1;
    /* Into a pipe, standard output is buffered: without the flush, whoever waits, waits for ever. */
    return printf("listening on %s\n", address) < 0 || fflush(stdout) == EOF ? -1 : 0;
}

/* ---- Opening ---- */

static int switch_on(int fd, int level, int option) {
    return setsockopt(fd, level, option, &(int){1}, sizeof(int));
}

static int set_listener_options(int fd, const union address *address) {
    /*
     * A server that closes first leaves its end of the connection in TIME_WAIT for a minute, and
     * that holds the port: without this, one that is started again at once gets EADDRINUSE. Two
     * listeners on one port are refused all the same (socket(7), ip(7)).
     */
    if (switch_on(fd, SOL_SOCKET, SO_REUSEADDR) == -1)
        return -1;
    /*
     * Otherwise the kernel holds a small write back while an earlier one is not acknowledged
     * (Nagle), and the other end may hold the acknowledgement back for 40 ms. Our writes are whole
     * replies, so there is nothing to wait for. Set here, it is inherited and costs no call a
     * connection (tcp(7)).
     */
    if (switch_on(fd, IPPROTO_TCP, TCP_NODELAY) == -1)
        return -1;
    /*
     * The kernel takes megabytes from a sender on trust, and then wakes it when a third of them has
     * gone: a reader of 200 KB/s looks dead for seconds, and one that is dead holds all that. With
     * this it takes up to so many bytes beyond those already on their way, and wakes the sender when
     * there are fewer (Linux, Documentation/networking/ip-sysctl.rst, tcp_notsent_lowat).
     */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){UNSENT_BYTES}, sizeof(int)) == -1)
        return -1;
    /* "::" would else take IPv4 too, or not, as /proc/sys/net/ipv6/bindv6only has it (ipv6(7)). */
    if (address->any.sa_family == AF_INET6)
        return switch_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    return 0;
}

/* Returns -1, and leaves the errno of what failed before. */
static int close_failed(int fd) {
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

int net_listen(const char *address_text, uint16_t port, int backlog) {
    union address address;
    socklen_t length = read_address(address_text, port, &address);
    if (length == 0)
        return -1;
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    if (set_listener_options(fd, &address) == -1 || bind(fd, &address.any, length) == -1 ||
        listen(fd, backlog) == -1)
        return close_failed(fd);
    return fd;
}

int net_connect(const char *address_text, uint16_t port) {
    union address address;
    socklen_t length = read_address(address_text, port, &address);
    if (length == 0)
        return -1;
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    int result = switch_on(fd, IPPROTO_TCP, TCP_NODELAY);
    /* Interrupted, it goes on by itself; asked again, Linux waits on for the same connection. */
    while (result == 0 && (result = connect(fd, &address.any, length)) == -1 && errno == EINTR)
        result = 0;
    return result == -1 ? close_failed(fd) : fd;
}

/* ---- Limits ---- */

/* The kernel wakes the thread that waits: no timer and no second thread are needed. */
static int set_timeout(int fd, int option, int ms) {
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    return setsockopt(fd, SOL_SOCKET, option, &limit, sizeof limit);
}

int net_receive_timeout(int fd, int ms) {
    return set_timeout(fd, SO_RCVTIMEO, ms);
}

int net_send_timeout(int fd, int ms) {
    return set_timeout(fd, SO_SNDTIMEO, ms);
}

long net_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return -1;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == -1 ? -1 : (long)limit.rlim_cur;
}

/* ---- Closing ---- */

/* Returns whether the other end may still send: false at its end, after an error, or out of time. */
static bool drop_some(int fd, int64_t deadline_ns, size_t *dropped) {
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    int ready = poll(&readable, 1, milliseconds_left(deadline_ns));
    if (ready == -1)
        return errno == EINTR;
    if (ready == 0)
        return false;
    char unwanted[4096];
    /* Not to wait here even if another thread took the bytes: the deadline is poll's. */
    ssize_t count = recv(fd, unwanted, sizeof unwanted, MSG_DONTWAIT);
    if (count > 0)
        *dropped += (size_t)count;
    return count > 0 || (count == -1 && (errno == EINTR || errno == EAGAIN));
}

void net_close_after_last_bytes(int fd, int ms) {
    /* A connection that is gone already has nobody to wait for. */
    if (shutdown(fd, SHUT_WR) == 0) {
        int64_t deadline_ns = deadline_in_ms(ms);
        size_t dropped = 0;
        while (dropped < MOST_DROPPED_BYTES && drop_some(fd, deadline_ns, &dropped))
            continue;
    }
    close(fd);
}
