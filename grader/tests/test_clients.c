/* What the testkit's origin promises of clients, by grading fixture/labs/97-client: its program does wrong
 * what a test asks it to do wrong, and each such test must fail, in words that say what was owed and
 * what came instead. How the origin answers is test_origin's. */
#include "grader/tests/outcomes.h"

TestSuite(clients, .timeout = 240, .init = make_client_fixture);

static const char three[] = "3 requests in flight at once";
static const char stays[] = "requests that stay in flight: 3";
static const char slept[] = "nothing: the program slept";
static const char left[] = "the program ended, with exit status 3; it said: client: the door: open";
static const char crashed[] = "the program was killed by signal 6 (Aborted)";
static const char file[] = "with the 1000 bytes of `/a`";

static const struct outcome owes[] = {
    {"one_request_and_sleeps", "3 requests in flight at once, where there are 2", slept},
    {"one_request_and_spins", three, OUTCOME_RAN},
    {"one_request_and_leaves", three, left},
    {"one_request_and_crashes", three, crashed},
    {"none_and_sends_one", three, "4, the last for `/held-3`"},
    {"none_and_sends_one_later", three, "4, the last for `/held-3`"},
    {"to_wait_and_gives_up", stays, "2"},
    {"to_go_on_while_one_is_slow", "3 requests in flight at once, where there are 2", slept},
    {"requests", "3 requests, where there are 2", slept},
    {"to_stop_asking", "a program that asks no more than it must", "over 65536 requests"},
    {"an_end", "the program ends by itself", "still running"},
    {"nothing_that_is_held", "a request that is held", "none for /held-4"},
    {"a_file", "`nothing` with the 1000 bytes of `/a`", "No such file or directory"},
    {"a_byte_of_a_file", file, "999 bytes"},
    {"no_byte_more", file, "over 1000 bytes"},
    {"the_file_of_this_path", file, "another one from byte 0 on"},
    {"the_right_byte", file, "another one from byte 777 on"},
};

static void expect_verdicts(const json_t *result) {
    expect_failures(result, "owes", owes, sizeof owes / sizeof *owes);
    expect_passes(result, "keeps");
}

static json_t *result_in_tier(const char *tier) {
    const char *folder = own_file("root/labs/97-client/starter");
    return result_in(GRADE("run", "97", "--submission", folder, "--json", "-", "--sandbox", tier));
}

Test(clients, fail_in_words_for_what_they_owe_and_pass_for_what_they_keep) {
    json_t *result = result_in_tier("auto");
    expect_verdicts(result);
    json_decref(result);
}

Test(clients, do_so_without_a_sandbox) {
    json_t *result = result_in_tier("none");
    cr_expect_str_eq(result_text(json_object_get(result, "sandbox"), "tier"), "none");
    expect_verdicts(result);
    json_decref(result);
}
