/* The testkit's promises about servers, by grading fixture/labs/98-server: its program does wrong what
 * a test asks it to do wrong, and each such test must fail, in words that say what was owed and what
 * came instead. How the kit counts for programs that are no servers is test_kit's. */
#include "grader/tests/outcomes.h"

TestSuite(servers, .timeout = 240, .init = make_server_fixture);

static const char line[] = "`listening on ADDRESS:PORT` as the first line";
static const char slept[] = "nothing: the server slept";
static const char ran[] = OUTCOME_RAN;
static const char closed[] = "the server closed the connection, after ";
static const char crashed[] = "the server was killed by signal 11 (Segmentation fault)";
static const char left[] = "the server ended, with exit status 3; it said: server: the door: open";

static const struct outcome announces[] = {
    {"nothing", "`listening on ADDRESS:PORT`", slept},
    {"nothing_and_spins", "`listening on ADDRESS:PORT`", ran},
    {"garbage", line, "`?[31mhello`"},
    {"no_port", line, "`listening on the door`"},
    {"no_such_port", line, "`listening on 127.0.0.1:70000`"},
    {"half_a_line", "`listening on ADDRESS:PORT`", slept},
    {"a_port_of_nobody", "a connection to the port that was announced", "Connection refused"},
    {"its_end", "`listening on ADDRESS:PORT`", left},
    {"a_crash", "`listening on ADDRESS:PORT`", crashed},
    {"without_end", "an answer of its size", "over 4194304 bytes of output"},
};

static const struct outcome owes[] = {
    {"an_answer_and_sleeps", "an answer on connection A", slept},
    {"an_answer_and_spins", "an answer on connection A", ran},
    {"an_answer_and_crashes", "an answer on connection A", crashed},
    {"an_answer_and_leaves", "an answer on connection A", left},
    {"an_answer_and_starts_threads", "processes and threads within the lab's limit", "over 24"},
    {"an_answer_and_fills_memory", "memory within the lab's limit", "over 128 MiB"},
    {"half_a_head", "an answer on connection A", closed},
    {"the_end_of_a_head", "an answer", "bytes without the end of it"},
    {"a_status_line", "a status line, `HTTP/1.1 200 OK`", "`200 ?[31mfine`"},
    {"another_status", "status of the answer: 200", "404"},
    {"a_length", "Content-Length", "`-5`"},
    {"half_a_body_and_closes", "the rest of a body on connection A", closed},
    {"half_a_body_and_sleeps", "the rest of a body on connection A", slept},
    {"half_a_body_and_crashes", "the rest of a body on connection A", crashed},
    {"the_end_of_a_body", "an answer of its size", "over 4194304 bytes"},
    {"half_a_chunk", "the rest of a body on connection A", closed},
    {"the_last_chunk", "a chunk on connection A", slept},
    {"the_size_of_a_chunk", "the size of a chunk", "`five`"},
    {"the_end_of_a_chunk", "CR LF behind a chunk", "7 bytes more"},
    {"an_end_and_says_more", "an end of the connection and nothing before it", "5 bytes first"},
    {"an_end_and_stays", "an end on connection A", slept},
    {"what_a_short_send_left", "the rest of a body on connection A", slept},
    {"its_presence", "a server that goes on serving", left},
    {"its_presence_at_the_end", "a server that goes on serving", left},
    {"a_descriptor", "at most 4 open descriptors", "5, and no fewer after 5 s"},
    {"an_end_of_its_own", "the program ends by itself", "still running"},
    {"an_end_without_the_signal", "exit status 0", "killed by signal 15 (Terminated)"},
    {"an_end_without_a_crash", "a server that ends without a crash", crashed},
};

/* ---- Budgets ---- */

static void expect_budget(const json_t *result, const char *name, size_t which, bool held,
                          const char *problem) {
    const json_t *budget =
        json_array_get(json_object_get(test_named(result, name), "budgets"), which);
    cr_assert_not_null(budget, "%s has too few budgets", name);
    cr_expect_eq(json_is_true(json_object_get(budget, "held")), held, "%s: %lld counted", name,
                 (long long)result_number(budget, "counted"));
    cr_expect_not_null(strstr(result_text(budget, "problem"), problem), "%s: `%s`", name,
                       result_text(budget, "problem"));
}

