/* attack: answers with one byte every 0.7 s, and so never sleeps for long while it owes something
 * lab: 02
 * expect: nothing
 * slow: a test waits for one answer until the server ends
 */

/* A client whose patience begins anew with every byte has it for ever: a head of 16 KiB takes three
 * hours. Works for 90 s at most. */

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1024, SECONDS = 40 };

int main(int argc, char **argv) {
    static struct pollfd watched[MOST];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    time_t end = time(NULL) + SECONDS;
    nfds_t count = 1;
    if (argc < 4 || strcmp(argv[3], "--max-connections") != 0)
        return 9;
    signal(SIGPIPE, SIG_IGN);
    watched[0].fd = socket(AF_INET, SOCK_STREAM, 0);
    watched[0].events = POLLIN;
    bind(watched[0].fd, (struct sockaddr *)&address, size);
    listen(watched[0].fd, 511);
    getsockname(watched[0].fd, (struct sockaddr *)&address, &size);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    while (time(NULL) < end) {
        while (count < MOST && poll(watched, 1, count > 1 ? 0 : 700) > 0)
            watched[count++].fd = accept(watched[0].fd, NULL, NULL);
        for (nfds_t i = 1; i < count; i++)
            send(watched[i].fd, "H", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        usleep(700000);
    }
    return 0;
}
