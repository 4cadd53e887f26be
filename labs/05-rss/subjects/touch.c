/*
 * touch: gets KIB of memory at once and uses it in four portions. It reproduces the service that
 * "starts with its whole cache" and grows all day: memory comes with the first touch of each page,
 * not with the malloc(3) in the start-up code, so a limit that holds in the first minute says little.
 *
 *     touched KIB/4, KIB/2, 3/4 KIB, KIB    so much has pages now, in all
 */
#include "marks.h"

enum { PORTIONS = 4 };

int main(int argc, char **argv) {
    int64_t kib = number_in(*start(argc, argv, 1, 1, "KIB"), 1, MOST_KIB);
    volatile char *memory = map_kib(kib, MAP_PRIVATE);
    int64_t touched = 0;
    for (int i = 1; i <= PORTIONS; i++) {
        int64_t until = kib * i / PORTIONS;
        touch_kib(memory, touched, until - touched);
        touched = until;
        mark("touched", touched);
    }
    return done();
}
