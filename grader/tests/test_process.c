/* The engine: what a program gets to see, how its bytes move, and that every limit ends it whole.
 * The programs are probes in this very binary (helpers.h). Left out: namespaces, which are
 * test_sandbox's. */
#include "grader/engine/process.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "common/procfs.h"
#include "grader/tests/process_probes.h"

TestSuite(process, .timeout = 120);

enum { LONG_MS = 60 * 1000 };

#define PROBE(...) ((char *const[]){(char *)own_path(), "probe", __VA_ARGS__, NULL})

static struct process ran(struct process_options options) {
    struct process process;
    if (options.limit_ms == 0)
        options.limit_ms = LONG_MS;
    cr_assert_eq(process_run(&process, &options), 0);
    return process;
}

static struct process started(struct process_options options) {
    struct process process;
    if (options.limit_ms == 0)
        options.limit_ms = LONG_MS;
    cr_assert_eq(process_start(&process, &options), 0);
    return process;
}

#define RAN(...)     ran((struct process_options){__VA_ARGS__})
#define STARTED(...) started((struct process_options){__VA_ARGS__})

static bool is_gone(pid_t pid) {
    struct procfs_status status;
    return procfs_status(pid, &status) < 0 || status.state == 'Z' || status.state == 'X';
}

/* Signals are delivered, and the dead reaped, by others: this waits for the fact itself. */
static bool soon_gone(pid_t pid) {
    int64_t deadline = deadline_in_ms(LONG_MS);
    while (!is_gone(pid) && milliseconds_left(deadline) > 0)
        sched_yield();
    return is_gone(pid);
}

/* ---- Ends ---- */

Test(process, tells_the_exit_status) {
    struct process process = RAN(.arguments = PROBE("exit", "41"));
    cr_expect_eq(process.end, PROCESS_ENDED);
    cr_expect(WIFEXITED(process.wait_status) && WEXITSTATUS(process.wait_status) == 41);
    cr_expect(process.ended_ns >= process.started_ns);
    process_release(&process);
}

Test(process, tells_the_signal_that_killed_it) {
    struct process process = RAN(.arguments = PROBE("die", "9"));
    cr_expect_eq(process.end, PROCESS_ENDED);
    cr_expect(WIFSIGNALED(process.wait_status) && WTERMSIG(process.wait_status) == 9);
    process_release(&process);
}

Test(process, ends_with_127_and_a_line_when_the_program_is_missing) {
    struct process process = RAN(.arguments = (char *const[]){"/no/such/program", NULL});
    cr_expect_eq(WEXITSTATUS(process.wait_status), 127);
    cr_expect_str_eq(process.errors.data, "/no/such/program: No such file or directory\n");
    process_release(&process);
}

Test(process, can_be_ended_and_released_at_any_time) {
    struct process process = STARTED(.arguments = PROBE("sleep"));
    process_kill(&process);
    cr_expect_neq(process.end, PROCESS_RUNNING);
    process_kill(&process);
    process_release(&process);
    process = STARTED(.arguments = PROBE("sleep"));
    pid_t pid = process.pid;
    process_release(&process);
    cr_expect(is_gone(pid));
}

/* ---- Bytes ---- */

Test(process, feeds_and_closes_the_input) {
    struct process process = STARTED(.arguments = PROBE("echo"));
    cr_expect_eq(process_feed(&process, "one\n", 4), 4);
    while (process.output.length < 4 && process_pump(&process, 10))
        ;
    cr_expect_str_eq(process.output.data, "one\n", "it answers while its input is open");
    cr_expect_eq(process_feed(&process, "two\n", 4), 4);
    process_finish(&process);
    cr_expect_str_eq(process.output.data, "one\ntwo\n");
    cr_expect_eq(process.wait_status, 0);
    process_release(&process);
}

Test(process, moves_more_than_a_pipe_holds_in_both_directions_at_once) {
    char *data = calloc(1, BIG_BYTES);
    struct process process = STARTED(.arguments = PROBE("pour"));
    cr_expect_eq(process_feed(&process, data, BIG_BYTES), BIG_BYTES);
    process_finish(&process);
    cr_expect_eq(process.output.length, 2 * (size_t)BIG_BYTES);
    cr_expect_eq(process.errors.length, (size_t)BIG_BYTES);
    process_release(&process);
    free(data);
}

