/* The result model: one JSON object, from which every report is written and nothing else.
 *
 *   schema          1
 *   lab title program
 *   submission      {path, digest, files}
 *   grader_version tests_digest
 *   sandbox         {tier, why_not_strict?, why_no_trace?}
 *   build           {made, message?, seconds}
 *   instrument      asan, tsan or valgrind, where the program was built for one; no budget and no
 *                   memory is then judged
 *   steps           [{id, title}]
 *   tests           [{step, name, status, points, max, asks, hint, message?, expected?, seen?,
 *                     steps?, budgets: [...]}]
 *     each budget   {what, relation, formula, limit, counted, unit, bytes?, bytes_expected?, held,
 *                    problem, why, reference?}
 *   ledgers         [{test, title, rows: [{call, on, count, bytes, reference?}]}]
 *   measurements    {name: {value, unit, test}}
 *   predictions     [{id, question, unit, of, predicted?, measured?}]; measured where predicted
 *   seconds         {build, tests, runs, traced_runs, total}; runs of the program are added up,
 *                   also those that went on side by side
 *   totals          {score, max_score, unmeasured, inconclusive}
 *
 * `status` is one of passed, failed, error, unmeasured, inconclusive; `reference` is the count of
 * the lab's own solution, from reference.json. */
#pragma once

#include <jansson.h>

#include "grader/build.h"
#include "grader/judge.h"
#include "grader/lab.h"
#include "grader/machine.h"
#include "grader/submission.h"

#define GRADER_VERSION "0.1.0"

struct grading {
    const struct lab *lab;
    const struct submission *submission;
    const struct machine *machine;
    const struct build *build;
    const struct instrument *instrument; /* NULL: none */
    const struct verdicts *verdicts;     /* NULL when nothing was built */
    double seconds;
};

/* Makes the result; the caller owns the reference. Never NULL. */
json_t *result_make(const struct grading *grading);

/* Reads labs/LAB/reference.json; an empty object when there is none. */
json_t *reference_load(const struct lab *lab);

/* What reference.json holds of a result of the solution: budgets and ledgers, and
 * of a result of the starter: measurements. No times, no memory. The caller owns it. */
json_t *reference_make(const json_t *solution, const json_t *starter);

/* The exit status that a result asks for: 0 all passed, 1 something failed, 3 nothing failed but
 * something was not measured. */
int result_exit_status(const json_t *result);

/* A member of nested objects, by names, as text ("" when absent) or a number (0). */
const char *result_text(const json_t *object, const char *name);
json_int_t result_number(const json_t *object, const char *name);
