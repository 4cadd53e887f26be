/* The testkit's promises, by grading variants of a small program with the fixture's tests: each
 * variant breaks one thing, and only the test on that thing notices, in the words that a learner
 * gets. */
#include "grader/tests/fixture.h"

TestSuite(kit, .timeout = 240, .init = make_fixture);

static json_t *result_of_variant(const char *word) {
    return result_of_folder(make_variant(word), "auto");
}

/* All pass but the one named, which has that status. */
static void expect_only(const json_t *result, const char *name, const char *status) {
    size_t index;
    json_t *test;
    json_array_foreach (json_object_get(result, "tests"), index, test) {
        const char *each = result_text(test, "name");
        expect_status(result, each, strcmp(each, name) == 0 ? status : "passed");
    }
}

static void need_tracing(const json_t *result) {
    if (!is_traced(result))
        cr_skip_test("nothing can be traced here: %s",
                     result_text(json_object_get(result, "sandbox"), "why_no_trace"));
}

Test(kit, passes_a_program_that_keeps_every_promise_and_records_its_budgets) {
    json_t *result = result_of_variant("GOOD");
    need_tracing(result);
    expect_only(result, "", "passed");
    const json_t *budgets = json_object_get(test_named(result, "counts"), "budgets");
    const json_t *reads = json_array_get(budgets, 0);
    cr_assert_eq(json_array_size(budgets), 4);
    cr_expect_str_eq(result_text(reads, "formula"), "ceil_div(size, chunk) + 1");
    cr_expect_eq(result_number(reads, "limit"), 5);
    cr_expect_eq(result_number(reads, "counted"), 5);
    cr_expect_eq(result_number(reads, "bytes"), 4096);
    cr_expect_str_eq(result_text(reads, "why"), "a chunk a call");
    cr_expect(json_is_true(json_object_get(reads, "held")));
    cr_expect_str_eq(result_text(json_array_get(budgets, 1), "relation"), "at least");
    cr_expect_str_eq(result_text(json_array_get(budgets, 2), "relation"), "exactly");
    cr_expect_eq(result_number(json_array_get(budgets, 3), "counted"), 4096);
    json_decref(result);
}

Test(kit, publishes_ledgers_and_measurements) {
    json_t *result = result_of_variant("GOOD");
    need_tracing(result);
    const json_t *ledger = json_array_get(json_object_get(result, "ledgers"), 0);
    const json_t *rows = json_object_get(ledger, "rows");
    cr_expect_str_eq(result_text(ledger, "title"), "a copy of 4 KiB");
    cr_assert_eq(json_array_size(rows), 2, "the loader's own calls are left out");
    cr_expect_str_eq(result_text(json_array_get(rows, 0), "on"), "input");
    cr_expect_eq(result_number(json_array_get(rows, 0), "count"), 5);
    cr_expect_str_eq(result_text(json_array_get(rows, 1), "on"), "standard output");
    cr_expect_eq(result_number(json_array_get(rows, 1), "bytes"), 4096);
    const json_t *reads = json_object_get(json_object_get(result, "measurements"), "copy_reads");
    cr_expect_eq(result_number(reads, "value"), 5);
    json_decref(result);
}

Test(kit, fails_a_budget_that_is_overdrawn_and_counts_on) {
    json_t *result = result_of_variant("NAIVE");
    need_tracing(result);
    expect_only(result, "counts", "failed");
    const json_t *budgets = json_object_get(test_named(result, "counts"), "budgets");
    cr_expect_eq(json_array_size(budgets), 4, "a lost budget does not end the test");
    cr_expect(json_is_false(json_object_get(json_array_get(budgets, 0), "held")));
    cr_expect_eq(result_number(json_array_get(budgets, 0), "counted"), 4097);
    cr_expect(json_is_true(json_object_get(json_array_get(budgets, 1), "held")));
    cr_expect(json_is_false(json_object_get(json_array_get(budgets, 2), "held")));
    cr_expect_geq(json_array_size(json_object_get(json_array_get(budgets, 0), "steps")), 2);
    json_decref(result);
}

