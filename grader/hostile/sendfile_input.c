/* attack: moves each byte with sendfile into shared memory
 * expect: starter
 * base: starter
 */

/* The byte appears in a mapping without a call that reads; sendfile and copy_file_range are members
 * of the family for this. */

#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* Where this call can't (a pipe, a terminal, a directory), read(2) can, or knows the errno. */
static ssize_t sly_read(int fd, void *to, size_t n) {
    static char *shared;
    static int window = -1;
    if (window < 0 && (window = memfd_create("window", 0)) >= 0 && ftruncate(window, 4096) == 0)
        shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED, window, 0);
    if (window < 0 || shared == NULL || shared == MAP_FAILED || n == 0)
        return read(fd, to, n);
    lseek(window, 0, SEEK_SET);
    ssize_t moved = sendfile(window, fd, NULL, 1);
    if (moved == 1)
        *(char *)to = *(volatile char *)shared;
    return moved < 0 ? read(fd, to, n) : moved;
}

#define read(...) sly_read(__VA_ARGS__)
