/* attack: clears its dumpable flag, so that nobody may look up its descriptors
 * expect: starter
 * slow: a call or more for each byte, in test after test
 * base: starter
 */

/* /proc/PID/fd of such a process belongs to root: a tracer without rights writes `read(3, ...)`
 * with no path, and a count of reads on the input's path finds none. */

#define _GNU_SOURCE
#include <sys/prctl.h>

__attribute__((constructor)) static void sly_hide_descriptors(void) {
    prctl(PR_SET_DUMPABLE, 0);
}