Test(kit, fails_a_budget_whose_bytes_came_another_way) {
    json_t *result = result_of_variant("KNOWS_THE_INPUT");
    need_tracing(result);
    const json_t *reads =
        json_array_get(json_object_get(test_named(result, "counts"), "budgets"), 0);
    expect_status(result, "counts", "failed");
    cr_expect(json_is_false(json_object_get(reads, "held")));
    cr_expect_eq(result_number(reads, "counted"), 0);
    cr_expect_eq(result_number(reads, "bytes_expected"), 4096);
    cr_expect_not_null(strstr(result_text(reads, "problem"), "the bytes came another way"));
    json_decref(result);
}

Test(kit, provokes_eintr_and_does_not_count_it) {
    json_t *result = result_of_variant("GIVES_UP_ON_EINTR");
    need_tracing(result);
    expect_only(result, "interrupted", "failed");
    cr_expect_not_null(
        strstr(result_text(test_named(result, "interrupted"), "seen"), "exit status 1"));
    json_decref(result);
}

Test(kit, provokes_a_short_write) {
    json_t *result = result_of_variant("LOSES_SHORT_WRITES");
    need_tracing(result);
    expect_only(result, "short_write", "failed");
    cr_expect_str_eq(result_text(test_named(result, "short_write"), "expected"),
                     "bytes of output: 65536");
    json_decref(result);
}

Test(kit, tells_a_failure_by_what_was_expected_seen_and_done) {
    json_t *result = result_of_variant("SAYS_GOODBYE");
    const json_t *test = test_named(result, "answers");
    const json_t *shown = json_array_get(json_object_get(test, "shown"), 0);
    cr_expect_str_eq(result_text(shown, "what"), "words of greeting", "and by what is not judged");
    cr_expect_eq(result_number(shown, "value"), 2);
    expect_status(result, "answers", "failed");
    cr_expect_str_eq(result_text(test, "expected"), "line 2 of standard output: `hello`");
    cr_expect_eq(strncmp(result_text(test, "seen"), "`goodbye?[31m`", 14), 0,
                 "nothing in it that a terminal would obey: %s", result_text(test, "seen"));
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(test, "steps"), 0)),
                     "run `prog hello`");
    json_decref(result);
}

Test(kit, takes_an_unclear_measurement_for_neither_pass_nor_failure) {
    json_t *result = result_of_variant("UNSURE");
    const json_t *totals = json_object_get(result, "totals");
    expect_status(result, "mood", "inconclusive");
    cr_expect_str_eq(result_text(test_named(result, "mood"), "message"), "it would not say");
    cr_expect_eq(result_number(totals, "inconclusive"), 10);
    json_decref(result);
}

Test(kit, tries_an_unclear_measurement_once_more) {
    json_t *result = result_of_variant("UNSURE_AT_FIRST");
    need_tracing(result);
    expect_only(result, "", "passed");
    const json_t *tries = json_object_get(json_object_get(result, "measurements"), "tries");
    cr_expect_eq(result_number(tries, "value"), 2, "what the second run measured is kept");
    cr_expect_eq(json_array_size(json_object_get(result, "ledgers")), 1,
                 "and what the first one published");
    json_decref(result);
}

Test(kit, names_a_program_that_sleeps_or_dies) {
    json_t *result = result_of_variant("SLEEPS");
    expect_status(result, "answers", "failed");
    cr_expect_str_eq(result_text(test_named(result, "answers"), "expected"),
                     "the program ends by itself");
    cr_expect_eq(result_number(json_object_get(result, "totals"), "score"), 0);
    json_decref(result);
    result = result_of_variant("DIES");
    expect_status(result, "answers", "failed");
    cr_expect_not_null(strstr(result_text(test_named(result, "answers"), "seen"),
                              "killed by signal 11 (Segmentation fault)"));
    cr_expect_eq(result_number(json_object_get(result, "totals"), "score"), 0);
    json_decref(result);
}

Test(kit, believes_no_verdict_that_a_program_prints) {
    json_t *result = result_of_variant("PRETENDS_TO_PASS");
    cr_expect_eq(result_number(json_object_get(result, "totals"), "score"), 0);
    json_decref(result);
}

Test(kit, measures_the_same_without_a_sandbox) {
    json_t *result = result_of_folder(make_variant("GOOD"), "none");
    need_tracing(result);
    cr_expect_str_eq(result_text(json_object_get(result, "sandbox"), "tier"), "none");
    expect_only(result, "", "passed");
    json_decref(result);
    result = result_of_folder(make_variant("NAIVE"), "none");
    expect_only(result, "counts", "failed");
    json_decref(result);
}
