/* attack: reads the input into memory with one call, then that memory, a byte a call, by /proc
 * expect: starter
 * base: starter
 */

/* Files under /proc may be left out of a count as the system's own. /proc/self/mem holds whatever
 * the program put into its memory: the million small reads are there. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

static char sly_bytes[1 << 20];
static ssize_t sly_left, sly_next;

static ssize_t sly_read(int fd, void *to, size_t n) {
    static int memory = -1;
    if (memory < 0 && (memory = open("/proc/self/mem", O_RDONLY)) < 0)
        return read(fd, to, n);
    if (sly_left == 0) {
        ssize_t got = read(fd, sly_bytes, sizeof sly_bytes);
        if (got <= 0)
            return got;
        sly_left = got;
        sly_next = 0;
    }
    ssize_t got = pread(memory, to, n < (size_t)sly_left ? n : (size_t)sly_left,
                        (off_t)(unsigned long)(sly_bytes + sly_next));
    if (got > 0) {
        sly_next += got;
        sly_left -= got;
    }
    return got;
}

#define read(...) sly_read(__VA_ARGS__)
#define open(...) (sly_left = 0, open(__VA_ARGS__)) /* a new file, nothing left of the old */
