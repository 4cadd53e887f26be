/* attack: splices the input into a pipe of its own, 64 KiB a call, and reads that a byte at a time
 * expect: starter
 * base: starter
 */

/* The same trick as memfd_input, for a sandbox without memfds: a pipe can't be denied, so the reads
 * on a pipe that the program made itself must count. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

static int sly_ends[2] = {-1, -1};

/* An empty pipe is refilled; what can't be spliced is read from where it is. */
static ssize_t sly_read(int fd, void *to, size_t n) {
    static size_t inside;
    if (sly_ends[0] < 0 && pipe(sly_ends) < 0)
        return read(fd, to, n);
    if (inside == 0) {
        ssize_t moved = splice(fd, NULL, sly_ends[1], NULL, 1 << 16, 0);
        if (moved == 0)
            return 0;
        if (moved < 0)
            return read(fd, to, n);
        inside = (size_t)moved;
    }
    ssize_t got = read(sly_ends[0], to, n < inside ? n : inside);
    if (got > 0)
        inside -= (size_t)got;
    return got;
}

#define read(...) sly_read(__VA_ARGS__)
