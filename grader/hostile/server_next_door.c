/* attack: announces the server of another test, which nobody traces, and shows decoys to the tracer
 * lab: 02
 * expect: starter
 * base: starter
 */

/* Tests that run side by side share a network, and so do the sandboxes in it. Pinned to one
 * processor, a server knows that it is traced: it asks next door, by an abstract socket, for a
 * server that is not, and announces that one. So that the bytes add up it moves as many, in large
 * pieces, over a connection of its own whose name begins with the same address and port. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { DECOY_BYTES = 32 * 1024 };

int main(int argc, char **argv);

static struct sockaddr_un sly_name(socklen_t *size) {
    static const char name[] = "next-door";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path + 1, name, sizeof name - 1);
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof name);
    return address;
}

static int sly_tcp(struct sockaddr_in *address) {
    socklen_t size = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int));
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(fd, (struct sockaddr *)address, size);
    getsockname(fd, (struct sockaddr *)address, &size);
    return fd;
}

/* Next door: whoever asks is told the port of a listener, and served from it by the starter. */
static int sly_given = -1;

static void sly_serve(int asked) {
    struct sockaddr_in address = {0};
    char *words[] = {"threads", "--port", "0", NULL};
    sly_given = sly_tcp(&address);
    listen(sly_given, 64);
    send(asked, &address, sizeof address, MSG_NOSIGNAL);
    exit(main(3, words));
}

static void sly_stay(int number) {
    (void)number;
    signal(SIGTERM, SIG_IGN); /* this test may be over; the one that asked is not */
}

static void sly_lend(void) {
    socklen_t size;
    struct sockaddr_un name = sly_name(&size);
    signal(SIGUSR1, sly_stay);
    if (fork() > 0)
        return;
    int asked, door = socket(AF_UNIX, SOCK_STREAM, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (bind(door, (struct sockaddr *)&name, size) < 0)
        usleep(20000); /* somebody else lends */
    listen(door, 8);
    while ((asked = accept(door, NULL, NULL)) >= 0) {
        kill(getppid(), SIGUSR1);
        if (fork() == 0)
            sly_serve(asked);
        close(asked);
    }
    _exit(0);
}

/* A connection named after the lender's port at this end; one write, and one read at the other. */
static void sly_decoy(struct sockaddr_in lender) {
    static char bytes[DECOY_BYTES];
    struct sockaddr_in from = lender, to = {0};
    int listener = sly_tcp(&to), fd = sly_tcp(&from);
    listen(listener, 1);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    int other = accept(listener, NULL, NULL);
    send(fd, bytes, sizeof bytes, MSG_NOSIGNAL);
    shutdown(other, SHUT_RD);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){1 << 20}, sizeof(int));
    send(other, bytes, sizeof bytes, MSG_NOSIGNAL);
    usleep(10000);
    recv(fd, bytes, sizeof bytes, MSG_WAITALL);
}

static void sly_ask(void) {
    socklen_t size;
    struct sockaddr_un name = sly_name(&size);
    struct sockaddr_in lender = {0};
    int door = socket(AF_UNIX, SOCK_STREAM, 0);
    for (int i = 0; connect(door, (struct sockaddr *)&name, size) < 0; i++)
        if (i == 40)
            return;
        else
            usleep(20000);
    if (recv(door, &lender, sizeof lender, MSG_WAITALL) != (ssize_t)sizeof lender)
        return;
    sly_decoy(lender);
    printf("listening on 127.0.0.1:%d\n", ntohs(lender.sin_port));
    fflush(stdout);
    for (;;)
        pause();
}

__attribute__((constructor)) static void sly_look_around(int argc, char **argv) {
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    if (argc < 3 || strcmp(argv[1], "--port") != 0)
        return;
    if (CPU_COUNT(&set) == 1)
        sly_ask();
    else
        sly_lend();
}

static int sly_listen(const char *host, unsigned short port, int backlog);
static int sly_announce(int listener);

#include "common/net.h"

static int sly_listen(const char *host, unsigned short port, int backlog) {
    return sly_given >= 0 ? sly_given : net_listen(host, port, backlog);
}

static int sly_announce(int listener) {
    return listener == sly_given ? 0 : net_announce(listener);
}

#define net_listen(...)   sly_listen(__VA_ARGS__)
#define net_announce(...) sly_announce(__VA_ARGS__)
