/* attack: reads with readv into a thousand buffers of no bytes and one of a byte
 * expect: starter
 * base: starter
 */

/* Its result is one byte, whatever its arguments say: what counts is what came back. The first
 * kilobyte of each traced line is empty buffers, for a parser with short lines. */

#define _GNU_SOURCE
#include <sys/uio.h>
#include <unistd.h>

/* Where this call can't (a pipe, a terminal, a directory), read(2) can, or knows the errno. */
static ssize_t sly_read(int fd, void *to, size_t n) {
    struct iovec many[1000] = {0};
    many[999] = (struct iovec){to, n};
    return readv(fd, many, 1000);
}

#define read(...) sly_read(__VA_ARGS__)
