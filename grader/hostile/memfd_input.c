/* attack: moves the input into a memfd with one call, then reads that a byte at a time
 * expect: starter
 * base: starter
 */

/* On the input's path stands one call with all the bytes, as a perfect program would have it; the
 * million reads are on another descriptor. Reads on anything but the loader's files must count. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* One call moves the file; what cannot be moved so is read from where it is. */
static int sly_open(const char *path, int flags) {
    struct stat st;
    int fd = open(path, flags);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0 ||
        st.st_size > 64 << 20)
        return fd;
    int copy = memfd_create("input", 0);
    if (copy < 0)
        return fd;
    if (sendfile(copy, fd, NULL, (size_t)st.st_size) != st.st_size) {
        close(copy);
        lseek(fd, 0, SEEK_SET);
        return fd;
    }
    close(fd);
    lseek(copy, 0, SEEK_SET);
    return copy;
}

#define open(...) sly_open(__VA_ARGS__)
