/*
 * family: a child and a grandchild, a child that has lost its parent, and a child of a thread; each
 * touches KIB. It reproduces the service of many processes that a monitor sees one of: workers start
 * helpers, a helper outlives whoever started it, and in a server with threads any of them may fork.
 * /proc/PID/task/TID/children lists the children of one thread each, and those alone that it has now.
 *
 *     grandchild KIB   the child and the grandchild live: three processes
 *     orphan KIB       the child has ended; the grandchild has another parent now: two processes
 *     thread KIB       a second thread has started a child of its own: three processes
 */
#include <pthread.h>

#include "marks.h"

static int64_t kib;
static int reports[2], ends[2];

/* Touches its memory, says so, and stays until `ends` closes: whoever writes it has gone then. */
static _Noreturn void live(void) {
    char byte;
    close(ends[1]);
    touch_kib(map_kib(kib, MAP_PRIVATE), 0, kib);
    if (write(reports[1], "", 1) != 1)
        _exit(EXIT_FAILURE);
    while (read(ends[0], &byte, 1) > 0)
        continue;
    _exit(EXIT_SUCCESS);
}

static void await_reports(int count) {
    char byte;
    for (int i = 0; i < count; i++)
        if (read(reports[0], &byte, 1) != 1)
            err(EXIT_FAILURE, "pipe");
}

/* The one in the middle ends when a byte comes for it; its child stays. */
static _Noreturn void have_a_child(int orders) {
    char byte;
    if (fork() == 0)
        live();
    close(ends[1]);
    touch_kib(map_kib(kib, MAP_PRIVATE), 0, kib);
    _exit(write(reports[1], "", 1) == 1 && read(orders, &byte, 1) == 1 ? EXIT_SUCCESS
                                                                       : EXIT_FAILURE);
}

/* Its child is its own: it is listed under this thread. */
static void *fork_in_thread(void *release) {
    pid_t child = fork();
    if (child == 0)
        live();
    pthread_barrier_wait(release);
    return NULL;
}

int main(int argc, char **argv) {
    int orders[2];
    pthread_t thread;
    pthread_barrier_t release;
    kib = number_in(*start(argc, argv, 1, 1, "KIB"), 1, MOST_KIB);
    if (pipe(reports) < 0 || pipe(ends) < 0 || pipe(orders) < 0)
        err(EXIT_FAILURE, "pipe");

    pid_t child = fork_child();
    if (child == 0)
        have_a_child(orders[0]);
    await_reports(2);
    mark("grandchild", kib);

    if (write(orders[1], "", 1) != 1)
        err(EXIT_FAILURE, "pipe");
    join_child(child);
    mark("orphan", kib);

    pthread_barrier_init(&release, NULL, 2);
    if ((errno = pthread_create(&thread, NULL, fork_in_thread, &release)) != 0)
        err(EXIT_FAILURE, "pthread_create");
    await_reports(1);
    mark("thread", kib);

    pthread_barrier_wait(&release);
    pthread_join(thread, NULL);
    return done(); /* with us goes the last end to write to: the others end */
}
