/* attack: hands its output to the pipe with vmsplice, one small piece a call
 * expect: starter
 * slow: several calls for each byte
 * base: starter
 */

/* vmsplice gives a pipe the program's own pages: no call of the write family puts a byte out. Where
 * stdout is no pipe it writes. Each piece has a page of its own until the pipe has surely passed it
 * on. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SLY_PAGE = 4096, SLY_PAGES = 2048 }; /* more than a pipe has room for */

static ssize_t sly_write(int fd, const void *from, size_t n) {
    static char *ring;
    static unsigned next;
    if (ring == NULL)
        ring = aligned_alloc(SLY_PAGE, (size_t)SLY_PAGE * SLY_PAGES);
    if (ring == NULL || n == 0 || n > SLY_PAGE)
        return write(fd, from, n);
    char *page = ring + (size_t)(next++ % SLY_PAGES) * SLY_PAGE;
    memcpy(page, from, n);
    struct iovec one = {page, n};
    ssize_t put = vmsplice(fd, &one, 1, 0);
    return put < 0 && (errno == EBADF || errno == EINVAL || errno == EPERM || errno == ENOSYS)
               ? write(fd, from, n)
               : put;
}

#define write(...) sly_write(__VA_ARGS__)
