/* Building a submission: the grader owns the compiler's command line, and the compiler runs in the
 * sandbox, where it sees the files handed in, the lab's modules of common/, and the system. */
#pragma once

#include <stdbool.h>

#include "grader/instrument.h"
#include "grader/lab.h"
#include "grader/machine.h"
#include "grader/workspace.h"

struct build {
    bool made;
    bool failed_to_run; /* no sandbox, or no library: no fault of the submission's */
    char *message;      /* the compiler's first errors, with the learner's own paths; or NULL */
    double seconds;
};

/* Compiles workspace->source into the executable workspace->output/PROGRAM.
 * folder      what the learner calls the place of his files, for the messages
 * instrument  NULL: none; else the modules are compiled along, so that they are checked too */
void build_submission(struct build *build, const struct lab *lab, const char *folder,
                      const struct machine *machine, const struct workspace *workspace,
                      const struct instrument *instrument);
void build_release(struct build *build);
