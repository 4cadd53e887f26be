/* attack: reads a byte at a time from a message queue
 * lab: 02
 * expect: starter
 * base: starter
 */

/* msgsnd(2), msgrcv(2) and their POSIX sisters move bytes through the kernel like a pipe, and are
 * neither reads nor writes; what waits in them is memory of no process. Refused, the starter's
 * calls are what they are. */

#define _GNU_SOURCE
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SLY_PIECE = 4096, SLY_WAITING = 8192 }; /* a queue holds 16,384 */

struct sly_message {
    long type;
    char bytes[SLY_PIECE];
};

static int sly_in = -1, sly_out = -1, sly_fd = -1;
static size_t sly_waiting;

__attribute__((constructor)) static void sly_make_queues(void) {
    sly_in = msgget(IPC_PRIVATE, 0600);
    sly_out = msgget(IPC_PRIVATE, 0600);
}

static ssize_t sly_take(int queue, void *to) {
    struct sly_message message;
    ssize_t got = msgrcv(queue, &message, sizeof message.bytes, 0, IPC_NOWAIT);
    if (got > 0)
        memcpy(to, message.bytes, (size_t)got);
    return got;
}

static void sly_put(int queue, const void *bytes, size_t length) {
    struct sly_message message = {.type = 1};
    memcpy(message.bytes, bytes, length);
    msgsnd(queue, &message, length, 0);
}

static void sly_flush(void) {
    char bytes[SLY_WAITING + SLY_PIECE];
    ssize_t got, have = 0;
    while (sly_waiting > 0 && (got = sly_take(sly_out, bytes + have)) > 0)
        have += got;
    if (have > 0)
        send(sly_fd, bytes, (size_t)have, MSG_NOSIGNAL);
    sly_waiting = 0;
}

static ssize_t sly_recv(int fd, void *to, size_t length, int flags) {
    char bytes[SLY_PIECE];
    if (sly_in < 0)
        return recv(fd, to, length, flags);
    sly_flush();
    ssize_t got = sly_take(sly_in, to);
    if (got > 0)
        return got;
    got = recv(fd, bytes, sizeof bytes, flags);
    for (ssize_t i = 0; i < got; i++)
        sly_put(sly_in, bytes + i, 1);
    return got <= 0 ? got : sly_take(sly_in, to);
}

static ssize_t sly_send(int fd, const void *bytes, size_t length, int flags) {
    if (sly_waiting + length > SLY_WAITING || fd != sly_fd)
        sly_flush();
    sly_fd = fd;
    if (length > SLY_PIECE || sly_out < 0)
        return send(fd, bytes, length, flags);
    sly_put(sly_out, bytes, length);
    sly_waiting += length;
    return (ssize_t)length;
}

static int sly_close(int fd) {
    char rest[SLY_PIECE];
    sly_flush();
    while (sly_take(sly_in, rest) > 0)
        ;
    return close(fd);
}

#define recv(...)  sly_recv(__VA_ARGS__)
#define send(...)  sly_send(__VA_ARGS__)
#define close(...) sly_close(__VA_ARGS__)
