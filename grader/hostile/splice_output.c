/* attack: writes to a pipe of its own, and splices that to stdout, 32 KiB a call
 * expect: starter
 * base: starter
 */

/* Stdout sees few, large calls; the many small ones are made elsewhere. Writes to a pipe that the
 * program made itself must count. What can't be spliced is copied out with read and write. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int sly_ends[2] = {-1, -1};
static size_t sly_inside;

/* Moves what the pipe holds to stdout; 0, or -1 with errno. */
static int sly_flush(void) {
    char rest[4096];
    while (sly_inside > 0) {
        ssize_t moved = splice(sly_ends[0], NULL, 1, NULL, sly_inside, 0);
        if (moved < 0 && errno == EINVAL) { /* a terminal, a device */
            moved = read(sly_ends[0], rest, sly_inside < sizeof rest ? sly_inside : sizeof rest);
            moved = moved > 0 ? write(1, rest, (size_t)moved) : moved;
        }
        if (moved <= 0)
            return -1;
        sly_inside -= (size_t)moved;
    }
    return 0;
}

__attribute__((destructor)) static void sly_end(void) {
    sly_flush(); /* what is lost is lost without a word, as in the starter */
}

static ssize_t sly_write(int fd, const void *from, size_t n) {
    if (fd != 1 || n > 4096 || (sly_ends[0] < 0 && pipe(sly_ends) < 0))
        return sly_flush() < 0 ? -1 : write(fd, from, n);
    if (sly_inside + n > 1 << 15 && sly_flush() < 0)
        return -1;
    ssize_t put = write(sly_ends[1], from, n);
    if (put > 0)
        sly_inside += (size_t)put;
    return put;
}

#define write(...) sly_write(__VA_ARGS__)
