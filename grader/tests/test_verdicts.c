/* From the testkit's records to a result: what counts as passed, and what does not. Records are
 * written here by hand; that the testkit writes such records is test_kit's. */
#include "grader/judge.h"
#include "grader/result.h"
#include "grader/tests/helpers.h"

TestSuite(verdicts, .timeout = 30);
TestSuite(result, .timeout = 30);

static const char manifest_text[] =
    "lab: 99-fixture\ntitle: A lab\nquestion: q\nprogram: prog\nfiles: [prog.c]\ncommon: []\n"
    "network: none\nstarter: {score: 0, fails: [one/a]}\n"
    "limits: {build_seconds: 2, tests_seconds: 6, memory_mib: 25, processes: 16, tmp_mib: 8}\n"
    "steps:\n"
    "  - id: one\n    title: t\n    tests:\n"
    "      - {name: a, points: 60, asks: of a, hint: hint a}\n"
    "      - {name: b, points: 30, asks: of b, hint: hint b}\n"
    "  - id: two\n    title: t\n    tests:\n"
    "      - {name: a, points: 10, asks: of two, hint: hint two}\n"
    "predictions: []\n";

#define VERDICT(test, status)                                                                      \
    "{\"kind\":\"verdict\",\"test\":\"" test "\",\"status\":\"" status "\",\"seconds\":0.1}\n"
#define BUDGET(test, held)                                                                         \
    "{\"kind\":\"budget\",\"test\":\"" test "\",\"what\":\"reads on x\",\"relation\":\"at most\"," \
    "\"formula\":\"f\",\"limit\":1,\"counted\":2,\"unit\":\"calls\",\"why\":\"w\",\"held\":" held  \
    ",\"problem\":\"\"}\n"
#define PLAN "{\"kind\":\"plan\",\"tests\":[\"one/a\",\"one/b\",\"two/a\"]}\n"
#define END  "{\"kind\":\"end\",\"tests\":3}\n"

static struct verdicts read_records(const char *records) {
    struct verdicts verdicts = {
        .tests = json_object(), .ledgers = json_array(), .measurements = json_object()};
    verdicts_read(&verdicts, make_own_file("records.jsonl", records));
    return verdicts;
}

static const char *status_in(const struct verdicts *verdicts, const char *test) {
    return result_text(json_object_get(verdicts->tests, test), "status");
}

/* The status that one/a gets from these records and a verdict. */
static void expect_status(const char *records, const char *status) {
    struct verdicts verdicts = read_records(records);
    cr_expect_str_eq(status_in(&verdicts, "one/a"), status, "%s is not %s after %s",
                     status_in(&verdicts, "one/a"), status, records);
    verdicts_release(&verdicts);
}

Test(verdicts, of_a_whole_file_are_complete) {
    struct verdicts verdicts = read_records(
        PLAN VERDICT("one/a", "passed") VERDICT("one/b", "failed") VERDICT("two/a", "passed") END);
    cr_expect(verdicts.complete);
    cr_expect_str_eq(status_in(&verdicts, "one/a"), "passed");
    cr_expect_str_eq(status_in(&verdicts, "one/b"), "failed");
    cr_expect_str_eq(status_in(&verdicts, "two/a"), "passed");
    verdicts_release(&verdicts);
}

Test(verdicts, without_the_end_record_are_incomplete_and_kept) {
    struct verdicts verdicts = read_records(PLAN VERDICT("one/a", "passed"));
    cr_expect(!verdicts.complete);
    cr_expect_str_eq(status_in(&verdicts, "one/a"), "passed");
    cr_expect_str_eq(status_in(&verdicts, "one/b"), "");
    verdicts_release(&verdicts);
    verdicts = read_records("");
    cr_expect(!verdicts.complete);
    verdicts_release(&verdicts);
}

