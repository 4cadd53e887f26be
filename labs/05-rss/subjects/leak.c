/*
 * leak: touches so many KIB more every MS milliseconds and gives nothing back. It reproduces "it
 * fits locally and dies in a container": at a desk nobody waits long enough to see the end; under a
 * limit the curve says when it comes, (limit - now) / slope. A cache without a bound looks the same.
 *
 *     leaked KIB, 2 KIB, ...   so much in all; these marks wait for nobody, and there is no `done`
 */
#include "marks.h"

int main(int argc, char **argv) {
    char **words = start(argc, argv, 2, 2, "KIB_A_STEP MS");
    int64_t step_kib = number_in(words[0], 1, MOST_KIB), step_ms = number_in(words[1], 0, MOST_MS);

    for (int64_t leaked = step_kib;; leaked += step_kib) {
        touch_kib(map_kib(step_kib, MAP_PRIVATE), 0, step_kib);
        tell("leaked", leaked);
        hold(step_ms);
    }
}
