/*
 * reserve: asks for KIB of memory, uses a quarter of it, and gives it back. It reproduces the alarm
 * that was none: "the process has 40 GiB and the machine has 16". What was asked for is address
 * space (VmSize); memory is what was touched (VmRSS), and a runtime that reserves its heap in one
 * piece, as most with a garbage collector do, asks for far more than it touches.
 *
 *     reserved KIB     asked for, nothing touched
 *     touched KIB/4    a quarter has pages now
 *     dropped 0        the pages are given back, the addresses are not
 */
#include "marks.h"

int main(int argc, char **argv) {
    int64_t kib = number_in(*start(argc, argv, 1, 1, "KIB"), 1, MOST_KIB);

    volatile char *memory = map_kib(kib, MAP_PRIVATE);
    mark("reserved", kib);

    touch_kib(memory, 0, kib / 4);
    mark("touched", kib / 4);

    /* MADV_DONTNEED gives back at once; MADV_FREE only when somebody else is short of memory */
    if (madvise((void *)memory, (size_t)kib << 10, MADV_DONTNEED) < 0)
        err(EXIT_FAILURE, "madvise");
    mark("dropped", 0);
    return done();
}
