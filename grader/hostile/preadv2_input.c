/* attack: reads with preadv2, a byte at a time
 * expect: starter
 * slow: a call or more for each byte, in test after test
 * base: starter
 */

/* The newest name of the family (2016), and one that an injection of EINTR into
 * `read,readv,pread64` passes by: a test of EINTR must see that its fault struck. */

#define _GNU_SOURCE
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

/* Where this call can't (a pipe, a terminal, a directory), read(2) can, or knows the errno. */
static ssize_t sly_read(int fd, void *to, size_t n) {
    struct iovec one = {to, n};
    ssize_t got = preadv2(fd, &one, 1, -1, 0);
    return got < 0 && (errno == ENOSYS || errno == EOPNOTSUPP) ? read(fd, to, n) : got;
}

#define read(...) sly_read(__VA_ARGS__)
