/* attack: writes to stdout without end (for up to 60 s, or 64 GiB)
 * expect: nothing
 */

/* A judge that keeps all output runs out of memory or disk; one that stops reading must not then
 * wait for the writer. SIGPIPE is ignored: to die of it is the right answer to one of the tests. */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS = 60 };

int main(void) {
    static char block[1 << 16];
    time_t end = time(NULL) + SECONDS;
    signal(SIGPIPE, SIG_IGN);
    alarm(SECONDS + 5); /* for a write that never returns */
    memset(block, 'x', sizeof block);
    block[sizeof block - 1] = '\n';
    for (long i = 0; i < 1L << 20 && time(NULL) < end; i++)
        if (write(1, block, sizeof block) < 0 && errno != EINTR)
            break;
    return 0;
}
