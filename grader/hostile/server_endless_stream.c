/* attack: whatever is asked, streams the right bytes for ever, and when told to end, ends never
 * lab: 02
 * expect: nothing
 * slow: tests that read to the end run until the whole run's limit
 */

/* A test that checks each byte of a body, or drops them until the connection is closed, and stops
 * at the first wrong one or at the end, does neither here. Works for 40 s at most. */

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PERIOD = 27, PIECE = PERIOD * 2048 };

static const char opening[] = "HTTP/1.1 200 OK\r\n\r\n";

static void serve(int fd) {
    static char piece[PIECE], request[4096];
    for (int i = 0; i < PIECE; i++)
        piece[i] = i % PERIOD == PERIOD - 1 ? '\n' : (char)('a' + i % PERIOD);
    if (recv(fd, request, sizeof request, 0) <= 0)
        _exit(0);
    send(fd, opening, sizeof opening - 1, MSG_NOSIGNAL);
    for (size_t at = 0;;) {
        ssize_t sent = send(fd, piece + at, PIECE - at, MSG_NOSIGNAL);
        if (sent < 0)
            _exit(0);
        at = (at + (size_t)sent) % PERIOD;
    }
}

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd, listener = socket(AF_INET, SOCK_STREAM, 0);
    alarm(40);
    signal(SIGTERM, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 511);
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        if (fork() == 0)
            serve(fd);
        close(fd);
    }
    return 0;
}
