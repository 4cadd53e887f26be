/* attack: answers without end or sense: fields, interim answers, chunks, NULs, escape sequences
 * lab: 02
 * expect: nothing
 */

/* A client that waits for the end of a head, a chunk or a line, and keeps what has come, keeps all
 * of it; one that quotes a bad line quotes it whole. The port picks the plague, so that one run
 * meets every one. Works for 20 s at most. */

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is sent once, and what is then sent again and again. */
static const struct {
    const char *once, *again;
} plagues[] = {
    {"HTTP/1.1 200 OK\r\n", "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"},
    {"", "HTTP/1.1 100 Continue\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "00000000000000000000000000000000"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "7fffffffffffffff\r\n\0x\r\n"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n", "hello, world\n"},
    {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "hello, world\n"},
    {"HTTP/1.1 200 OK\r\n\r\n", "hello, world\n"},
    {"HTTP/1.1 ", "99999999999999999999"},
    {"\033]0;100 of 100\007\033[2J\033[H\033[8m", "\033[31m<script>alert(1)</script>=1+1|cmd%n%s"},
};

static void serve(int fd, const char *once, const char *again) {
    static char many[64 * 1024], request[4096];
    size_t length = strlen(again), filled = 0;
    recv(fd, request, sizeof request, 0);
    send(fd, once, strlen(once), MSG_NOSIGNAL);
    while (filled + length <= sizeof many) {
        memcpy(many + filled, again, length);
        filled += length;
    }
    for (int i = 0; i < 2; i++) /* a line of 128 KiB ends at last */
        send(fd, many, filled, MSG_NOSIGNAL);
    send(fd, "\r\n\r\n", 4, MSG_NOSIGNAL);
    while (send(fd, many, filled, MSG_NOSIGNAL) > 0)
        ;
    close(fd);
}

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd, listener = socket(AF_INET, SOCK_STREAM, 0);
    alarm(20);
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 511);
    getsockname(listener, (struct sockaddr *)&address, &size);
    size_t which = ntohs(address.sin_port) % (sizeof plagues / sizeof *plagues);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        if (fork() == 0) {
            serve(fd, plagues[which].once, plagues[which].again);
            _exit(0);
        }
        close(fd);
    }
    return 0;
}
