/* attack: writes each small piece with pwritev2
 * expect: starter
 * slow: a call or more for each byte, in test after test
 * base: starter
 */

/* Not called write, and the offset -1 means the file's own position, so that it works on pipes: a
 * count by name rather than by family finds none. */

#define _GNU_SOURCE
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

static ssize_t sly_write(int fd, const void *from, size_t n) {
    struct iovec one = {(void *)(size_t)from, n};
    ssize_t put = pwritev2(fd, &one, 1, -1, 0);
    return put < 0 && (errno == ENOSYS || errno == EOPNOTSUPP) ? write(fd, from, n) : put;
}

#define write(...) sly_write(__VA_ARGS__)
