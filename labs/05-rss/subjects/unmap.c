/*
 * unmap: allocates KIB in one block and frees it. It is the other half of the story of `keep`: "this
 * program frees and its memory goes down, that one frees and it does not". A large block (from
 * 128 KiB on) gets a mapping of its own, and free(3) unmaps it at once. Only this once: after that
 * glibc takes blocks of that size from the heap (mallopt(3), M_MMAP_THRESHOLD), up to 32 MiB.
 *
 *     allocated KIB   in use
 *     freed KIB       so much was given back to the kernel
 */
#include "marks.h"

enum { LEAST_KIB = 256 };

int main(int argc, char **argv) {
    int64_t kib = number_in(*start(argc, argv, 1, 1, "KIB"), LEAST_KIB, MOST_KIB);

    char *block = malloc((size_t)kib << 10);
    if (block == NULL)
        err(EXIT_FAILURE, "malloc");
    touch_kib(block, 0, kib);
    mark("allocated", kib);

    free(block);
    mark("freed", kib);
    return done();
}
