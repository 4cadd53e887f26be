/* The run of a lab's Criterion binary, inside the outer namespaces, and the reading of its records.
 */
#include "grader/judge.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/errors.h"
#include "grader/engine/process.h"
#include "grader/result.h"
#include "grader/sandbox/cgroup.h"

enum {
    INSTRUMENT_FACTOR = 20,   /* on every limit in time; instruments slow a program down so much */
    SERVER_TESTS_PER_CPU = 4, /* 10 s of tests become 3; eight are no faster */
    PATTERN_BYTES = 8192,
};

static volatile sig_atomic_t interrupted;

void judge_interrupt(int signal_number) {
    (void)signal_number;
    interrupted = 1;
}

bool judge_interrupted(void) {
    return interrupted != 0;
}

/* ---- Reading records ---- */

static json_t *test_of(struct verdicts *verdicts, const json_t *record) {
    const char *name = json_string_value(json_object_get(record, "test"));
    if (name == NULL)
        return NULL;
    json_t *test = json_object_get(verdicts->tests, name);
    if (test == NULL) {
        test = json_object();
        json_object_set_new(verdicts->tests, name, test);
    }
    return test;
}

static void copy_member(json_t *to, const json_t *from, const char *name) {
    json_t *value = json_object_get(from, name);
    if (value != NULL)
        json_object_set(to, name, value);
}

/* Appends to a list of the test's. */
static void add_to(json_t *test, const char *name, json_t *record) {
    json_t *list = json_object_get(test, name);
    if (list == NULL) {
        list = json_array();
        json_object_set_new(test, name, list);
    }
    json_array_append(list, record);
}

static void add_budget(json_t *test, json_t *record) {
    if (json_is_false(json_object_get(record, "held")))
        json_object_set_new(test, "lost_budget", json_true());
    add_to(test, "budgets", record);
}

static void add_ledger(struct verdicts *verdicts, const json_t *record) {
    json_t *ledger = json_object();
    copy_member(ledger, record, "test");
    copy_member(ledger, record, "title");
    copy_member(ledger, record, "rows");
    json_array_append_new(verdicts->ledgers, ledger);
}

static void add_measurement(struct verdicts *verdicts, const json_t *record) {
    json_t *measurement = json_object();
    copy_member(measurement, record, "value");
    copy_member(measurement, record, "unit");
    copy_member(measurement, record, "test");
    json_object_set_new(verdicts->measurements, json_string_value(json_object_get(record, "name")),
                        measurement);
}

/* Criterion's verdict, made stricter by what the kit recorded: a test that lost a budget or noted a
 * failure has not passed, whatever its process said last. */
static void settle(json_t *test, const json_t *record) {
    const char *status = json_string_value(json_object_get(record, "status"));
    copy_member(test, record, "status");
    copy_member(test, record, "message");
    if (status == NULL || strcmp(status, "error") == 0)
        return;
    if (json_object_get(test, "lost_budget") != NULL || json_object_get(test, "expected") != NULL)
        json_object_set_new(test, "status", json_string("failed"));
    else if (json_object_get(test, "inconclusive") != NULL)
        json_object_set_new(test, "status", json_string("inconclusive"));
    else if (strcmp(status, "skipped") == 0 || json_object_get(test, "unmeasured") != NULL)
        json_object_set_new(test, "status", json_string("unmeasured"));
}

static bool take_record(struct verdicts *verdicts, json_t *record) {
    const char *kind = json_string_value(json_object_get(record, "kind"));
    json_t *test = test_of(verdicts, record);
    if (kind == NULL)
        return false;
    if (strcmp(kind, "end") == 0) {
        verdicts->complete = true;
        return true;
    }
    if (strcmp(kind, "plan") == 0)
        return true;
    if (test == NULL)
        return false;
    if (strcmp(kind, "budget") == 0) {
        add_budget(test, record);
    } else if (strcmp(kind, "shown") == 0) {
        add_to(test, "shown", record);
    } else if (strcmp(kind, "ledger") == 0) {
        add_ledger(verdicts, record);
    } else if (strcmp(kind, "measure") == 0) {
        add_measurement(verdicts, record);
    } else if (strcmp(kind, "failure") == 0) {
        copy_member(test, record, "expected");
        copy_member(test, record, "seen");
        copy_member(test, record, "steps");
    } else if (strcmp(kind, "unmeasured") == 0 || strcmp(kind, "inconclusive") == 0) {
        json_object_set_new(test, kind, json_true());
        json_object_set(test, "message", json_object_get(record, "why"));
    } else if (strcmp(kind, "run") == 0) {
        double seconds = json_number_value(json_object_get(record, "seconds"));
        verdicts->run_seconds += seconds;
        if (json_is_true(json_object_get(record, "traced")))
            verdicts->traced_seconds += seconds;
    } else if (strcmp(kind, "verdict") == 0) {
        settle(test, record);
    } else {
        return false;
    }
    return true;
}

