/* attack: holds 320 MiB in a process whose first thread has ended, unseen by a watcher
 * lab: 02
 * expect: nothing
 */

/* Such a process has no VmRSS in its status, and smaps_rollup does not open: a watcher that adds up
 * what it can read adds nothing. Held for most of a second, then told; in one test alone, for
 * memory has to be filled. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 320, HELD_MS = 700 }; /* the lab allows 256 */

static void *hold(void *given) {
    struct timespec start, now;
    (void)given;
    usleep(20000); /* let the first thread be gone */
    char *held = malloc((size_t)MIB << 20);
    if (held == NULL)
        _exit(9);
    memset(held, 'x', (size_t)MIB << 20);
    clock_gettime(CLOCK_MONOTONIC, &start);
    do { /* it works: sleeping would be noticed */
        clock_gettime(CLOCK_MONOTONIC, &now);
        held[(size_t)now.tv_nsec % ((size_t)MIB << 20)]++;
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 <
             HELD_MS);
    fprintf(stderr, "SECRET held %d MiB unseen\n", MIB);
    _exit(1);
}

int main(int argc, char **argv) {
    pthread_t thread;
    if (argc < 4 || strcmp(argv[3], "--stack") != 0)
        return 9;
    pthread_create(&thread, NULL, hold, NULL);
    syscall(SYS_exit, 0);
    return 0;
}
