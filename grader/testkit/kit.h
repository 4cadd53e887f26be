/* What the kit's own files share. Not for tests. */
#pragma once

#include <jansson.h>

#include "grader/sandbox/sandbox.h"
#include "grader/testkit/testkit.h"

/* What `grade` told us: the file named by GROUNDWORK_RUN. */
struct kit {
    const char *program;      /* our path of the executable */
    const char *program_name; /* "reads" */
    const char *launch;       /* our path of the launcher */
    const char *filter;       /* our path of the system-call filter; NULL: none */
    const char *scratch;      /* folder for the tests' files, on a tmpfs where there is one */
    const char *logs;         /* folder for traces */
    const char *records;      /* the file that verdicts go to */
    const char *no_trace;     /* why nothing can be traced; NULL when it can */
    const char *instrument;   /* "asan", "tsan", "valgrind"; NULL: none */
    enum sandbox_tier tier;
    int64_t memory_limit_kib;
    int process_limit;
    int tmp_mib;
    bool share_network;
};

const struct kit *kit(void);

/* A time limit, longer on an instrumented build. */
int limit_for(int ms);
/* The words in front of the program's, and its environment. */
const char *const *instrument_words(void);
char *const *instrument_environment(void);
/* Fails the test when the instrument reported something on standard error. */
void require_no_finding(const struct run *run);

/* "suite/name" of the test that runs. */
const char *test_name(void);

/* Writes one record, adding the test's name; takes the reference. */
void record(const char *kind, json_t *fields);

/* Writes one record as it is; takes the reference. */
void append_record(json_t *fields);

/* Whether this test made a file of that name. */
bool is_made_here(const char *name);

/* Our path of a scratch file of this test, and the program's. Static buffers, one each. */
const char *scratch_path(const char *name);
const char *program_path(const char *name);
/* The folder that make_output_folder() made, as the program names it; "" when there is none. */
const char *output_folder_name(void);

/* Makes a terminal and puts the program's end in the place of that output. Returns our end, for
 * terminal_connect() once the program was started; -1 for descriptor 0, which means none. Where there
 * are no terminals the test is unmeasured. */
int terminal_open(struct process_options *options, int descriptor);
void terminal_connect(struct process *process, int descriptor, int ours);

/* The working directory of the program, and the path of its executable, as it sees them. */
const char *program_directory(void);
const char *program_executable(void);

/* The program's own number, as we see it, once its launcher has told; 0 when it did not start. */
pid_t await_start(struct run *run);

/* From now on the test, and what it starts, has a network of its own with a loopback device that is
 * up; without a sandbox, ours. Any number of times. */
void take_own_network(void);

/* ---- Subjects (subject.h) ---- */

bool has_subject(const struct program *program);
/* Where they are; ends the test as unmeasured where they can't share a sandbox with the program. */
struct sandbox_mount subjects_mount(void);
/* Connects the run with its subject. Returns the subject's end, which is the caller's to close. */
int subject_connect(struct run *run);
/* What the launcher is told of it. */
void subject_add_words(struct arguments *arguments, const struct program *program, int talk_fd);

/* Whether an origin (origin.h) was started. */
bool test_has_origin(void);

/* Whether some thread of it would run if there were a processor. */
bool wants_to_run(struct run *run);

/* The run that a ledger belongs to; NULL for one of no run's. */
const struct run *run_of(const struct ledger *ledger);

/* The steps so far, numbered from 1; takes a reference for the caller. */
json_t *steps_so_far(void);

/* Fails or skips the test unless the program ended by itself. */
void require_own_end(struct run *run);
