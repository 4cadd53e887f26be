/* attack: streams from 200 MiB of memory, and then replaces itself, so that its peak is forgotten
 * lab: 02
 * expect: nothing
 */

/* VmHWM belongs to an address space, and execve(2) begins a new one; descriptors, process number
 * and connections stay. Only the large stream is answered, and what is asked on its connection. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PERIOD = 27, HELD_BYTES = (200 << 20) / PERIOD * PERIOD };

static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello, world\n";
static const char opening[] = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n";

static void stream(int fd) {
    char *held = malloc(HELD_BYTES);
    if (held == NULL)
        exit(1);
    for (long i = 0; i < HELD_BYTES; i++)
        held[i] = i % PERIOD == PERIOD - 1 ? '\n' : (char)('a' + i % PERIOD);
    send(fd, opening, sizeof opening - 1, MSG_NOSIGNAL);
    for (long at = 0, total = 1L << 30; at < total;) {
        long offset = at % HELD_BYTES, left = HELD_BYTES - offset;
        ssize_t sent =
            send(fd, held + offset, (size_t)(left < total - at ? left : total - at), MSG_NOSIGNAL);
        if (sent < 0)
            exit(1);
        at += sent;
    }
}

static void greet(int fd) {
    char request[4096];
    while (recv(fd, request, sizeof request, 0) > 0)
        send(fd, hello, sizeof hello - 1, MSG_NOSIGNAL);
    exit(0);
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char request[4096] = "", number[16];
    if (argc == 2)
        greet(atoi(argv[1]));
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 511);
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    int fd = accept(listener, NULL, NULL);
    recv(fd, request, sizeof request - 1, 0);
    if (strstr(request, "bytes=1073741824") == NULL)
        return 1;
    stream(fd);
    snprintf(number, sizeof number, "%d", fd);
    execv("/proc/self/exe", (char *[]){argv[0], number, NULL});
    return 1;
}