void verdicts_read(struct verdicts *verdicts, const char *path) {
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    bool sound = true;
    while (file != NULL && getline(&line, &size, file) > 0) {
        json_t *record = json_loads(line, 0, NULL);
        sound = json_is_object(record) && take_record(verdicts, record) && sound;
        json_decref(record);
    }
    if (file != NULL)
        fclose(file);
    free(line);
    verdicts->complete = verdicts->complete && sound;
}

/* ---- The plan ---- */

static bool plan_has(const json_t *tests, const char *step, const char *name) {
    size_t index;
    json_t *entry;
    char full[256];
    snprintf(full, sizeof full, "%s/%s", step, name);
    json_array_foreach (tests, index, entry) {
        if (strcmp(json_string_value(entry), full) == 0)
            return true;
    }
    return false;
}

int verdicts_check_plan(const struct lab *lab, const json_t *plan) {
    const json_t *tests = json_object_get(plan, "tests");
    size_t index;
    json_t *entry;
    json_array_foreach (tests, index, entry) {
        const char *name = json_string_value(entry);
        if (manifest_find(lab->manifest, name, NULL) == NULL) {
            error_because(result_text(json_object_get(plan, "places"), name),
                          "%s does not name the test %s", lab->manifest_path, name);
            return -1;
        }
    }
    for (unsigned i = 0; i < lab->manifest->steps_count; i++) {
        const struct manifest_step *step = &lab->manifest->steps[i];
        for (unsigned j = 0; j < step->tests_count; j++)
            if (!plan_has(tests, step->id, step->tests[j].name)) {
                manifest_complain_of_test(lab->manifest_path, i, j,
                                          "the lab's tests hold no such test");
                return -1;
            }
    }
    return 0;
}

/* ---- Running ---- */

static int write_settings(const struct lab *lab, const struct machine *machine,
                          const struct workspace *workspace, const struct instrument *instrument) {
    const struct manifest *manifest = lab->manifest;
    char program[PATH_BYTES], launch[PATH_BYTES];
    snprintf(program, sizeof program, "%s/%s", workspace->output, manifest->program);
    json_t *settings = json_pack(
        "{ss ss ss ss* ss ss ss ss* ss* sb sI si si sb}", "program", program, "program_name",
        manifest->program, "launch", lab_path(launch, "build/launch"), "filter",
        machine->tier == SANDBOX_STRICT ? workspace->filter : NULL, "scratch", workspace->scratch,
        "logs", workspace->logs, "records", workspace->records, "no_trace",
        machine->why_no_trace[0] != '\0' ? machine->why_no_trace : NULL, "instrument",
        instrument == NULL ? NULL : instrument->name, "strict", machine->tier == SANDBOX_STRICT,
        "memory_limit_kib", (json_int_t)manifest->limits.memory_mib * 1024, "process_limit",
        (int)manifest->limits.processes, "tmp_mib",
        machine->sizes_tmp ? (int)manifest->limits.tmp_mib : 0, "share_network",
        strcmp(manifest->network, "shared") == 0);
    int status = settings == NULL ? -1 : json_dump_file(settings, workspace->settings, 0);
    json_decref(settings);
    if (status < 0)
        error_errno(workspace->settings);
    return status;
}

/* What is followed while the tests run: the records' growth. */
struct watch {
    FILE *records;
    const char *path;
    size_t done;
    json_t *plan;
    void (*progress)(const char *test, const char *status, size_t done);
};

/* Reads the lines that are whole since last time. */
static bool follow(void *context) {
    struct watch *watch = context;
    char *line = NULL;
    size_t size = 0;
    if (watch->records == NULL)
        watch->records = fopen(watch->path, "re");
    long mark = watch->records == NULL ? 0 : ftell(watch->records);
    while (watch->records != NULL && getline(&line, &size, watch->records) > 0 &&
           strchr(line, '\n') != NULL) {
        mark = ftell(watch->records);
        json_t *record = json_loads(line, 0, NULL);
        const char *kind = json_string_value(json_object_get(record, "kind"));
        if (kind != NULL && strcmp(kind, "plan") == 0)
            watch->plan = json_incref(record);
        if (kind != NULL && strcmp(kind, "verdict") == 0 && watch->progress != NULL)
            watch->progress(json_string_value(json_object_get(record, "test")),
                            json_string_value(json_object_get(record, "status")), ++watch->done);
        json_decref(record);
    }
    if (watch->records != NULL) {
        clearerr(watch->records);
        fseek(watch->records, mark, SEEK_SET);
    }
    free(line);
    return !interrupted;
}

