/* Instrumented builds: the same behaviour tests, with every memory access of the program checked.
 *
 * What such a build costs the kernel says nothing of the program, so budgets and memory are named
 * as skipped. Leaks are looked for by valgrind; AddressSanitizer's own search needs ptrace(2),
 * which the sandbox refuses. */
#pragma once

#include <stdbool.h>

struct instrument {
    const char *name;
    const char *const *compiler; /* further words for it, up to a NULL */
};

/* "asan": AddressSanitizer and UndefinedBehaviorSanitizer; "tsan": ThreadSanitizer; "valgrind":
 * memcheck. NULL when there is none of that name. */
const struct instrument *instrument_find(const char *name);
