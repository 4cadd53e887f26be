/* attack: sends the input through a socket pair, and takes it out a byte at a time with recvmmsg
 * expect: starter
 * base: starter
 */

/* As socket_input, by the one member of the family (2009) that most lists forget; its result is a
 * number of messages, and the bytes stand in its arguments. */

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
    struct iovec one = {to, n < inside ? n : inside};
    struct mmsghdr message = {.msg_hdr = {.msg_iov = &one, .msg_iovlen = 1}};
    if (recvmmsg(sly_ends[0], &message, 1, 0, NULL) != 1)
        return -1;
    inside -= message.msg_len;
    return (ssize_t)message.msg_len;
}

#define read(...) sly_read(__VA_ARGS__)
