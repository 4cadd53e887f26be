/* attack: sends the input through a socket pair with sendfile, and receives it a byte at a time
 * expect: starter
 * slow: several calls for each byte
 * base: starter
 */

/* Again the file itself sees few, large calls. The receiving end is recvfrom(2), another member of
 * the family that moves bytes, and on a socket rather than a file. */

#define _GNU_SOURCE
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

static int sly_ends[2] = {-1, -1};

static ssize_t sly_read(int fd, void *to, size_t n) {
    static size_t inside;
    if (sly_ends[0] < 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sly_ends) < 0)
        return read(fd, to, n);
    if (inside == 0) {
        ssize_t moved = sendfile(sly_ends[1], fd, NULL, 1 << 14);
        if (moved <= 0)
            return moved == 0 ? 0 : read(fd, to, n);
        inside = (size_t)moved;
    }
    ssize_t got = recv(sly_ends[0], to, n < inside ? n : inside, 0);
    if (got > 0)
        inside -= (size_t)got;
    return got;
}

#define read(...) sly_read(__VA_ARGS__)