/* What Criterion said when it gave up; it names itself there. */
static const char *last_words(const struct process *process) {
    const char *errors = process->errors.length > 0 ? process->errors.data : "it said nothing";
    const char *panic = strstr(errors, "criterion: ");
    return panic != NULL ? panic : errors;
}

static void explain_end(struct verdicts *verdicts, const struct process *process) {
    char *why = verdicts->why_incomplete;
    size_t size = sizeof verdicts->why_incomplete;
    int status = process->wait_status;
    if (process->end == PROCESS_OUT_OF_TIME || process->end == PROCESS_STARVED)
        snprintf(why, size, "the tests reached their time limit");
    else if (process->end != PROCESS_ENDED)
        snprintf(why, size, "the tests were ended");
    else if (WIFSIGNALED(status))
        snprintf(why, size, "the test runner was killed by signal %d", WTERMSIG(status));
    else
        snprintf(why, size, "the test runner ended with status %d and no end record: %.*s",
                 WEXITSTATUS(status), (int)strcspn(last_words(process), "\n"), last_words(process));
}

/* Where there is no namespace to take it along, Criterion's socket outlives a runner that was
 * killed. */
static void remove_socket(pid_t runner) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/criterion_%d.sock", runner);
    unlink(path);
}

/* A server's tests mostly wait for it to wait, and so take turns on a processor. */
static long tests_at_once(const struct lab *lab) {
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    bool wait = strcmp(lab->manifest->network, "shared") == 0;
    return (cpus > 0 ? cpus : 1) * (wait ? SERVER_TESTS_PER_CPU : 1);
}

/* One run of the lab's tests: all of them side by side, or those of a pattern one at a time. */
struct trial {
    const struct lab *lab;
    const struct machine *machine;
    const struct workspace *workspace;
    const struct instrument *instrument;
    const char *pattern; /* of Criterion's; NULL: all */
};

static int run_tests(struct process *process, const struct trial *trial, struct watch *watch) {
    struct arguments arguments = {0};
    const struct workspace *workspace = trial->workspace;
    enum sandbox_tier tier = trial->machine->tier;
    unsigned seconds = trial->lab->manifest->limits.tests_seconds *
                       (trial->instrument == NULL ? 1 : INSTRUMENT_FACTOR);
    const char *const kept[OUTER_KEEPS] = {lab_root(), workspace->root, workspace->scratch};
    sandbox_add_outer(&arguments, tier, kept);
    arguments_add(&arguments, "%s", trial->lab->tests);
    arguments_add(&arguments, "-j%ld", trial->pattern == NULL ? tests_at_once(trial->lab) : 1);
    if (trial->pattern != NULL) {
        arguments_add(&arguments, "--filter");
        arguments_add(&arguments, "%s", trial->pattern);
    }
    arguments_add(&arguments, "--timeout");
    arguments_add(&arguments, "%u", seconds);
    const struct process_options options = {.arguments = arguments.words,
                                            .stdin_path = "/dev/null",
                                            .limit_ms = (int)seconds * 1000,
                                            .output_limit_bytes = 1 << 20,
                                            .tick = follow,
                                            .context = watch};
    int status = process_run(process, &options);
    if (status == 0 && tier == SANDBOX_NONE)
        remove_socket(process->pid);
    cgroup_sweep(strrchr(workspace->scratch, '/') + 1);
    arguments_release(&arguments);
    return status;
}

/* Criterion takes settings from the environment (which tests to run, for one), and boxfort mistakes
 * a runner started from within a test for one of its workers. A verdict must not depend on either.
 */
static void set_environment(const char *settings) {
    for (char **entry = environ; *entry != NULL;) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*entry, "="), *entry);
        bool is_criterions = strncmp(name, "CRITERION_", 10) == 0 || strncmp(name, "BXFI_", 5) == 0;
        if (!is_criterions || unsetenv(name) < 0)
            entry++;
        else
            entry = environ; /* it moved the others */
    }
    setenv("GROUNDWORK_RUN", settings, 1);
}

