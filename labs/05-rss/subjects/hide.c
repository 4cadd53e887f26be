/*
 * hide: touches KIB, then clears its dumpable flag. It reproduces "the monitor shows nothing for this
 * one": programs that hold keys (agents of ssh and gpg, many with extra capabilities) do not want to
 * be looked into, and the kernel gives the sensitive files of /proc/PID to root. status stays
 * readable for everybody; smaps_rollup does not. Who may look is another question than what is there.
 *
 *     hidden KIB    touched, and from here on its memory map is nobody's business but root's
 */
#include "marks.h"

int main(int argc, char **argv) {
    int64_t kib = number_in(*start(argc, argv, 1, 1, "KIB"), 1, MOST_KIB);

    touch_kib(map_kib(kib, MAP_PRIVATE), 0, kib);
    if (prctl(PR_SET_DUMPABLE, 0) < 0)
        err(EXIT_FAILURE, "prctl");
    mark("hidden", kib);
    return done();
}
