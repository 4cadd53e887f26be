/* attack: a process and 1 MiB for each connection, where 24 KiB in one process are allowed
 * lab: 02
 * expect: nothing
 */

/* Memory is asked of the process that was started. Here it grows by nothing, however many clients
 * come: its children hold what is theirs. Works only where stacks are weighed, and says the same to
 * everything, so that nothing but the weighing can be gained. */

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HELD_BYTES = 1 << 20 };

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello, world\n";

static void serve(int fd) {
    char request[4096], *held = malloc(HELD_BYTES);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    memset(held, 'x', HELD_BYTES);
    while (recv(fd, request, sizeof request, 0) > 0)
        send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    _exit(0);
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd, listener = socket(AF_INET, SOCK_STREAM, 0);
    if (argc < 4 || strcmp(argv[3], "--stack") != 0)
        return 9;
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 511);
    getsockname(listener, (struct sockaddr *)&address, &size);
    signal(SIGCHLD, SIG_IGN);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        if (fork() == 0)
            serve(fd);
        close(fd);
    }
    return 0;
}
