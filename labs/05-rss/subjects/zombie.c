/*
 * zombie: leaves a child that has ended unread. It reproduces the container whose table of processes
 * fills up: its first process, such as a shell script or a server not made for that, never waits for
 * those whose parents have gone. A zombie has no memory at all; it is a number and an exit status
 * that nobody has asked for, and reading its memory as 0 would be as wrong as reading it as gone.
 *
 *     zombie PID    of the child: it has ended, and nobody has waited for it
 *     reaped 0      somebody has
 */
#include "marks.h"

int main(int argc, char **argv) {
    start(argc, argv, 0, 0, "");

    pid_t child = fork_child();
    if (child == 0)
        _exit(EXIT_SUCCESS);
    siginfo_t how; /* WNOWAIT: hears of the end and leaves the zombie where it is */
    if (waitid(P_PID, (id_t)child, &how, WEXITED | WNOWAIT) < 0)
        err(EXIT_FAILURE, "waitid");
    mark("zombie", child);

    join_child(child);
    mark("reaped", 0);
    return done();
}
