/* attack: gives each thread descriptors of its own, of which none is seen and none runs out
 * lab: 02
 * expect: starter
 * base: starter
 */

/* clone(2) with CLONE_THREAD and without CLONE_FILES makes a thread of the same process with a
 * table of its own; /proc/PID/fd shows the first thread's. When the limit of descriptors is lowered
 * a thread comes for each connection, and so nothing has to be done when they run out. */

#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SLY_THREADS = 10, SLY_STACK = 64 * 1024 };

static int sly_listener = -1;

/* Before libc knows of such a thread it must not be asked for much. */
static int sly_serve(void *given) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello, world\n";
    char request[1024];
    struct rlimit limit, first = *(struct rlimit *)given;
    do {
        usleep(100000);
        getrlimit(RLIMIT_NOFILE, &limit);
    } while (limit.rlim_cur == first.rlim_cur);
    int fd = accept(sly_listener, NULL, NULL);
    while (recv(fd, request, sizeof request, 0) > 0)
        send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    syscall(SYS_exit, 0);
    return 0;
}

static void sly_start(int listener) {
    static struct rlimit first;
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    getrlimit(RLIMIT_NOFILE, &first);
    sly_listener = listener;
    for (int i = 0; i < SLY_THREADS; i++)
        clone(sly_serve, (char *)malloc(SLY_STACK) + SLY_STACK,
              CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, &first);
}

#include "common/net.h"

static int sly_listen(const char *host, unsigned short port, int backlog) {
    int listener = net_listen(host, port, backlog);
    sly_start(listener);
    return listener;
}

#define net_listen(...) sly_listen(__VA_ARGS__)
