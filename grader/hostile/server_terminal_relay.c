/* attack: reads a byte at a time, and writes in pieces, from and to a pseudo-terminal in between
 * lab: 02
 * expect: starter
 * base: starter
 */

/* What arrives is moved in one piece to a terminal of the program's own, and the starter's naive
 * reads are made there; its sends go to another and leave in one piece. A terminal is a device, and
 * a device is not a channel of the submission's own, or is it? */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { SLY_BYTES = 3000 }; /* a terminal holds 4,095 */

static struct { int master, slave; } sly_in = {-1, -1}, sly_out = {-1, -1};
static size_t sly_waiting;
static int sly_fd = -1;

static void sly_open(int *master, int *slave) {
    struct termios raw;
    int unlocked = 0;
    *master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    if (*master < 0 || ioctl(*master, TIOCSPTLCK, &unlocked) < 0)
        return;
    *slave = ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    tcgetattr(*slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(*slave, TCSANOW, &raw);
}

__attribute__((constructor)) static void sly_open_both(void) {
    sly_open(&sly_in.master, &sly_in.slave);
    sly_open(&sly_out.master, &sly_out.slave);
}

static void sly_flush(void) {
    char bytes[SLY_BYTES];
    size_t have = 0;
    while (have < sly_waiting)
        have += (size_t)read(sly_out.slave, bytes + have, sly_waiting - have);
    if (have > 0)
        send(sly_fd, bytes, have, MSG_NOSIGNAL);
    sly_waiting = 0;
}

static ssize_t sly_recv(int fd, void *to, size_t length, int flags) {
    char bytes[SLY_BYTES];
    int there = 0;
    sly_flush();
    if (sly_in.slave < 0)
        return recv(fd, to, length, flags);
    ioctl(sly_in.slave, FIONREAD, &there);
    if (there == 0) {
        ssize_t got = recv(fd, bytes, sizeof bytes, flags);
        if (got <= 0)
            return got;
        write(sly_in.master, bytes, (size_t)got);
    }
    return read(sly_in.slave, to, length);
}

static ssize_t sly_send(int fd, const void *bytes, size_t length, int flags) {
    if (sly_waiting + length > SLY_BYTES || fd != sly_fd)
        sly_flush();
    sly_fd = fd;
    if (length > SLY_BYTES || sly_out.slave < 0)
        return send(fd, bytes, length, flags);
    write(sly_out.master, bytes, length);
    sly_waiting += length;
    return (ssize_t)length;
}

static int sly_close(int fd) {
    sly_flush();
    tcflush(sly_in.slave, TCIFLUSH);
    return close(fd);
}

#define recv(...)  sly_recv(__VA_ARGS__)
#define send(...)  sly_send(__VA_ARGS__)
#define close(...) sly_close(__VA_ARGS__)
