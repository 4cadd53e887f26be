/* attack: floods the trace with three million calls that cost nothing, so that the rest is cut off
 * expect: nothing
 * slow: test after test runs into its limit
 */

/* If a trace that reached its limit were judged by what it holds, everything after the limit would
 * be free; if it had no limit, the disk would be full. Works for 30 s at most. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    char byte;
    time_t end = time(NULL) + 30;
    int zero = open("/dev/zero", O_RDONLY);
    signal(SIGPIPE, SIG_IGN);
    for (long i = 0; i < 3000000 && time(NULL) < end; i++)
        if (read(zero, &byte, 1) != 1)
            break;
    puts("0 0 nothing");
    return 0;
}