Test(process, feeds_what_a_program_takes_and_survives_its_closed_input) {
    char *data = calloc(1, BIG_BYTES);
    struct process process = STARTED(.arguments = PROBE("exit", "0"));
    cr_expect_lt(process_feed(&process, data, BIG_BYTES), (size_t)BIG_BYTES);
    process_finish(&process);
    cr_expect_eq(process.end, PROCESS_ENDED);
    process_release(&process);
    free(data);
}

Test(process, whose_reader_goes_away_meets_sigpipe) {
    struct process process = STARTED(.arguments = PROBE("flood", "1"));
    process_close_output(&process);
    process_finish(&process);
    cr_expect(WIFSIGNALED(process.wait_status) && WTERMSIG(process.wait_status) == SIGPIPE);
    process_release(&process);
}

Test(process, reads_and_writes_files_instead_of_pipes) {
    const char *in = make_own_file("in", "from a file"), *out = make_own_file("out", "");
    struct process process = RAN(.arguments = PROBE("echo"), .stdin_path = in, .stdout_path = out);
    cr_expect_eq(process.wait_status, 0);
    cr_expect_str_eq(file_text(out), "from a file");
    cr_expect_eq(process.stdout_inode, 0);
    process_release(&process);
    const struct process_options missing = {.arguments = PROBE("echo"),
                                            .stdin_path = own_file("none")};
    cr_expect_lt(process_start(&process, &missing), 0);
    cr_expect_eq(errno, ENOENT);
}

Test(process, joins_both_outputs_when_asked) {
    struct process process =
        RAN(.arguments = (char *const[]){"sh", "-c", "echo a; echo b >&2; echo c", NULL},
            .join_stderr_to_stdout = true);
    cr_expect_str_eq(process.output.data, "a\nb\nc\n");
    cr_expect_eq(process.errors.length, 0);
    process_release(&process);
}

/* A child that it left can hold the pipe open, and fill it, for ever. */
Test(process, does_not_drain_what_a_child_left_behind_goes_on_writing) {
    struct process process = RAN(.arguments = PROBE("leave_flood"));
    cr_expect_eq(process.end, PROCESS_ENDED);
    cr_expect_gt(process.output.length, 0);
    pid_t left = atoi(process.errors.data);
    process_release(&process);
    cr_expect(soon_gone(left), "our end is closed, so it met SIGPIPE");
}

/* ---- What it sees ---- */

Test(process, inherits_no_descriptor_above_2_but_those_to_keep) {
    int dropped = open("/dev/null", O_RDONLY), kept = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char expected[64];
    cr_assert_gt(dropped, 2);
    struct process process = RAN(.arguments = PROBE("descriptors"));
    cr_expect_str_eq(process.output.data, "0 1 2 ");
    process_release(&process);
    process = RAN(.arguments = PROBE("descriptors"), .keep = &kept, .keep_count = 1);
    snprintf(expected, sizeof expected, "0 1 2 %d ", kept);
    cr_expect_str_eq(process.output.data, expected);
    process_release(&process);
}

Test(process, starts_with_all_signals_at_their_defaults) {
    sigset_t all;
    sigfillset(&all);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    sigprocmask(SIG_SETMASK, &all, NULL);
    struct process process = RAN(.arguments = PROBE("signals"));
    cr_expect_eq(process.output.length, 0, "not so: %s", process.output.data);
    process_release(&process);
}

Test(process, runs_where_and_with_what_it_is_told) {
    char expected[HELPER_PATH], processors[16];
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    snprintf(processors, sizeof processors, "%d", CPU_COUNT(&set));
    struct process process = RAN(.arguments = PROBE("place"), .directory = own_file(""),
                                 .environment = (char *const[]){"GREETING=hello", NULL});
    snprintf(expected, sizeof expected, "%s %s hello", processors, own_file(""));
    cr_expect_str_eq(process.output.data, expected);
    process_release(&process);
    process = RAN(.arguments = PROBE("place"), .directory = "/", .pin_to_one_cpu = true,
                  .environment = (char *const[]){"GREETING=pinned", NULL});
    cr_expect_str_eq(process.output.data, "1 / pinned");
    process_release(&process);
}