Test(verdicts, after_a_record_that_makes_no_sense_are_incomplete_and_kept) {
    static const char *const strange[] = {
        "total garbage\n",
        "{\"kind\":\"verdict\",\"test\":\"one/b\",\"sta\n",
        "[1,2]\n",
        "{\"test\":\"one/b\"}\n",
        "{\"kind\":\"verdict\"}\n",
        "{\"kind\":\"applause\",\"test\":\"one/b\"}\n",
        "{\"kind\":7,\"test\":\"one/b\"}\n",
        "{\"kind\":\"budget\",\"test\":[]}\n",
        "\n",
    };
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        char *records = NULL;
        if (asprintf(&records, "%s%s%s%s", PLAN VERDICT("one/a", "passed"), strange[i],
                     VERDICT("two/a", "failed"), END) < 0)
            abort();
        struct verdicts verdicts = read_records(records);
        cr_expect(!verdicts.complete, "after: %s", strange[i]);
        cr_expect_str_eq(status_in(&verdicts, "one/a"), "passed");
        cr_expect_str_eq(status_in(&verdicts, "two/a"), "failed");
        verdicts_release(&verdicts);
        free(records);
    }
}

Test(verdicts, from_a_file_that_is_not_there_are_none) {
    struct verdicts verdicts = {
        .tests = json_object(), .ledgers = json_array(), .measurements = json_object()};
    verdicts_read(&verdicts, own_file("nowhere"));
    cr_expect(!verdicts.complete);
    cr_expect_eq(json_object_size(verdicts.tests), 0);
    verdicts_release(&verdicts);
}

Test(verdicts, are_failed_when_a_budget_was_lost_whatever_criterion_said) {
    expect_status(BUDGET("one/a", "true") VERDICT("one/a", "passed"), "passed");
    expect_status(BUDGET("one/a", "false") VERDICT("one/a", "passed"), "failed");
    expect_status(BUDGET("one/a", "false") BUDGET("one/a", "true") VERDICT("one/a", "passed"),
                  "failed");
    expect_status(BUDGET("one/a", "false") VERDICT("one/a", "skipped"), "failed");
    expect_status(BUDGET("one/b", "false") VERDICT("one/a", "passed"), "passed");
}

Test(verdicts, are_failed_when_a_failure_was_noted_whatever_criterion_said) {
    expect_status("{\"kind\":\"failure\",\"test\":\"one/a\",\"expected\":\"x\",\"seen\":\"y\","
                  "\"steps\":[]}\n" VERDICT("one/a", "passed"),
                  "failed");
}

Test(verdicts, of_a_crash_or_a_time_out_are_errors) {
    expect_status(VERDICT("one/a", "error"), "error");
    expect_status(BUDGET("one/a", "false") VERDICT("one/a", "error"), "error");
}

Test(verdicts, of_a_skipped_test_say_which_kind_of_skip) {
    expect_status("{\"kind\":\"unmeasured\",\"test\":\"one/a\",\"why\":\"no strace\"}\n" VERDICT(
                      "one/a", "skipped"),
                  "unmeasured");
    expect_status("{\"kind\":\"inconclusive\",\"test\":\"one/a\",\"why\":\"busy\"}\n" VERDICT(
                      "one/a", "skipped"),
                  "inconclusive");
    expect_status(VERDICT("one/a", "skipped"), "unmeasured");
}

/* What was not measured is not a pass, even if the test went on. */
Test(verdicts, of_a_test_that_noted_a_skip_are_no_pass) {
    expect_status("{\"kind\":\"unmeasured\",\"test\":\"one/a\",\"why\":\"no strace\"}\n" VERDICT(
                      "one/a", "passed"),
                  "unmeasured");
}

Test(verdicts, carry_ledgers_measurements_and_budgets_along) {
    struct verdicts verdicts = read_records(
        "{\"kind\":\"measure\",\"test\":\"one/a\",\"name\":\"m\",\"value\":5,\"unit\":\"reads\"}\n"
        "{\"kind\":\"ledger\",\"test\":\"one/a\",\"title\":\"t\",\"rows\":[]}\n" BUDGET(
            "one/a", "true") VERDICT("one/a", "passed") END);
    json_t *measurement = json_object_get(verdicts.measurements, "m");
    cr_expect_eq(result_number(measurement, "value"), 5);
    cr_expect_str_eq(result_text(measurement, "unit"), "reads");
    cr_expect_str_eq(result_text(json_array_get(verdicts.ledgers, 0), "title"), "t");
    cr_expect_eq(
        json_array_size(json_object_get(json_object_get(verdicts.tests, "one/a"), "budgets")), 1);
    verdicts_release(&verdicts);
}

