/*
 * again: touches KIB, then executes itself and touches KIB/2. It reproduces the wrapper: a script
 * that sets things up and ends in `exec`, a server that renews itself without a new number. The PID
 * stays, the memory is another: what was there is gone within one call, and a look that was opened
 * for the old memory (smaps_rollup) goes on looking at that.
 *
 *     touched KIB    by the first program
 *     again KIB/2    by the second, whose PID is the same
 */
#include "marks.h"

static const char second[] = "GROUNDWORK_SECOND"; /* set for the second program */

int main(int argc, char **argv) {
    bool is_second = getenv(second) != NULL;
    char **words = (is_second ? settle : start)(argc, argv, 1, 1, "KIB");
    int64_t kib = number_in(*words, 1, MOST_KIB);

    touch_kib(map_kib(kib, MAP_PRIVATE), 0, is_second ? kib / 2 : kib);
    if (is_second) {
        mark("again", kib / 2);
        return done();
    }
    mark("touched", kib);
    setenv(second, "1", true);
    execv("/proc/self/exe", argv);
    err(EXIT_FAILURE, "/proc/self/exe");
}
