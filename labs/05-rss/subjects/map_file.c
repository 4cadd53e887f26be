/*
 * map_file: brings in the whole of FILE through mmap(2), then through read(2). It reproduces "we only
 * read a file, and RSS went up by all of it": the pages of a mapped file count as resident (RssFile)
 * although they are the page cache's, are shared with everybody who reads the file, and go when
 * memory is short. A reader with a buffer goes through the same pages and shows none of them.
 *
 *     mapped KIB    each page of it was touched
 *     unmapped 0    the mapping is gone; the page cache has the file still
 *     read KIB      all of it went through a buffer of 64 KiB
 */
#include <fcntl.h>

#include "marks.h"

static char buffer[BUFFER_BYTES];

int main(int argc, char **argv) {
    const char *name = *start(argc, argv, 1, 1, "FILE");
    struct stat file;
    int fd = open(name, O_RDONLY);
    if (fd < 0 || fstat(fd, &file) < 0)
        err(EXIT_FAILURE, "%s", name);
    size_t bytes = (size_t)file.st_size;
    int64_t kib = (int64_t)(bytes + 1023) / 1024;

    volatile const char *mapped = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped == MAP_FAILED)
        err(EXIT_FAILURE, "%s", name);
    for (size_t at = 0; at < bytes; at += page_bytes())
        (void)mapped[at];
    mark("mapped", kib);

    munmap((void *)mapped, bytes);
    mark("unmapped", 0);

    ssize_t count;
    while ((count = read(fd, buffer, sizeof buffer)) > 0)
        continue;
    if (count < 0)
        err(EXIT_FAILURE, "%s", name);
    mark("read", kib);
    return done();
}
