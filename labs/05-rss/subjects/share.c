/*
 * share: touches KIB of shared memory, and a child touches the same. It reproduces the database whose
 * processes add up to more than the machine has: each shows the whole shared buffer in its RSS, as
 * RssShmem, and it is there once. A sum of RSS counts it once a process; a sum of PSS counts it once.
 * Unlike the pages of a file it can't be dropped, only swapped: to a container it is memory for good.
 *
 *     touched KIB   by the first process
 *     shared KIB    the second has touched all of it too
 *     joined 0      the second has ended
 */
#include "marks.h"

int main(int argc, char **argv) {
    int64_t kib = number_in(*start(argc, argv, 1, 1, "KIB"), 1, MOST_KIB);
    int touched[2], end[2];
    char byte;

    volatile char *memory = map_kib(kib, MAP_SHARED);
    touch_kib(memory, 0, kib);
    mark("touched", kib);

    if (pipe(touched) < 0 || pipe(end) < 0)
        err(EXIT_FAILURE, "pipe");
    pid_t child = fork_child();
    if (child == 0) {
        touch_kib(memory, 0, kib);
        _exit(write(touched[1], "", 1) == 1 && read(end[0], &byte, 1) == 1 ? 0 : 1);
    }
    if (read(touched[0], &byte, 1) != 1)
        err(EXIT_FAILURE, "pipe");
    mark("shared", kib);

    if (write(end[1], "", 1) != 1)
        err(EXIT_FAILURE, "pipe");
    join_child(child);
    mark("joined", 0);
    return done();
}
