/* A grading's own folders, made when it begins and removed when it ends: what was handed in, what
 * was built of it, the trace logs, the verdicts. None but `scratch` is ever shown to a submission.
 */
#pragma once

enum { WORKSPACE_PATH = 256 };

struct workspace {
    char root[WORKSPACE_PATH];     /* in TMPDIR or /tmp */
    char source[WORKSPACE_PATH];   /* copies of the files handed in */
    char output[WORKSPACE_PATH];   /* the executable */
    char logs[WORKSPACE_PATH];     /* traces */
    char records[WORKSPACE_PATH];  /* the testkit's JSON lines */
    char settings[WORKSPACE_PATH]; /* what the testkit is told */
    char filter[WORKSPACE_PATH];   /* the system-call filter */
    char scratch[WORKSPACE_PATH];  /* the tests' files; on a tmpfs where there is one */
};

/* Makes the folders. Returns 0, or -1 after a line on standard error. */
int workspace_make(struct workspace *workspace);

/* For a second run of tests: empties `logs` and `scratch`, and gives `records` another name, so that
 * the first run's stay. Returns 0, or -1 after a line on standard error. */
int workspace_renew(struct workspace *workspace);

/* Removes them and all they hold. */
void workspace_remove(struct workspace *workspace);
