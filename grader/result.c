/* Making the result from what was seen, and the reference from results. */
#include "grader/result.h"

#include <stdlib.h>
#include <string.h>

#include "grader/predictions.h"

const char *result_text(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

json_int_t result_number(const json_t *object, const char *name) {
    return json_integer_value(json_object_get(object, name));
}

json_t *reference_load(const struct lab *lab) {
    char path[PATH_BYTES];
    const char *folder = strrchr(lab->folder, '/') + 1;
    json_t *reference = json_load_file(lab_path(path, "labs/%s/reference.json", folder), 0, NULL);
    return reference == NULL ? json_object() : reference;
}

/* ---- Setting the reference's counts beside ---- */

/* The entry of a list whose member `name` has that text. */
static json_t *entry_with(const json_t *list, const char *name, const char *text) {
    size_t index;
    json_t *entry;
    json_array_foreach (list, index, entry) {
        if (strcmp(result_text(entry, name), text) == 0)
            return entry;
    }
    return NULL;
}

static void set_reference(json_t *entry, const json_t *known, const char *member) {
    json_t *value = json_object_get(known, member);
    if (value != NULL)
        json_object_set(entry, "reference", value);
}

/* Budgets of a test have the same order in every run, unless the test ended early. */
static void add_budget_references(json_t *budgets, const json_t *known) {
    size_t index;
    json_t *budget;
    json_array_foreach (budgets, index, budget) {
        const json_t *same = json_array_get(known, index);
        if (strcmp(result_text(same, "formula"), result_text(budget, "formula")) == 0)
            set_reference(budget, same, "counted");
    }
}

/* The reference's count of a kind of call on a thing; where it makes none of that kind there but
 * another (say write for writev), its row is added, so that both are seen. */
static void add_row_references(json_t *ledger, const json_t *known) {
    size_t index;
    json_t *row;
    json_t *rows = json_object_get(ledger, "rows");
    json_t *known_rows = json_deep_copy(json_object_get(known, "rows"));
    json_array_foreach (rows, index, row) {
        size_t other;
        json_t *candidate;
        json_array_foreach (known_rows, other, candidate) {
            if (strcmp(result_text(row, "call"), result_text(candidate, "call")) == 0 &&
                strcmp(result_text(row, "on"), result_text(candidate, "on")) == 0) {
                set_reference(row, candidate, "count");
                json_array_remove(known_rows, other);
                break;
            }
        }
    }
    json_array_foreach (known_rows, index, row) {
        json_array_append_new(rows,
                              json_pack("{sO sO si si sO}", "call", json_object_get(row, "call"),
                                        "on", json_object_get(row, "on"), "count", 0, "bytes", 0,
                                        "reference", json_object_get(row, "count")));
    }
    json_decref(known_rows);
}

/* ---- Tests ---- */

/* A test that left no verdict: nothing was built, the run ended early, or tracing is impossible. */
static void explain_missing(json_t *test, const struct grading *grading) {
    const char *why = "the tests ended without a verdict on this one";
    if (!grading->build->made)
        why = "the program was not built";
    else if (grading->verdicts != NULL && grading->verdicts->why_incomplete[0] != '\0')
        why = grading->verdicts->why_incomplete;
    json_object_set_new(test, "status", json_string("error"));
    json_object_set_new(test, "message", json_string(why));
}

static json_t *make_test(const struct grading *grading, const struct manifest_step *step,
                         const struct manifest_test *named, const json_t *reference) {
    json_t *name = json_sprintf("%s/%s", step->id, named->name);
    json_t *test = json_object();
    json_t *seen = grading->verdicts == NULL
                       ? NULL
                       : json_object_get(grading->verdicts->tests, json_string_value(name));
    if (seen != NULL)
        json_object_update(test, seen);
    json_object_del(test, "lost_budget");
    json_object_set_new(test, "step", json_string(step->id));
    json_object_set_new(test, "name", json_string(named->name));
    json_object_set_new(test, "max", json_integer(named->points));
    json_object_set_new(test, "asks", json_string(named->asks));
    json_object_set_new(test, "hint", json_string(named->hint));
    if (json_object_get(test, "status") == NULL)
        explain_missing(test, grading);
    bool passed = strcmp(result_text(test, "status"), "passed") == 0;
    json_object_set_new(test, "points", json_integer(passed ? named->points : 0));
    if (json_object_get(test, "budgets") == NULL)
        json_object_set_new(test, "budgets", json_array());
    add_budget_references(
        json_object_get(test, "budgets"),
        json_object_get(json_object_get(reference, "budgets"), json_string_value(name)));
    json_decref(name);
    return test;
}

static void add_tests(json_t *result, const struct grading *grading, const json_t *reference) {
    const struct manifest *manifest = grading->lab->manifest;
    json_t *tests = json_array(), *steps = json_array();
    for (unsigned i = 0; i < manifest->steps_count; i++) {
        const struct manifest_step *step = &manifest->steps[i];
        json_array_append_new(steps, json_pack("{ss ss}", "id", step->id, "title", step->title));
        for (unsigned j = 0; j < step->tests_count; j++)
            json_array_append_new(tests, make_test(grading, step, &step->tests[j], reference));
    }
    json_object_set_new(result, "steps", steps);
    json_object_set_new(result, "tests", tests);
}

static json_t *make_totals(const json_t *tests) {
    size_t index;
    json_t *test;
    json_int_t score = 0, most = 0, unmeasured = 0, inconclusive = 0;
    json_array_foreach (tests, index, test) {
        const char *status = result_text(test, "status");
        json_int_t points = result_number(test, "max");
        most += points;
        score += result_number(test, "points");
        unmeasured += strcmp(status, "unmeasured") == 0 ? points : 0;
        inconclusive += strcmp(status, "inconclusive") == 0 ? points : 0;
    }
    return json_pack("{sI sI sI sI}", "score", score, "max_score", most, "unmeasured", unmeasured,
                     "inconclusive", inconclusive);
}

/* ---- The whole ---- */

/* Text from outside: a folder's name or a compiler's words need not be UTF-8, JSON has to be. */
static json_t *readable(const char *text) {
    json_t *string = json_string(text);
    if (string != NULL)
        return string;
    char *copy = strdup(text);
    for (char *c = copy; c != NULL && *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    string = json_string(copy == NULL ? "" : copy);
    free(copy);
    return string;
}

static json_t *make_submission(const struct grading *grading) {
    const struct manifest *manifest = grading->lab->manifest;
    json_t *files = json_array();
    for (unsigned i = 0; i < manifest->files_count; i++)
        json_array_append_new(files, json_string(manifest->files[i]));
    const char *folder = grading->submission->folder;
    size_t root = strlen(lab_root());
    if (strncmp(folder, lab_root(), root) == 0 && folder[root] == '/')
        folder += root + 1; /* a result is read elsewhere, where the tree lies in another place */
    return json_pack("{so ss so}", "path", readable(folder), "digest", grading->submission->digest,
                     "files", files);
}

static json_t *make_sandbox(const struct machine *machine) {
    json_t *sandbox = json_pack("{ss}", "tier", sandbox_tier_name(machine->tier));
    if (machine->why_not_strict[0] != '\0')
        json_object_set_new(sandbox, "why_not_strict", json_string(machine->why_not_strict));
    if (machine->why_no_trace[0] != '\0')
        json_object_set_new(sandbox, "why_no_trace", json_string(machine->why_no_trace));
    return sandbox;
}

/* Adds what one test published. */
static void add_published(const struct verdicts *verdicts, const char *test, json_t *ledgers,
                          json_t *measurements) {
    size_t index;
    json_t *entry;
    const char *name;
    json_array_foreach (verdicts->ledgers, index, entry) {
        if (strcmp(result_text(entry, "test"), test) == 0)
            json_array_append_new(ledgers, json_deep_copy(entry));
    }
    json_object_foreach (verdicts->measurements, name, entry) {
        if (strcmp(result_text(entry, "test"), test) == 0)
            json_object_set(measurements, name, entry);
    }
}

/* Tests run side by side and end in any order; a result has the manifest's. */
static void add_all_published(const struct grading *grading, json_t *ledgers,
                              json_t *measurements) {
    const struct manifest *manifest = grading->lab->manifest;
    for (unsigned i = 0; grading->verdicts != NULL && i < manifest->steps_count; i++)
        for (unsigned j = 0; j < manifest->steps[i].tests_count; j++) {
            char test[256];
            snprintf(test, sizeof test, "%s/%s", manifest->steps[i].id,
                     manifest->steps[i].tests[j].name);
            add_published(grading->verdicts, test, ledgers, measurements);
        }
}

static void add_counts(json_t *result, const struct grading *grading, const json_t *reference) {
    json_t *ledgers = json_array(), *measurements = json_object();
    add_all_published(grading, ledgers, measurements);
    size_t index;
    json_t *ledger;
    json_array_foreach (ledgers, index, ledger) {
        const json_t *known = entry_with(json_object_get(reference, "ledgers"), "title",
                                         result_text(ledger, "title"));
        if (known != NULL)
            add_row_references(ledger, known);
    }
    json_object_set_new(result, "ledgers", ledgers);
    json_object_set_new(result, "measurements", measurements);
}

static json_t *make_seconds(const struct grading *grading) {
    static const struct verdicts none;
    const struct verdicts *verdicts = grading->verdicts == NULL ? &none : grading->verdicts;
    return json_pack("{sf sf sf sf sf}", "build", grading->build->seconds, "tests",
                     verdicts->seconds, "runs", verdicts->run_seconds, "traced_runs",
                     verdicts->traced_seconds, "total", grading->seconds);
}

json_t *result_make(const struct grading *grading) {
    const struct lab *lab = grading->lab;
    char digest[DIGEST_CHARACTERS] = "";
    json_t *reference = reference_load(lab);
    lab_tests_digest(lab, digest);
    json_t *result =
        json_pack("{si ss ss ss so ss ss so s{sb sf}}", "schema", 1, "lab", lab->manifest->lab,
                  "title", lab->manifest->title, "program", lab->manifest->program, "submission",
                  make_submission(grading), "grader_version", GRADER_VERSION, "tests_digest",
                  digest, "sandbox", make_sandbox(grading->machine), "build", "made",
                  grading->build->made, "seconds", grading->build->seconds);
    if (grading->build->message != NULL)
        json_object_set_new(json_object_get(result, "build"), "message",
                            readable(grading->build->message));
    if (grading->instrument != NULL)
        json_object_set_new(result, "instrument", json_string(grading->instrument->name));
    add_tests(result, grading, reference);
    add_counts(result, grading, reference);
    json_object_set_new(result, "predictions",
                        predictions_make(lab, grading->submission->folder, reference,
                                         json_object_get(result, "measurements")));
    json_object_set_new(result, "seconds", make_seconds(grading));
    json_object_set_new(result, "totals", make_totals(json_object_get(result, "tests")));
    json_decref(reference);
    return result;
}

int result_exit_status(const json_t *result) {
    size_t index;
    json_t *test;
    int exit_status = 0;
    json_array_foreach (json_object_get(result, "tests"), index, test) {
        const char *status = result_text(test, "status");
        if (strcmp(status, "failed") == 0 || strcmp(status, "error") == 0)
            return 1;
        if (strcmp(status, "passed") != 0)
            exit_status = 3;
    }
    return exit_status;
}

/* ---- The reference ---- */

static json_t *reference_budgets(const json_t *solution) {
    json_t *all = json_object();
    size_t index, each;
    json_t *test, *budget;
    json_array_foreach (json_object_get(solution, "tests"), index, test) {
        json_t *list = json_array();
        json_array_foreach (json_object_get(test, "budgets"), each, budget) {
            json_t *kept = json_object();
            static const char *const members[] = {"what", "relation", "formula", "unit", "why"};
            for (size_t i = 0; i < sizeof members / sizeof *members; i++)
                json_object_set(kept, members[i], json_object_get(budget, members[i]));
            if (strcmp(result_text(budget, "unit"), "calls") == 0 && /* memory wavers, too */
                !json_is_true(json_object_get(budget, "wavers"))) {
                json_object_set(kept, "limit", json_object_get(budget, "limit"));
                json_object_set(kept, "counted", json_object_get(budget, "counted"));
            }
            json_array_append_new(list, kept);
        }
        json_t *name = json_sprintf("%s/%s", result_text(test, "step"), result_text(test, "name"));
        if (json_array_size(list) > 0)
            json_object_set(all, json_string_value(name), list);
        json_decref(list);
        json_decref(name);
    }
    return all;
}

static json_t *reference_ledgers(const json_t *solution) {
    json_t *ledgers = json_deep_copy(json_object_get(solution, "ledgers"));
    size_t index, each;
    json_t *ledger, *row;
    json_array_foreach (ledgers, index, ledger) {
        json_t *rows = json_object_get(ledger, "rows"), *kept = json_array();
        json_array_foreach (rows, each, row) {
            json_object_del(row, "reference");
            if (json_is_false(json_object_get(row, "wavers")))
                json_array_append(kept, row);
            json_object_del(row, "wavers");
        }
        json_object_set_new(ledger, "rows", kept);
    }
    return ledgers;
}

/* Memory, the scheduler's doings, and all that a clock has a say in differ a little from run to run. */
static bool repeats(const json_t *measurement) {
    const char *unit = result_text(measurement, "unit");
    return strcmp(unit, "KiB of memory") != 0 && strcmp(unit, "context switches") != 0 &&
           strcmp(unit, "bytes of memory") != 0 && strcmp(unit, "wake-ups") != 0 &&
           strcmp(unit, "ms") != 0 && strcmp(unit, "answers a second") != 0;
}

static json_t *repeatable_measurements(const json_t *result) {
    json_t *kept = json_object();
    const char *name;
    json_t *measurement;
    json_object_foreach (json_object_get(result, "measurements"), name, measurement) {
        if (repeats(measurement))
            json_object_set(kept, name, measurement);
    }
    return kept;
}

json_t *reference_make(const json_t *solution, const json_t *starter) {
    return json_pack("{ss so so so so}", "lab", result_text(solution, "lab"), "budgets",
                     reference_budgets(solution), "ledgers", reference_ledgers(solution),
                     "measurements", repeatable_measurements(solution), "starter_measurements",
                     repeatable_measurements(starter));
}
