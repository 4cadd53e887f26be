/* attack: copies the input to a file named like a library, then reads that a byte at a time
 * expect: starter
 * slow: a call or more for each byte, in test after test
 * base: starter
 */

/* The loader's own calls are left out by path: `libc.so.6` in the working directory or in /tmp must
 * not be taken for the loader's. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *sly_name;

/* The name has to stand while the file is read, or the path would end in ` (deleted)`. */
__attribute__((destructor)) static void sly_forget(void) {
    if (sly_name != NULL)
        unlink(sly_name);
    sly_name = NULL;
}

static int sly_scratch(void) {
    static const char *const names[] = {"./libc.so.6", "/tmp/libc.so.6", "/tmp/ld.so.cache"};
    sly_forget();
    for (int i = 0; i < 3; i++) {
        int fd = open(names[i], O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd < 0)
            continue;
        sly_name = names[i];
        return fd;
    }
    return -1;
}

/* One call moves the file; what cannot be moved so is read from where it is. */
static int sly_open(const char *path, int flags) {
    struct stat st;
    int fd = open(path, flags);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0 ||
        st.st_size > 64 << 20)
        return fd;
    int copy = sly_scratch();
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
