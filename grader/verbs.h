/* The verbs of `grade`, one file each. Each takes its own arguments (argv[0] is "grade VERB") and
 * returns the exit status. */
#pragma once

#include "grader/lab.h"

/* 0 all passed; 1 something failed; 2 usage; 3 nothing failed but something was not measured, or
 * the grader could not do its work. */
enum { STATUS_PASSED, STATUS_FAILED, STATUS_USAGE, STATUS_NOT_MEASURED };

/* The status for a lab that lab_open could not open: an unknown name is a matter of usage. */
static inline int status_of_unopened(const struct lab *lab) {
    return lab->folder[0] == '\0' ? STATUS_USAGE : STATUS_NOT_MEASURED;
}

int verb_run(int argc, char **argv);
int verb_compare(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_explain(int argc, char **argv);
int verb_doctor(int argc, char **argv);
int verb_start(int argc, char **argv);
int verb_reference(int argc, char **argv);
