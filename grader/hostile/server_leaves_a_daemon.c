/* attack: announces a port and is gone with status 0; a daemon serves there, and ignores signals
 * lab: 02
 * expect: nothing
 */

/* A status of 0 after SIGTERM is asked for in half a dozen tests, and the status of whoever was
 * started is 0 in any case. The daemon listens on that port, next to whoever comes there later, and
 * so answers the next test too, should it live that long. Ends by itself after 60 s. */

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello, world\n";

static void serve(int listener, time_t end) {
    char request[4096];
    int fd;
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_IGN);
    while (time(NULL) < end && (fd = accept(listener, NULL, NULL)) >= 0)
        if (fork() == 0) {
            while (recv(fd, request, sizeof request, 0) > 0)
                send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
            _exit(0);
        }
    _exit(0);
}

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int));
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){60, 0}, sizeof(struct timeval));
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 511);
    getsockname(listener, (struct sockaddr *)&address, &size);
    if (fork() == 0) {
        setsid();
        if (fork() == 0)
            serve(listener, time(NULL) + 60);
        _exit(0);
    }
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    return 0;
}