/* ---- Limits ---- */

static bool ran_out_of_time(const struct process *process) {
    return process->end == PROCESS_OUT_OF_TIME || process->end == PROCESS_STARVED;
}

Test(process, is_ended_at_its_deadline) {
    struct process process = RAN(.arguments = PROBE("sleep"), .limit_ms = 100);
    cr_expect(ran_out_of_time(&process));
    cr_expect_geq(process.ended_ns - process.started_ns, 100 * 1000000L, "not before");
    process_release(&process);
}

Test(process, that_only_sleeps_is_ended_long_before_its_deadline) {
    struct process process = RAN(.arguments = PROBE("sleep"), .asleep_limit_ms = 100);
    cr_expect_eq(process.end, PROCESS_ASLEEP);
    process_release(&process);
    process = RAN(.arguments = PROBE("threads", "3"), .asleep_limit_ms = 100);
    cr_expect_eq(process.end, PROCESS_ASLEEP);
    process_release(&process);
}

Test(process, that_works_is_not_asleep) {
    struct process process =
        RAN(.arguments = PROBE("spin"), .asleep_limit_ms = 100, .limit_ms = 1000);
    cr_expect(ran_out_of_time(&process));
    process_release(&process);
    process = RAN(.arguments = PROBE("half_asleep"), .asleep_limit_ms = 100, .limit_ms = 1000);
    cr_expect(ran_out_of_time(&process), "one of its threads works");
    process_release(&process);
}

Test(process, that_writes_too_much_is_ended) {
    struct process process = RAN(.arguments = PROBE("flood", "1"), .output_limit_bytes = 1 << 20);
    cr_expect_eq(process.end, PROCESS_OUT_OF_OUTPUT);
    cr_expect_lt(process.output.length, 2 << 20);
    process_release(&process);
    process = RAN(.arguments = PROBE("flood", "2"), .output_limit_bytes = 1 << 20);
    cr_expect_eq(process.end, PROCESS_OUT_OF_OUTPUT);
    process_release(&process);
}

Test(process, that_touches_too_much_memory_is_ended_however_many_share_it) {
    struct process process =
        RAN(.arguments = PROBE("touch", "200", "1"), .memory_limit_kib = 100 * 1024);
    cr_expect_eq(process.end, PROCESS_OUT_OF_MEMORY);
    process_release(&process);
    process = RAN(.arguments = PROBE("touch", "200", "4"), .memory_limit_kib = 100 * 1024);
    cr_expect_eq(process.end, PROCESS_OUT_OF_MEMORY);
    process_release(&process);
    process = RAN(.arguments = PROBE("touch", "60", "4"), .memory_limit_kib = 400 * 1024,
                  .asleep_limit_ms = 200);
    cr_expect_eq(process.end, PROCESS_ASLEEP, "within its limit it lives");
    process_release(&process);
}

Test(process, that_starts_too_many_processes_or_threads_is_ended) {
    struct process process = RAN(.arguments = PROBE("forks", "20"), .process_limit = 10);
    cr_expect_eq(process.end, PROCESS_TOO_MANY);
    process_release(&process);
    process = RAN(.arguments = PROBE("threads", "20"), .process_limit = 10);
    cr_expect_eq(process.end, PROCESS_TOO_MANY);
    process_release(&process);
    process = RAN(.arguments = PROBE("threads", "5"), .process_limit = 10, .asleep_limit_ms = 200);
    cr_expect_eq(process.end, PROCESS_ASLEEP);
    process_release(&process);
}

static bool three_times(void *context) {
    return ++*(int *)context < 3;
}

Test(process, is_ended_when_the_callers_tick_says_so) {
    int ticks = 0;
    struct process process =
        RAN(.arguments = PROBE("sleep"), .tick = three_times, .context = &ticks);
    cr_expect_eq(process.end, PROCESS_STOPPED_BY_TICK);
    cr_expect_eq(ticks, 3);
    process_release(&process);
}