/* Runs the tests and reads what they recorded. Returns 0, or -1 after a line on standard error. */
static int try_tests(struct verdicts *verdicts, const struct trial *trial, struct watch *watch) {
    struct process process;
    *verdicts = (struct verdicts){
        .tests = json_object(), .ledgers = json_array(), .measurements = json_object()};
    if (write_settings(trial->lab, trial->machine, trial->workspace, trial->instrument) < 0)
        return -1;
    if (run_tests(&process, trial, watch) < 0) {
        error_errno(trial->lab->tests);
        return -1;
    }
    follow(watch);
    verdicts->seconds = (double)(process.ended_ns - process.started_ns) / 1e9;
    verdicts->interrupted = interrupted != 0;
    verdicts_read(verdicts, trial->workspace->records);
    if (!verdicts->complete)
        explain_end(verdicts, &process);
    if (watch->records != NULL)
        fclose(watch->records);
    process_release(&process);
    return 0;
}

static bool is_undecided(const json_t *test) {
    const char *status = json_string_value(json_object_get(test, "status"));
    return status != NULL && strcmp(status, "inconclusive") == 0;
}

/* "@(step/name|step/name)" of the tests that the machine was too busy for. Returns how many. */
static int undecided_tests(const struct verdicts *verdicts, char *pattern, size_t size) {
    const char *name;
    json_t *test;
    int count = 0;
    json_object_foreach (verdicts->tests, name, test) {
        size_t length = strlen(pattern);
        if (is_undecided(test))
            snprintf(pattern + length, size - length, "%s%s", count++ == 0 ? "@(" : "|", name);
    }
    snprintf(pattern + strlen(pattern), size - strlen(pattern), ")");
    return count;
}

/* What `again` says of the undecided tests takes the place of what was said. */
static void replace_undecided(struct verdicts *verdicts, const struct verdicts *again) {
    const char *name;
    json_t *test;
    json_object_foreach (verdicts->tests, name, test) {
        json_t *newer = json_object_get(again->tests, name);
        if (!is_undecided(test) || json_object_get(newer, "status") == NULL)
            continue;
        for (size_t i = json_array_size(verdicts->ledgers); i-- > 0;)
            if (strcmp(result_text(json_array_get(verdicts->ledgers, i), "test"), name) == 0)
                json_array_remove(verdicts->ledgers, i);
        json_object_set(verdicts->tests, name, newer);
    }
    json_array_extend(verdicts->ledgers, again->ledgers);
    json_object_update(verdicts->measurements, again->measurements);
    verdicts->seconds += again->seconds;
    verdicts->run_seconds += again->run_seconds;
    verdicts->traced_seconds += again->traced_seconds;
}

/* Tests that starved beside the others are tried once more without them; what they say then holds.
 * A program that spins in one test takes the processor from those beside it. */
static void decide_again(struct verdicts *verdicts, const struct trial *trial) {
    char pattern[PATTERN_BYTES] = "";
    struct workspace workspace = *trial->workspace;
    struct verdicts again;
    if (!verdicts->complete || undecided_tests(verdicts, pattern, sizeof pattern) == 0 ||
        workspace_renew(&workspace) < 0)
        return;
    const struct trial second = {trial->lab, trial->machine, &workspace, trial->instrument,
                                 pattern};
    struct watch watch = {.path = workspace.records};
    if (try_tests(&again, &second, &watch) == 0 && again.complete)
        replace_undecided(verdicts, &again);
    verdicts->interrupted = interrupted != 0;
    json_decref(watch.plan);
    verdicts_release(&again);
}

int judge(struct verdicts *verdicts, const struct lab *lab, const struct machine *machine,
          const struct workspace *workspace, const struct instrument *instrument,
          void (*progress)(const char *test, const char *status, size_t done)) {
    const struct trial trial = {lab, machine, workspace, instrument, NULL};
    struct watch watch = {.path = workspace->records, .progress = progress};
    if (access(lab->tests, X_OK) < 0) {
        error_because(lab->tests, "the lab's tests are not built; run `make`");
        return -1;
    }
    set_environment(workspace->settings);
    if (try_tests(verdicts, &trial, &watch) < 0)
        return -1;
    int status = watch.plan == NULL ? 0 : verdicts_check_plan(lab, watch.plan);
    if (status == 0)
        decide_again(verdicts, &trial);
    json_decref(watch.plan);
    return status;
}

void verdicts_release(struct verdicts *verdicts) {
    json_decref(verdicts->tests);
    json_decref(verdicts->ledgers);
    json_decref(verdicts->measurements);
}
