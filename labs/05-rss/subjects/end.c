/*
 * end: ends as it is told, with an exit status or by a signal. It reproduces the entry "exit code
 * 137" that is taken for an answer: 137 is 128 + 9, a shell's way to say "killed by SIGKILL", by
 * whomever. The kernel's killer of those who use too much memory is one who does that, an impatient
 * supervisor another, and `end exit 137` a third, who was not killed at all.
 *
 *     (`started`, then it ends, without `done`)
 */
#include <sys/resource.h>

#include "marks.h"

enum { MOST_STATUS = 255, LAST_SIGNAL = 64 };

int main(int argc, char **argv) {
    char **words = start(argc, argv, 2, 2, "exit|signal N");
    if (strcmp(words[0], "exit") == 0)
        return (int)number_in(words[1], 0, MOST_STATUS);
    if (strcmp(words[0], "signal") != 0)
        errx(USAGE, "%s: neither exit nor signal", words[0]);

    int number = (int)number_in(words[1], 1, LAST_SIGNAL);
    sigset_t all;
    setrlimit(RLIMIT_CORE, &(struct rlimit){0}); /* a file named core would be litter */
    signal(number, SIG_DFL); /* who started this may have ignored or blocked it */
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    raise(number);
    errx(EXIT_FAILURE, "signal %d: it has not ended me", number);
}