/* ---- Limits that are set while it runs ---- */

static void pump_for(struct process *process, int ms) {
    int64_t deadline = deadline_in_ms(ms);
    while (milliseconds_left(deadline) > 0 && process_pump(process, milliseconds_left(deadline)))
        ;
}

Test(process, may_sleep_until_it_is_told_not_to) {
    struct process process = STARTED(.arguments = PROBE("sleep"));
    pump_for(&process, 300);
    cr_assert_eq(process.end, PROCESS_RUNNING);
    int64_t told_ns = monotonic_ns();
    process_limit_time(&process, LONG_MS, 200);
    process_finish(&process);
    cr_expect_eq(process.end, PROCESS_ASLEEP);
    cr_expect_geq(process.ended_ns - told_ns, 200 * 1000000L, "what it had slept is forgotten");
    process_release(&process);
}

Test(process, has_a_whole_limit_from_when_it_is_set) {
    struct process process = STARTED(.arguments = PROBE("sleep"), .limit_ms = 1000);
    pump_for(&process, 300);
    int64_t set_ns = monotonic_ns();
    process_limit_time(&process, 1000, 0);
    process_finish(&process);
    cr_expect(ran_out_of_time(&process));
    cr_expect_geq(process.ended_ns - set_ns, 1000 * 1000000L, "not from its start");
    process_release(&process);
}

Test(process, runs_on_when_its_limits_are_lifted) {
    struct process process =
        STARTED(.arguments = PROBE("sleep"), .limit_ms = 200, .asleep_limit_ms = 200);
    process_limit_time(&process, 0, 0);
    pump_for(&process, 500);
    cr_expect_eq(process.end, PROCESS_RUNNING);
    process_limit_time(&process, LONG_MS, 100);
    process_finish(&process);
    cr_expect_eq(process.end, PROCESS_ASLEEP, "and can be limited again");
    process_release(&process);
}

/* ---- Dying whole ---- */

static void forks_die_with_it(const char *count) {
    pid_t tree[64];
    struct process process = STARTED(.arguments = PROBE("forks", (char *)(uintptr_t)count));
    size_t wanted = (size_t)atoi(count) + 1, found = 0;
    while (found < wanted && process_pump(&process, 1))
        found = process_tree(process.pid, tree, 64);
    cr_assert_eq(found, wanted);
    process_kill(&process);
    for (size_t i = 0; i < found; i++)
        cr_expect(soon_gone(tree[i]));
    process_release(&process);
}

Test(process, takes_its_children_along) {
    forks_die_with_it("1");
    forks_die_with_it("12");
}

static void daemon_dies(const char *stay) {
    const char *launch = built_path("launch");
    const int report = open("/dev/null", O_WRONLY | O_CLOEXEC);
    char number[16];
    snprintf(number, sizeof number, "%d", report);
    struct process process =
        STARTED(.arguments = (char *const[]){(char *)launch, number, "512", (char *)own_path(),
                                             "probe", "daemon", (char *)(uintptr_t)stay, NULL},
                .keep = &report, .keep_count = 1);
    while ((process.output.data == NULL || strchr(process.output.data, '\n') == NULL) &&
           process_pump(&process, 10))
        ;
    cr_assert_not_null(process.output.data, "%s", process.errors.data);
    pid_t daemon_pid = atoi(process.output.data);
    cr_assert_gt(daemon_pid, 1);
    if (strcmp(stay, "stay") == 0)
        process_kill(&process);
    else
        process_finish(&process);
    cr_expect(soon_gone(daemon_pid));
    process_release(&process);
    close(report);
}

Test(process, under_launch_takes_daemons_along) {
    daemon_dies("stay");
    daemon_dies("leave");
}

Test(process, tree_holds_at_most_what_there_is_room_for) {
    pid_t tree[2] = {0};
    struct process process = STARTED(.arguments = PROBE("forks", "5"));
    size_t found = 0;
    while (found < 2 && process_pump(&process, 1))
        found = process_tree(process.pid, tree, 2);
    cr_expect_eq(found, 2);
    cr_expect_eq(tree[0], process.pid);
    process_release(&process);
}
