/* grade run --instrument: what each instrument finds in programs that pass without it, that it finds
 * nothing in one without a fault, and that nothing is counted or weighed meanwhile. */
#include "grader/tests/fixture.h"

TestSuite(instrument, .timeout = 240, .init = make_server_fixture);
TestSuite(instrumented, .timeout = 240, .init = make_fixture);

/* Whether a program can be built and run with those words for the compiler. */
static bool can_run(const char *compiler) {
    char *command = NULL;
    struct process process;
    make_own_file("empty.c", "int main(void) { return 0; }\n");
    if (asprintf(&command, "cc %s '%s' -o '%s' && '%s'", compiler, own_file("empty.c"),
                 own_file("empty"), own_file("empty")) < 0)
        abort();
    char *const words[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    const struct process_options options = {.arguments = words, .limit_ms = GRADE_LIMIT_MS};
    bool works = process_run(&process, &options) == 0 && process.wait_status == 0;
    process_release(&process);
    free(command);
    return works;
}

/* Why an instrument can't be used here; NULL when it can. */
static const char *missing(const char *name) {
    if (strcmp(name, "valgrind") == 0)
        return access("/usr/bin/valgrind", X_OK) == 0 ? NULL : "valgrind is not installed";
    if (strcmp(name, "asan") == 0)
        return can_run("-fsanitize=address,undefined") ? NULL : "no AddressSanitizer here";
    return can_run("-fsanitize=thread") ? NULL : "no ThreadSanitizer here";
}

static struct graded graded_with(const char *name) {
    const char *why = missing(name);
    if (why != NULL)
        cr_skip_test("%s", why);
    return GRADE("run", "98", "--submission", own_file("root/labs/98-server/starter"), "--json",
                 "-", "--instrument", name);
}

struct finding {
    const char *test;
    const char *words; /* in what the test says it saw */
};

static const char *finding_of(const struct finding *findings, const char *test) {
    for (; findings->test != NULL; findings++)
        if (strcmp(findings->test, test) == 0)
            return findings->words;
    return NULL;
}

static bool is_behaviour(const json_t *test) {
    const char *step = result_text(test, "step");
    return strcmp(step, "talks") == 0 || strcmp(step, "finds") == 0;
}

/* Slowed down, the child may still be there when its parent ends, and that is a failure. */
static bool may_fail(const json_t *test) {
    return strcmp(result_text(test, "name"), "a_child_that_serves") == 0;
}

/* The tests with a finding fail and show it, other tests of behaviour pass, and the rest is not
 * judged. */
static void expect_findings(const char *name, const struct finding *findings) {
    struct graded graded = graded_with(name);
    json_t *result = result_in(graded), *test;
    char owed[64];
    size_t index;
    snprintf(owed, sizeof owed, "nothing that %s finds", name);
    cr_expect_eq(graded.status, 1);
    cr_expect_str_eq(result_text(result, "instrument"), name);
    json_array_foreach (json_object_get(result, "tests"), index, test) {
        const char *words = finding_of(findings, result_text(test, "name"));
        const char *status = result_text(test, "status"), *seen = result_text(test, "seen");
        bool right = words != NULL        ? strcmp(status, "failed") == 0
                     : is_behaviour(test) ? strcmp(status, "passed") == 0
                                          : may_fail(test) || strcmp(status, "failed") != 0;
        cr_expect(right, "%s is %s: %s%s", result_text(test, "name"), status, seen,
                  result_text(test, "message"));
        if (words == NULL)
            continue;
        cr_expect_str_eq(result_text(test, "expected"), owed);
        cr_expect_not_null(strstr(seen, words), "no %s in: %s", words, seen);
        cr_expect_not_null(strstr(seen, "server.c:"), "no place in: %s", seen);
    }
    expect_status(result, "exactly", "unmeasured");
    cr_expect_str_eq(result_text(test_named(result, "exactly"), "message"),
                     "calls are not counted on an instrumented build");
    json_decref(result);
}

Test(instrument, asan_finds_an_overflow_and_undefined_behaviour) {
    expect_findings("asan", (const struct finding[]){{"overflow", "heap-buffer-overflow"},
                                                     {"overflow_int", "signed integer overflow"},
                                                     {NULL, NULL}});
}

Test(instrument, tsan_finds_a_race) {
    expect_findings("tsan", (const struct finding[]){{"race", "data race"}, {NULL, NULL}});
}

Test(instrument, valgrind_finds_an_overflow_and_a_leak) {
    expect_findings("valgrind", (const struct finding[]){{"overflow", "Invalid write of size 1"},
                                                         {"leak", "are definitely lost"},
                                                         {NULL, NULL}});
}

/* ---- Programs that are no servers, on the fixture's other lab ---- */

static const char *starter(void) {
    return own_file("root/labs/99-fixture/starter");
}

static void expect_nothing_found(const char *name) {
    struct graded graded = GRADE("run", "99", "--submission", starter(), "--json", "-",
                                 "--instrument", name, "--sandbox", "auto");
    static const char *const behaviour[] = {"answers", "looks", "short_write", "mood"};
    json_t *result = result_in(graded);
    cr_expect_eq(graded.status, 3, "%s: %d", name, graded.status);
    for (size_t i = 0; i < sizeof behaviour / sizeof *behaviour; i++)
        expect_status(result, behaviour[i], "passed");
    expect_status(result, "counts", "unmeasured");
    cr_expect_str_eq(result_text(test_named(result, "counts"), "message"),
                     "calls are not counted on an instrumented build");
    expect_status(result, "interrupted", "unmeasured");
    cr_expect_str_eq(result_text(test_named(result, "interrupted"), "message"),
                     "faults are not injected into an instrumented build");
    cr_expect_eq(result_number(json_object_get(result, "totals"), "unmeasured"), 50);
    cr_expect_eq(json_object_size(json_object_get(result, "measurements")), 0);
    json_decref(result);
}

Test(instrumented, programs_without_a_fault_leave_budgets_unmeasured_and_end_with_3) {
    static const char *const names[] = {"asan", "tsan", "valgrind"};
    size_t tried = 0;
    for (size_t i = 0; i < 3; i++)
        if (missing(names[i]) == NULL) {
            expect_nothing_found(names[i]);
            tried++;
        }
    if (tried == 0)
        cr_skip_test("no instrument here");
}

Test(instrumented, programs_are_named_so_in_the_report_and_others_are_not) {
    if (missing("asan") != NULL)
        cr_skip_test("%s", missing("asan"));
    struct graded graded = GRADE("run", "99", "--submission", starter(), "--instrument", "asan");
    cr_expect_not_null(strstr(graded.output, "built for an instrument: asan"), "%s", graded.output);
    graded = GRADE("run", "99", "--submission", starter(), "--json", "-");
    json_t *result = result_in(graded);
    cr_expect_null(json_object_get(result, "instrument"));
    json_decref(result);
}

/* Nothing may be built or run for it. */
Test(instrumented, programs_need_an_instrument_that_exists) {
    struct graded graded = GRADE("run", "99", "--submission", starter(), "--instrument", "gdb");
    cr_expect_eq(graded.status, 2);
    cr_expect_str_empty(graded.output);
    cr_expect_not_null(strstr(graded.errors, "gdb: it is asan, tsan or valgrind"), "%s",
                       graded.errors);
    cr_expect_eq(GRADE("run", "99", "--submission", starter(), "--instrument").status, 2);
    cr_expect_eq(GRADE("run", "99", "--submission", starter(), "--instrument", "").status, 2);
    cr_expect_eq(GRADE("compare", "99", starter(), starter(), "--instrument", "asan").status, 2);
}