/* 4 clients sent 5 requests of 36 bytes each, and got 43 bytes for each. */
static void expect_exact(const json_t *result, const char *name) {
    const json_t *budgets = json_object_get(test_named(result, name), "budgets");
    const json_t *reads = json_array_get(budgets, 0), *writes = json_array_get(budgets, 1);
    cr_expect_eq(result_number(reads, "counted"), 24, "%s", name);
    cr_expect_eq(result_number(reads, "bytes"), 720, "%s", name);
    cr_expect_eq(result_number(reads, "bytes_expected"), 720, "%s", name);
    cr_expect_eq(result_number(writes, "counted"), 20, "%s", name);
    cr_expect_eq(result_number(writes, "bytes"), 860, "%s", name);
    cr_expect_eq(result_number(writes, "bytes_expected"), 860, "%s", name);
    cr_expect_str_eq(result_text(reads, "what"), "reads on connections");
    expect_status(result, name, "passed");
}

/* However many connections there were, they are one row; so is the socket that they came from. */
static void expect_ledger(const json_t *result) {
    const json_t *rows =
        json_object_get(json_array_get(json_object_get(result, "ledgers"), 0), "rows");
    static const struct {
        const char *call, *on;
        int count;
    } wanted[] = {{"write", "standard output", 1},
                  {"accept", "listening socket", 4},
                  {"read", "connections", 24},
                  {"write", "connections", 20}};
    cr_expect_eq(json_array_size(rows), 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *row = json_array_get(rows, i);
        cr_expect_str_eq(result_text(row, "call"), wanted[i].call);
        cr_expect_str_eq(result_text(row, "on"), wanted[i].on);
        cr_expect_eq(result_number(row, "count"), wanted[i].count);
    }
}

static int64_t measured(const json_t *result, const char *name) {
    return result_number(json_object_get(json_object_get(result, "measurements"), name), "value");
}

static void expect_counts(const json_t *result) {
    expect_exact(result, "exactly");
    expect_exact(result, "a_child_that_serves");
    expect_ledger(result);
    cr_expect_eq(measured(result, "accepts"), 4);
    cr_expect_eq(measured(result, "waits"), 0);
    expect_status(result, "a_relay", "failed");
    expect_budget(result, "a_relay", 0, false, "");
    expect_status(result, "a_call_that_tells_no_bytes", "failed");
    expect_budget(result, "a_call_that_tells_no_bytes", 0, false, "the bytes came another way");
    expect_budget(result, "a_call_that_tells_no_bytes", 1, true, "");
    expect_status(result, "an_idle_one", "passed");
    expect_status(result, "one_that_polls", "failed");
    /* every 100 ms, in 600 */
    const json_t *polls =
        json_array_get(json_object_get(test_named(result, "one_that_polls"), "budgets"), 0);
    cr_expect(result_number(polls, "counted") >= 1 && result_number(polls, "counted") <= 6, "%lld",
              (long long)result_number(polls, "counted"));
    cr_expect_geq(measured(result, "polls"), result_number(polls, "counted"));
}

/* ---- Gradings ---- */

static void expect_verdicts(const json_t *result) {
    expect_failures(result, "announces", announces, sizeof announces / sizeof *announces);
    expect_failures(result, "owes", owes, sizeof owes / sizeof *owes);
    expect_passes(result, "talks");
    expect_passes(result, "holds");
    expect_passes(result, "finds");
    if (is_traced(result))
        expect_counts(result);
}

static const char *starter(void) {
    return own_file("root/labs/98-server/starter");
}

Test(servers, fail_in_words_for_what_they_owe_and_pass_for_what_they_keep) {
    json_t *result = result_in(GRADE("run", "98", "--submission", starter(), "--json", "-"));
    expect_verdicts(result);
    json_decref(result);
}

/* Without a sandbox they share one network, too. */
Test(servers, graded_at_once_without_a_sandbox_do_not_disturb_each_other) {
    struct process gradings[2];
    for (size_t i = 0; i < 2; i++)
        gradings[i] =
            START_GRADE("run", "98", "--submission", starter(), "--json", "-", "--sandbox", "none");
    while ((int)process_pump(&gradings[0], 5) | (int)process_pump(&gradings[1], 5))
        ;
    for (size_t i = 0; i < 2; i++) {
        json_t *result = result_in(finish_grade(&gradings[i]));
        cr_expect_str_eq(result_text(json_object_get(result, "sandbox"), "tier"), "none");
        expect_verdicts(result);
        json_decref(result);
    }
}
