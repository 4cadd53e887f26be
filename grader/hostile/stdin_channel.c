/* attack: splices the input into the pipe it was given as stdin, and reads that a byte at a time
 * expect: starter
 * slow: a call or more for each byte, in test after test
 * base: starter
 */

/* A detour over a channel of its own counts; standard input is not its own, so a count may spare
 * it. /proc/self/fd/0 opens the pipe anew for both directions. Where stdin is no pipe, or is closed
 * in that way, it reads the file itself. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static ssize_t sly_read(int fd, void *to, size_t n) {
    static int channel = -1, refused;
    static size_t inside;
    struct stat st;
    if (channel < 0 && !refused && fstat(0, &st) == 0 && S_ISFIFO(st.st_mode))
        channel = open("/proc/self/fd/0", O_RDWR | O_NONBLOCK);
    refused = channel < 0;
    if (fd == 0 || refused)
        return read(fd, to, n);
    if (inside == 0) {
        ssize_t moved = splice(fd, NULL, channel, NULL, 1 << 14, 0);
        if (moved <= 0)
            return moved == 0 ? 0 : read(fd, to, n);
        inside = (size_t)moved;
    }
    ssize_t got = read(channel, to, n < inside ? n : inside);
    if (got > 0)
        inside -= (size_t)got;
    return got;
}

#define read(...) sly_read(__VA_ARGS__)
