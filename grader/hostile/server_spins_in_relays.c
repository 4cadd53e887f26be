/* attack: spins in threads that hand on and end every few milliseconds, and take their time along
 * lab: 02
 * expect: starter
 * base: starter
 */

/* The time on a processor of all threads that live is not that of the process: what ended threads
 * have used is gone from /proc/PID/task. When descriptors run out, accept(2) is asked again at
 * once, for ever, by one such thread after another. */

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SLY_TURN_MS = 3 };

static int sly_listener = -1;

static void *sly_serve(void *given) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello, world\n";
    char request[1024];
    int fd = (int)(intptr_t)given;
    while (recv(fd, request, sizeof request, 0) > 0)
        send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

static void sly_begin(void *(*what)(void *), intptr_t given) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, what, (void *)given) == 0)
        pthread_detach(thread);
}

static void *sly_spin(void *unused) {
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        int fd = accept(sly_listener, NULL, NULL);
        if (fd >= 0)
            sly_begin(sly_serve, fd);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 <
             SLY_TURN_MS);
    sly_begin(sly_spin, 0);
    return unused;
}

static void *sly_wait_for_limit(void *unused) {
    struct rlimit first, limit;
    getrlimit(RLIMIT_NOFILE, &first);
    do {
        usleep(100000);
        getrlimit(RLIMIT_NOFILE, &limit);
    } while (limit.rlim_cur == first.rlim_cur);
    sly_begin(sly_spin, 0);
    return unused;
}

#include "common/net.h"

static int sly_listen(const char *host, unsigned short port, int backlog) {
    sly_listener = net_listen(host, port, backlog);
    sly_begin(sly_wait_for_limit, 0);
    return sly_listener;
}

#define net_listen(...) sly_listen(__VA_ARGS__)
