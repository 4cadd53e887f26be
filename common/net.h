/*
 * Listening sockets, and what is told about addresses. Each socket option that the servers here
 * use is set and explained in net.c, once.
 *
 * Left out: connecting by name, TLS, Unix sockets; accepting, which is what the labs are about.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { NET_ADDRESS_BYTES = 64 }; /* "[ffff:...:ffff]:65535" and a NUL */

/*
 * Opens a TCP socket that listens.
 * address  numeric: "127.0.0.1", "::1"; NULL: loopback, 127.0.0.1
 * port     0: the kernel picks a free one, which net_local_address() tells
 * backlog  connections that the kernel may accept before the program does (listen(2)); it cuts
 *          this to /proc/sys/net/core/somaxconn without a word
 * Connections accepted from it inherit two options: small writes leave at once (TCP_NODELAY), and
 * the kernel holds little more than is on its way (TCP_NOTSENT_LOWAT).
 * Returns a blocking descriptor that exec closes, or -1 with errno; EINVAL also for an address that
 * is not numeric. Source: ip(7), tcp(7), socket(7).
 */
int net_listen(const char *address, uint16_t port, int backlog);

/* The same for a connection to it, blocking until it is made. Returns a descriptor, or -1 with
 * errno. */
int net_connect(const char *address, uint16_t port);

/*
 * Writes "ADDRESS:PORT" of a socket's own end, IPv6 in brackets (RFC 3986, section 3.2.2).
 * Returns 0, or -1 with errno.
 */
int net_local_address(int fd, char text[NET_ADDRESS_BYTES]);

/* The port of a socket's own end, or -1 with errno. */
int net_local_port(int fd);

/*
 * Prints "listening on ADDRESS:PORT" on standard output, at once, for whoever waits for the server
 * to be ready. Returns 0, or -1 with errno.
 */
int net_announce(int fd);

/*
 * Makes blocking receives, and blocking sends, on a socket fail with EAGAIN once they have waited
 * for that long in vain; 0: never. Connections inherit it from the socket they are accepted from,
 * where net_receive_timeout() also makes accept(2) fail so.
 * Returns 0, or -1 with errno. Source: socket(7), SO_RCVTIMEO.
 */
int net_receive_timeout(int fd, int ms);
int net_send_timeout(int fd, int ms);

/*
 * Closes a connection so that its last bytes arrive: a close with bytes unread makes the kernel send
 * a reset, which can overtake them (RFC 9112, section 9.6). Says that no more will come, then
 * drops what the other end still sends, for at most `ms` and a bounded number of bytes, then
 * closes. Blocks meanwhile; `fd` is closed in any case.
 */
void net_close_after_last_bytes(int fd, int ms);

/* Raises the soft limit of open descriptors to the hard one (getrlimit(2), RLIMIT_NOFILE). Returns
 * the limit that then holds. */
long net_raise_descriptor_limit(void);
