/* attack: starts threads without end (a million tries, at most 30000 alive, 20 s)
 * expect: nothing
 */

/* Threads are what a limit on processes may forget to count, and each traced one is a log file of
 * its own. The cap keeps a machine without a sandbox alive. */

#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 1000000, ALIVE = 30000, SECONDS = 20 };

static void *idle(void *unused) {
    sleep(SECONDS);
    return unused;
}

int main(void) {
    time_t end = time(NULL) + SECONDS;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 1 << 14);
    for (int tries = 0, alive = 0; tries < TRIES && alive < ALIVE && time(NULL) < end; tries++) {
        pthread_t thread;
        if (pthread_create(&thread, &small, idle, NULL) == 0)
            alive++;
        else
            usleep(20);
    }
    while (time(NULL) < end)
        sleep(1);
    _exit(0);
}
