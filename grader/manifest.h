/* A lab's manifest, `lab.yaml`: what is handed in, which tests there are, what each is worth.
 *
 * The schema is strict: an unknown or missing key, a value of the wrong kind, points that do not
 * add up to 100, a name used twice are errors that name file, line and column. */
#pragma once

#include <stdbool.h>

struct manifest_test {
    char *name;
    unsigned points;
    char *asks; /* what the test asks of the program, one sentence */
    char *hint; /* one next step for who fails it */
};

struct manifest_step {
    char *id; /* a C identifier: the name of the suite */
    char *title;
    struct manifest_test *tests;
    unsigned tests_count;
};

struct manifest_prediction {
    char *id;
    char *question;
    char *unit;
    char *of;      /* "starter", "submission" or "machine" */
    char *measure; /* the name under which a test publishes the number */
};

struct manifest_starter {
    unsigned score;
    char **fails; /* "step/test", those that the starter loses */
    unsigned fails_count;
};

struct manifest_limits {
    unsigned build_seconds;
    unsigned tests_seconds;
    unsigned memory_mib;
    unsigned processes;
    unsigned tmp_mib;
};

struct manifest {
    char *lab; /* the folder's name, "01-reads" */
    char *title;
    char *question;
    char *program;
    char **files; /* handed in, all of them C sources */
    unsigned files_count;
    char **common; /* modules of common/ that a submission may link */
    unsigned common_count;
    char **libraries; /* and those of the system, as pkg-config names them; may be left out */
    unsigned libraries_count;
    char *network; /* "none" or "shared" */
    struct manifest_starter starter;
    struct manifest_limits limits;
    struct manifest_step *steps;
    unsigned steps_count;
    struct manifest_prediction *predictions;
    unsigned predictions_count;
};

/* Reads and checks a manifest. Returns it, or NULL after one line on standard error
 * that names file, line and column. Freed by manifest_free. */
struct manifest *manifest_load(const char *path);
void manifest_free(struct manifest *manifest);

/* The test "step/name"; NULL when the manifest has none. `step`, where given, is set to its step.
 */
const struct manifest_test *manifest_find(const struct manifest *manifest, const char *name,
                                          const struct manifest_step **step);

/* One line on standard error, "FILE:LINE:COLUMN: why", for the scalar `value` under any key `key`
 * (or in the list under it). Line 1 when it is not found. Returns false, for the caller to return.
 */
bool manifest_complain(const char *path, const char *key, const char *value, const char *why);
/* The same for the name of a test, by the positions of its step and of itself in it, from 0. */
bool manifest_complain_of_test(const char *path, unsigned step, unsigned test, const char *why);
