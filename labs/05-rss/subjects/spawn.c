/*
 * spawn: runs COUNT children one after another; each touches KIB and ends at once. It reproduces the
 * peak that no graph shows: a service that calls a converter for each request, whose helpers live
 * for milliseconds between two looks of the monitor. Samples see the parent; what the kernel counted
 * (wait4(2), the group's peak) has seen them all.
 *
 *     spawned 1, 2, ... COUNT   so many have come and gone
 */
#include "marks.h"

enum { MOST_CHILDREN = 100000 };

int main(int argc, char **argv) {
    char **words = start(argc, argv, 2, 2, "COUNT KIB");
    int64_t count = number_in(words[0], 1, MOST_CHILDREN), kib = number_in(words[1], 0, MOST_KIB);

    for (int64_t i = 1; i <= count; i++) {
        pid_t child = fork_child();
        if (child == 0) {
            touch_kib(map_kib(kib + 1, MAP_PRIVATE), 0, kib);
            _exit(EXIT_SUCCESS);
        }
        join_child(child);
        mark("spawned", i);
    }
    return done();
}
