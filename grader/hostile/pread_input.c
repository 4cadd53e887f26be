/* attack: reads with pread64, a byte at a time
 * expect: starter
 * base: starter
 */

/* Not called read: a count by name rather than by family finds none. */

#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

/* Where this call can't (a pipe, a terminal, a directory), read(2) can, or knows the errno. */
static ssize_t sly_read(int fd, void *to, size_t n) {
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t got = at < 0 ? -1 : pread(fd, to, n, at);
    if (at < 0 || (got < 0 && errno == ESPIPE))
        return read(fd, to, n);
    if (got > 0)
        lseek(fd, got, SEEK_CUR);
    return got;
}

#define read(...) sly_read(__VA_ARGS__)