/* ---- The result ---- */

/* The result of these records; NULL: of a submission that did not build, for that reason. */
static json_t *result_of(const char *records, const char *folder, const char *build_message) {
    struct lab lab = {0};
    struct submission submission = {.folder = folder, .digest = "d"};
    struct machine machine = {.tier = SANDBOX_STRICT};
    struct build build = {.made = records != NULL};
    struct verdicts verdicts = {0};
    setenv("GROUNDWORK_ROOT", own_file(""), 1);
    snprintf(lab.folder, sizeof lab.folder, "%s", own_file("99-fixture"));
    snprintf(lab.manifest_path, sizeof lab.manifest_path, "%s",
             make_own_file("lab.yaml", manifest_text));
    lab.manifest = manifest_load(lab.manifest_path);
    cr_assert_not_null(lab.manifest);
    if (records != NULL)
        verdicts = read_records(records);
    else
        build.message = strdup(build_message);
    if (records != NULL && !verdicts.complete)
        snprintf(verdicts.why_incomplete, sizeof verdicts.why_incomplete, "it broke off");
    struct grading grading = {.lab = &lab,
                              .submission = &submission,
                              .machine = &machine,
                              .build = &build,
                              .verdicts = records != NULL ? &verdicts : NULL};
    json_t *result = result_make(&grading);
    verdicts_release(&verdicts);
    build_release(&build);
    manifest_free(lab.manifest);
    return result;
}

static void expect_totals(const json_t *result, json_int_t score, json_int_t unmeasured,
                          json_int_t inconclusive, int exit_status) {
    const json_t *totals = json_object_get(result, "totals");
    cr_expect_eq(result_number(totals, "score"), score);
    cr_expect_eq(result_number(totals, "max_score"), 100);
    cr_expect_eq(result_number(totals, "unmeasured"), unmeasured);
    cr_expect_eq(result_number(totals, "inconclusive"), inconclusive);
    cr_expect_eq(result_exit_status(result), exit_status);
}

static const json_t *test_at(const json_t *result, size_t index) {
    return json_array_get(json_object_get(result, "tests"), index);
}

Test(result, of_all_passed_is_100_and_0) {
    json_t *result = result_of(PLAN VERDICT("two/a", "passed") VERDICT("one/b", "passed")
                                   VERDICT("one/a", "passed") END,
                               "f", NULL);
    expect_totals(result, 100, 0, 0, 0);
    cr_expect_str_eq(result_text(test_at(result, 0), "name"), "a");
    cr_expect_str_eq(result_text(test_at(result, 1), "hint"), "hint b", "in the manifest's order");
    json_decref(result);
}

Test(result, of_a_failure_loses_its_points_and_is_1) {
    json_t *result = result_of(PLAN VERDICT("one/a", "failed") VERDICT("one/b", "passed")
                                   VERDICT("two/a", "passed") END,
                               "f", NULL);
    expect_totals(result, 40, 0, 0, 1);
    cr_expect_eq(result_number(test_at(result, 0), "points"), 0);
    cr_expect_eq(result_number(test_at(result, 0), "max"), 60);
    json_decref(result);
}

Test(result, of_something_unmeasured_is_3_and_says_how_many_points) {
    json_t *result = result_of(PLAN VERDICT("one/a", "skipped") VERDICT("one/b", "passed")
                                   VERDICT("two/a", "passed") END,
                               "f", NULL);
    expect_totals(result, 40, 60, 0, 3);
    json_decref(result);
    result = result_of(
        "{\"kind\":\"inconclusive\",\"test\":\"one/b\",\"why\":\"w\"}\n" VERDICT("one/a", "passed")
            VERDICT("one/b", "skipped") VERDICT("two/a", "passed") END,
        "f", NULL);
    expect_totals(result, 70, 0, 30, 3);
    json_decref(result);
    result = result_of(VERDICT("one/a", "skipped") VERDICT("one/b", "failed")
                           VERDICT("two/a", "passed") END,
                       "f", NULL);
    expect_totals(result, 10, 60, 0, 1);
    json_decref(result);
}

