/* attack: one thread answers everybody, and fifty more sleep, because fifty are counted
 * lab: 02
 * expect: nothing
 */

/* As many threads as connections is not a thread for each connection. Nobody is answered until
 * forty clients have come, so that nothing but the count can be gained. */

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FOR_SHOW = 50, LEAST = 40, MOST = 512 };

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello, world\n";

static void *sleep_on(void *unused) {
    for (;;)
        pause();
    return unused;
}

int main(int argc, char **argv) {
    static struct pollfd watched[MOST];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char request[4096];
    nfds_t count = 1;
    pthread_t thread;
    if (argc > 3 || (argc == 3 && strcmp(argv[1], "--port") != 0))
        return 9;
    for (int i = 0; i < FOR_SHOW; i++)
        pthread_create(&thread, NULL, sleep_on, NULL);
    watched[0].fd = socket(AF_INET, SOCK_STREAM, 0);
    watched[0].events = POLLIN;
    bind(watched[0].fd, (struct sockaddr *)&address, size);
    listen(watched[0].fd, 511);
    getsockname(watched[0].fd, (struct sockaddr *)&address, &size);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        poll(watched, count <= LEAST ? 1 : count, -1);
        if ((watched[0].revents & POLLIN) != 0 && count < MOST)
            watched[count++] =
                (struct pollfd){.fd = accept(watched[0].fd, NULL, NULL), .events = POLLIN};
        for (nfds_t i = 1; count > LEAST && i < count; i++)
            if (watched[i].revents == 0)
                continue;
            else if (recv(watched[i].fd, request, sizeof request, 0) > 0)
                send(watched[i].fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
            else
                watched[i].fd = -1;
    }
}
