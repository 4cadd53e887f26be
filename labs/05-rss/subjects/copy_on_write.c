/*
 * copy_on_write: touches KIB, forks CHILDREN (1 unless said), and lets each write to half of it. It
 * reproduces two everyday surprises. Six workers forked from a loaded master show six times its RSS
 * and cost next to nothing: the pages are shared, and only PSS says so. And a snapshot written by a
 * forked child, as databases in memory make it, doubles the memory after all, but later, when pages
 * are written to and each writer gets a copy.
 *
 *     touched KIB       the parent's memory
 *     forked CHILDREN   each has all of it in its RSS, and nobody has a copy
 *     wrote KIB/2       each child has copies of the first half of its pages
 *     joined 0          the children have ended, the copies are gone
 */
#include "marks.h"

enum { MOST_CHILDREN = 64 };

static void wait_for_byte(int fd) {
    char byte;
    if (read(fd, &byte, 1) != 1)
        _exit(EXIT_FAILURE);
}

static void write_bytes(int fd, int count) {
    for (int i = 0; i < count; i++)
        if (write(fd, "", 1) != 1)
            err(EXIT_FAILURE, "pipe");
}

/* Says that it is there; writes when told to, says so; ends when told to. */
static _Noreturn void live(volatile char *memory, int64_t kib, int orders, int reports) {
    write_bytes(reports, 1);
    wait_for_byte(orders);
    touch_kib(memory, 0, kib / 2);
    write_bytes(reports, 1);
    wait_for_byte(orders);
    _exit(EXIT_SUCCESS);
}

int main(int argc, char **argv) {
    char **words = start(argc, argv, 1, 2, "KIB [CHILDREN]");
    int64_t kib = number_in(words[0], 1, MOST_KIB);
    int count = words[1] != NULL ? (int)number_in(words[1], 1, MOST_CHILDREN) : 1;
    int orders[MOST_CHILDREN][2], reports[2];
    pid_t children[MOST_CHILDREN];

    volatile char *memory = map_kib(kib, MAP_PRIVATE);
    touch_kib(memory, 0, kib);
    mark("touched", kib);

    /* a pipe of orders for each child: from a common one a quick child could take two */
    if (pipe(reports) < 0)
        err(EXIT_FAILURE, "pipe");
    for (int i = 0; i < count; i++) {
        if (pipe(orders[i]) < 0)
            err(EXIT_FAILURE, "pipe");
        if ((children[i] = fork_child()) == 0)
            live(memory, kib, orders[i][0], reports[1]);
    }
    for (int i = 0; i < count; i++)
        wait_for_byte(reports[0]);
    mark("forked", count);

    for (int i = 0; i < count; i++)
        write_bytes(orders[i][1], 1);
    for (int i = 0; i < count; i++)
        wait_for_byte(reports[0]);
    mark("wrote", kib / 2);

    for (int i = 0; i < count; i++) {
        write_bytes(orders[i][1], 1);
        join_child(children[i]);
    }
    mark("joined", 0);
    return done();
}