Test(result, of_tests_that_broke_off_is_error_for_those_without_a_verdict) {
    json_t *result = result_of(PLAN VERDICT("one/a", "passed"), "f", NULL);
    expect_totals(result, 60, 0, 0, 1);
    cr_expect_str_eq(result_text(test_at(result, 0), "status"), "passed");
    cr_expect_str_eq(result_text(test_at(result, 1), "status"), "error");
    cr_expect_str_eq(result_text(test_at(result, 1), "message"), "it broke off");
    json_decref(result);
}

Test(result, of_what_does_not_build_is_error_for_every_test) {
    json_t *result = result_of(NULL, "f", "prog.c:1: error: no\n");
    expect_totals(result, 0, 0, 0, 1);
    for (size_t i = 0; i < 3; i++)
        cr_expect_str_eq(result_text(test_at(result, i), "status"), "error");
    const json_t *build = json_object_get(result, "build");
    cr_expect(json_is_false(json_object_get(build, "made")));
    cr_expect_str_eq(result_text(build, "message"), "prog.c:1: error: no\n");
    json_decref(result);
}

/* A learner's editor may well write Latin-1, and the compiler repeats the line. */
Test(result, survives_names_and_messages_that_are_not_utf_8) {
    json_t *result = result_of(NULL, "work/caf\xe9", "prog.c:1: error: 'caf\xe9' undeclared\n");
    cr_assert_not_null(result);
    cr_expect_str_eq(result_text(json_object_get(result, "build"), "message"),
                     "prog.c:1: error: 'caf?' undeclared\n");
    cr_expect_str_eq(result_text(json_object_get(result, "submission"), "path"), "work/caf?");
    expect_totals(result, 0, 0, 0, 1);
    json_decref(result);
}

Test(result, ignores_verdicts_on_tests_that_the_manifest_does_not_name) {
    json_t *result = result_of(VERDICT("one/a", "passed") VERDICT("one/b", "passed")
                                   VERDICT("two/a", "passed") VERDICT("x/bonus", "passed") END,
                               "f", NULL);
    expect_totals(result, 100, 0, 0, 0);
    cr_expect_eq(json_array_size(json_object_get(result, "tests")), 3);
    json_decref(result);
}

Test(result, sets_the_references_counts_beside) {
    mkdir(own_file("labs"), 0755);
    mkdir(own_file("labs/99-fixture"), 0755);
    make_own_file("labs/99-fixture/reference.json",
                  "{\"budgets\":{\"one/a\":[{\"formula\":\"f\",\"counted\":17}]},\"ledgers\":["
                  "{\"title\":\"t\",\"rows\":[{\"call\":\"read\",\"on\":\"x\",\"count\":3},"
                  "{\"call\":\"write\",\"on\":\"y\",\"count\":4}]}]}");
    json_t *result = result_of(
        "{\"kind\":\"ledger\",\"test\":\"one/a\",\"title\":\"t\",\"rows\":[{\"call\":\"read\","
        "\"on\":\"x\",\"count\":9,\"bytes\":9}]}\n" BUDGET("one/a", "true")
            VERDICT("one/a", "passed") VERDICT("one/b", "passed") VERDICT("two/a", "passed") END,
        "f", NULL);
    const json_t *budget = json_array_get(json_object_get(test_at(result, 0), "budgets"), 0);
    const json_t *ledger = json_array_get(json_object_get(result, "ledgers"), 0);
    const json_t *rows = json_object_get(ledger, "rows");
    cr_expect_eq(result_number(budget, "reference"), 17);
    cr_assert_eq(json_array_size(rows), 2);
    cr_expect_eq(result_number(json_array_get(rows, 0), "reference"), 3);
    cr_expect_eq(result_number(json_array_get(rows, 1), "count"), 0);
    cr_expect_eq(result_number(json_array_get(rows, 1), "reference"), 4);
    json_decref(result);
}
