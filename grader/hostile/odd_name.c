/* attack: names itself so that the lines of /proc/PID/stat and /proc/PID/status break
 * expect: starter
 * base: starter
 */

/* The name stands in brackets in `stat`, and brackets, spaces and a newline may stand in it: a
 * watcher that parses with scanf reads another process's state, parent and times. */

#define _GNU_SOURCE
#include <sys/prctl.h>

__attribute__((constructor)) static void sly_take_odd_name(void) {
    prctl(PR_SET_NAME, "a) Z 1 1\n(%s) S");
}
