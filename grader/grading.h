/* One grading from folder to result: take, build, test, score. What `run`, `compare` and
 * `reference` share. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "grader/instrument.h"
#include "grader/lab.h"

/* How to grade. */
struct way {
    const char *sandbox;                 /* "auto", "strict" or "none" */
    const struct instrument *instrument; /* NULL: none */
};

/* Grades the submission in `folder`.
 * Returns the result, which the caller owns, or NULL after a line on standard error when the grader
 * could not do its work. A submission that can't be taken or built has a result like any other. */
json_t *grade_submission(const struct lab *lab, const char *folder, struct way way);

/* Writes a JSON file, indented and in the order of insertion. "-" is standard output.
 * Returns 0, or -1 after a line on standard error. */
int write_json(const json_t *object, const char *path);
