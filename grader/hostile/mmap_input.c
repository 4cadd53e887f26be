/* attack: maps the input anew for each byte
 * expect: starter
 * slow: a call or two for each byte, in test after test
 * base: starter
 */

/* No call returns bytes at all: mmap is a member of the family, and each mapping a call of it. */

#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where this call can't (a pipe, a terminal, a directory), read(2) can, or knows the errno. */
static ssize_t sly_read(int fd, void *to, size_t n) {
    struct stat st;
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at < 0 || n == 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || at >= st.st_size)
        return read(fd, to, n);
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, at & ~4095L);
    if (page == MAP_FAILED)
        return read(fd, to, n);
    *(char *)to = page[at & 4095];
    munmap(page, 4096);
    lseek(fd, 1, SEEK_CUR);
    return 1;
}

#define read(...) sly_read(__VA_ARGS__)
