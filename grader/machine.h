/* What this machine can measure: whether the sandbox works here, whether strace may trace. */
#pragma once

#include <stdbool.h>

#include "grader/sandbox/sandbox.h"
#include "grader/workspace.h"

struct machine {
    bool sizes_tmp;           /* bwrap knows --size, from version 0.7 on (Ubuntu 22.04 has 0.6) */
    enum sandbox_tier tier;   /* the one in use */
    char why_not_strict[256]; /* empty when strict works */
    char why_no_trace[256];   /* empty when strace may trace in that tier */
};

/* Whether that can be wanted below. */
bool machine_may_want(const char *wanted);

/* Tries what a grading will do, with `true` as the program, and writes the system-call filter into
 * the workspace.
 * wanted  "auto", "strict" or "none"
 * Returns 0, or -1 after a line on standard error when the wanted tier can't be had. */
int machine_probe(struct machine *machine, const char *wanted, const struct workspace *workspace);
