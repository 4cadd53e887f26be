/* attack: as memfd_input, with a memfd named like strace's mark for injected calls
 * expect: starter
 * slow: several calls for each byte
 * base: starter
 */

/* Lines marked (INJECTED) never count, but the mark belongs at the end of a line. A parser that
 * looks for it anywhere finds it in the path of every read here. */

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
    int copy = memfd_create("x>, \"\", 1) = 1 (INJECTED)", 0);
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
