/* How the tests of a fixture's lab that must fail did so: in which words. */
#pragma once

#include "grader/tests/fixture.h"

/* Of a program that owes something. */
#define OUTCOME_RAN "nothing, though it ran for 5 s"

struct outcome {
    const char *test;
    const char *expected; /* words of what was owed */
    const char *seen;
};

/* A program that works for ever may be kept waiting by others. No verdict is right then. */
static inline bool is_starved(const json_t *test, const struct outcome *outcome) {
    const char *message = result_text(test, "message");
    return strcmp(outcome->seen, OUTCOME_RAN) == 0 &&
           strcmp(result_text(test, "status"), "inconclusive") == 0 &&
           strstr(message, " waited for a processor while ") != NULL &&
           strstr(message, outcome->expected) != NULL;
}

static inline void expect_failure(const json_t *test, const struct outcome *outcome) {
    const char *expected = result_text(test, "expected"), *seen = result_text(test, "seen");
    if (is_starved(test, outcome))
        return;
    cr_expect_str_eq(result_text(test, "status"), "failed", "%s is %s: %s", outcome->test,
                     result_text(test, "status"), result_text(test, "message"));
    cr_expect(strstr(expected, outcome->expected) != NULL && strstr(seen, outcome->seen) != NULL,
              "%s: not `%s` and `%s`, but `%s` and `%s`", outcome->test, outcome->expected,
              outcome->seen, expected, seen);
}

static inline size_t count_tests(const json_t *result, const char *step) {
    size_t index, count = 0;
    json_t *test;
    json_array_foreach (json_object_get(result, "tests"), index, test)
        count += strcmp(result_text(test, "step"), step) == 0;
    return count;
}

static inline json_t *test_of(const json_t *result, const char *step, const char *name) {
    size_t index;
    json_t *test;
    json_array_foreach (json_object_get(result, "tests"), index, test)
        if (strcmp(result_text(test, "step"), step) == 0 &&
            strcmp(result_text(test, "name"), name) == 0)
            return test;
    cr_assert_fail("no test %s/%s in the result", step, name);
    return NULL;
}

static inline void expect_failures(const json_t *result, const char *step,
                                   const struct outcome *outcomes, size_t count) {
    cr_expect_eq(count_tests(result, step), count, "%s has a test that is not looked at", step);
    for (size_t i = 0; i < count; i++)
        expect_failure(test_of(result, step, outcomes[i].test), &outcomes[i]);
}

static inline void expect_passes(const json_t *result, const char *step) {
    size_t index;
    json_t *test;
    json_array_foreach (json_object_get(result, "tests"), index, test)
        if (strcmp(result_text(test, "step"), step) == 0)
            cr_expect_str_eq(result_text(test, "status"), "passed", "%s/%s is %s: %s%s%s", step,
                             result_text(test, "name"), result_text(test, "status"),
                             result_text(test, "message"), result_text(test, "expected"),
                             result_text(test, "seen"));
}
