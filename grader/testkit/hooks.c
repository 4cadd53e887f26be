/* Verdicts, from Criterion's report hooks. These run in the process that starts the tests, which
 * itself starts no submission; the `end` record says that the file is whole. Linked into labs'
 * tests only. */
#include <criterion/hooks.h>

#include "grader/testkit/kit.h"

static json_t *full_name(const struct criterion_test *test) {
    return json_sprintf("%s/%s", test->category, test->name);
}

ReportHook(PRE_ALL)(struct criterion_test_set *tests) {
    json_t *names = json_array(), *places = json_object();
    FOREACH_SET(struct criterion_suite_set * suite, tests->suites) {
        FOREACH_SET(struct criterion_test * test, suite->tests) {
            json_t *name = full_name(test);
            json_object_set_new(places, json_string_value(name),
                                json_sprintf("%s:%u", test->data->file_, test->data->line_));
            json_array_append_new(names, name);
        }
    }
    append_record(json_pack("{ss so so}", "kind", "plan", "tests", names, "places", places));
}

static const char *status_of(const struct criterion_test_stats *stats) {
    if (stats->timed_out || stats->crashed)
        return "error";
    if (stats->test_status == CR_STATUS_SKIPPED)
        return "skipped";
    return stats->test_status == CR_STATUS_PASSED && stats->failed_asserts == 0 ? "passed"
                                                                                : "failed";
}

static void write_verdict(const struct criterion_test_stats *stats) {
    json_t *verdict = json_pack("{ss so ss sf}", "kind", "verdict", "test", full_name(stats->test),
                                "status", status_of(stats), "seconds", (double)stats->elapsed_time);
    if (stats->timed_out)
        json_object_set_new(verdict, "message", json_string("the test itself hit its time limit"));
    else if (stats->crashed)
        json_object_set_new(verdict, "message",
                            json_sprintf("the test itself crashed with signal %d", stats->signal));
    append_record(verdict);
}

ReportHook(POST_TEST)(struct criterion_test_stats *stats) {
    write_verdict(stats);
}

ReportHook(TEST_CRASH)(struct criterion_test_stats *stats) {
    write_verdict(stats);
}

ReportHook(POST_ALL)(struct criterion_global_stats *stats) {
    append_record(json_pack("{ss si}", "kind", "end", "tests", (int)stats->nb_tests));
}
