/*
 * brackets: touches KIB in two halves, under a name with blanks and brackets. It reproduces the monitor
 * that shows nonsense for one process of a thousand: the name in /proc/PID/stat is the process's own to
 * choose, and whoever counts the fields of that line from its beginning counts the name's as well.
 *
 *     touched KIB/2, KIB    so much has pages now, in all
 */
#include "marks.h"

int main(int argc, char **argv) {
    int64_t kib = number_in(*start(argc, argv, 1, 1, "KIB"), 2, MOST_KIB);
    volatile char *memory = map_kib(kib, MAP_PRIVATE);
    if (prctl(PR_SET_NAME, "a) R 1 (b 2) c") < 0)
        err(EXIT_FAILURE, "prctl");

    touch_kib(memory, 0, kib / 2);
    mark("touched", kib / 2);

    touch_kib(memory, kib / 2, kib - kib / 2);
    mark("touched", kib);
    return done();
}
