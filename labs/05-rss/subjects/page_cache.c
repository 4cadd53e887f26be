/*
 * page_cache: writes KIB to FILE, reads it back, and drops it from the page cache. It reproduces the
 * container that "uses 2 GiB" while its only process uses 2 MiB: what goes through files stays in
 * memory and is charged to the group, though to no process. Near the limit the kernel drops it, so
 * the group's number alone is no alarm. On tmpfs, as /tmp and /dev/shm often are, nothing drops: the
 * file is memory until it is removed.
 *
 *     wrote KIB     written, by pieces of 64 KiB
 *     read KIB      and read back; it never left the page cache
 *     dropped LEFT  KiB that the page cache still holds: 0 on a disk, KIB on tmpfs
 */
#include <fcntl.h>

#include "marks.h"

static char buffer[BUFFER_BYTES];
static const char *name;

static void or_die(bool good) {
    if (!good)
        err(EXIT_FAILURE, "%s", name);
}

static void remove_file(void) {
    unlink(name);
}

/* Looks at the page cache through a mapping; no page is touched, so no process has more for it. */
static int64_t cached_kib(int fd, size_t bytes) {
    size_t pages = (bytes + page_bytes() - 1) / page_bytes(), count = 0;
    void *mapped = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    or_die(mapped != MAP_FAILED);
    for (size_t i = 0; i < pages; i++) {
        unsigned char here;
        or_die(mincore((char *)mapped + i * page_bytes(), 1, &here) == 0);
        count += here & 1;
    }
    munmap(mapped, bytes);
    return (int64_t)(count * page_bytes() / 1024);
}

int main(int argc, char **argv) {
    char **words = start(argc, argv, 2, 2, "FILE KIB");
    name = words[0];
    int64_t kib = number_in(words[1], 1, MOST_KIB), left = kib << 10;
    /* never over a file that is there: it is removed at the end */
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    or_die(fd >= 0);
    atexit(remove_file);

    for (ssize_t count; left > 0; left -= count) {
        count = write(fd, buffer, left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES);
        or_die(count > 0);
    }
    mark("wrote", kib);

    ssize_t count;
    or_die(lseek(fd, 0, SEEK_SET) == 0);
    while ((count = read(fd, buffer, sizeof buffer)) > 0)
        continue;
    or_die(count == 0);
    mark("read", kib);

    /* only what is on the disk already can be dropped, so it is written out first */
    or_die(fdatasync(fd) == 0);
    errno = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    or_die(errno == 0);
    mark("dropped", cached_kib(fd, (size_t)kib << 10));
    return done();
}
