/* attack: does all its work in a second thread
 * expect: starter
 * slow: a call or more for each byte, in test after test
 * base: starter
 */

/* Each thread has a trace of its own (strace -ff), and the first one's shows a program that waits:
 * a count must add up all of them. */

#define _GNU_SOURCE
#include <pthread.h>

struct sly_call {
    int argc, status;
    char **argv;
};

int sly_main(int argc, char **argv);

static void *sly_thread(void *argument) {
    struct sly_call *call = argument;
    call->status = sly_main(call->argc, call->argv);
    return NULL;
}

int main(int argc, char **argv) {
    struct sly_call call = {argc, 1, argv};
    pthread_t thread;
    if (pthread_create(&thread, NULL, sly_thread, &call) != 0)
        return sly_main(argc, argv);
    pthread_join(thread, NULL);
    return call.status;
}

#define main sly_main /* what follows is the starter, and its main */
