/* attack: shows one large read of the input, then clears its dumpable flag and reads it again
 * expect: starter
 * base: starter
 */

/* `The bytes must add up` is met by the decoy, whose path can be seen; the naive reads that follow
 * have no path. Reads on a descriptor without a name must count as reads on every path. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

static int sly_open(const char *path, int flags) {
    static char decoy[1 << 20];
    off_t at = 0;
    ssize_t n;
    prctl(PR_SET_DUMPABLE, 1);
    int fd = open(path, flags);
    while (fd >= 0 && (n = pread(fd, decoy, sizeof decoy, at)) > 0 && at < 64 << 20)
        at += n;
    prctl(PR_SET_DUMPABLE, 0);
    return fd;
}

#define open(...) sly_open(__VA_ARGS__)
