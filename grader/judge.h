/* Running a lab's tests against an executable, and reading what they say. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "grader/instrument.h"
#include "grader/lab.h"
#include "grader/machine.h"
#include "grader/workspace.h"

struct verdicts {
    json_t *tests;   /* object: "step/name" → {status, message, expected, seen, steps, budgets} */
    json_t *ledgers; /* array of {test, title, rows} */
    json_t *measurements; /* object: name → {value, unit, test} */
    bool complete;        /* the end record is there */
    bool interrupted;     /* by the person at the terminal */
    char why_incomplete[256];
    double seconds;        /* from the first test's start to the last one's end */
    double run_seconds;    /* of all runs of the program added up; some ran side by side */
    double traced_seconds; /* of the traced ones among them */
};

/* Runs the lab's tests, side by side; then those that were inconclusive once more, one at a time.
 * `instrument`, where not NULL, is what the program was built for. `progress`, where not NULL, is
 * called with each test as it is first done.
 * Returns 0, or -1 after a line on standard error: the tests and the manifest do not name
 * the same tests, or nothing could be run. Released by verdicts_release. */
int judge(struct verdicts *verdicts, const struct lab *lab, const struct machine *machine,
          const struct workspace *workspace, const struct instrument *instrument,
          void (*progress)(const char *test, const char *status, size_t done));
void verdicts_release(struct verdicts *verdicts);

/* Reads records, as the testkit writes them, into verdicts; for judge and its tests.
 * A record that is no JSON object, or has no known kind, makes the file incomplete. */
void verdicts_read(struct verdicts *verdicts, const char *path);

/* Compares the tests that the binary holds with those that the manifest names.
 * plan  the testkit's record: {tests: ["step/name"], places: {"step/name": "FILE:LINE"}}
 * Returns 0, or -1 after a line that names the manifest, line and column, or the test's file and
 * line. */
int verdicts_check_plan(const struct lab *lab, const json_t *plan);

/* Ask a running judge to stop; for signal handlers. */
void judge_interrupt(int signal_number);
/* Whether it was asked to, before or since. */
bool judge_interrupted(void);
