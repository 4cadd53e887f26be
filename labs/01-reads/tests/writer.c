/* Step writer: `number` collects what it has to say, and loses none of it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grader/testkit/testkit.h"
#include "labs/01-reads/tests/expected.h"

Test(writer, few_writes) {
    const int64_t size = 16 * 1024, buffer = 4096;
    const char *text = make_text("input", (size_t)size);
    struct run *run = run_program(.arguments = WORDS("number", "--buffer", "4096", "input"),
                                  .traced = true, .limit_ms = NAIVE_LIMIT_MS);
    const struct ledger *ledger = ledger_of(run);
    publish_ledger(run, "number: 16 KiB with buffers of 4 KiB");
    measure("number_writes", ledger_tally(ledger, WRITES, on_stdout(run).name).calls, "calls");

    const char *numbered = expected_numbers(text);
    const int64_t output_size = (int64_t)strlen(numbered);
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, numbered);
    BUDGET_AT_MOST(ledger, WRITES, on_stdout(run), ceil_div(output_size, buffer) + 1,
                   "every write takes a full buffer along, and the last one what is left");
}

Test(writer, buffer_is_honoured) {
    const int64_t buffer = 7;
    const char *numbered = expected_numbers(make_text("input", 1000));
    const int64_t output_size = (int64_t)strlen(numbered);
    struct run *run = run_traced("number", "--buffer", "7", "input");
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, numbered);
    BUDGET_AT_LEAST(ledger_of(run), WRITES, on_stdout(run), ceil_div(output_size, buffer),
                    "a buffer of 7 bytes holds 7 bytes");
}

Test(writer, numbers_run_on) {
    make_file("first", "a\nb\n\nd\ne\nf\n", 11);
    make_file("nothing", "", 0);
    make_file("last", "g\nh\ni\nj\nk\n", 10);
    struct run *run = run_with("number", "first", "nothing", "last");
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, expected_numbers("a\nb\n\nd\ne\nf\ng\nh\ni\nj\nk\n"));
}

/* The end of a file is not the end of the output. */
Test(writer, one_buffer_for_all_files) {
    const int64_t buffer = 4096;
    make_file("file", "a\n", 2);
    struct run *run =
        run_traced("number", "--buffer", "4096", "file", "file", "file", "file", "file");
    const char *numbered = expected_numbers("a\na\na\na\na\n");
    const int64_t output_size = (int64_t)strlen(numbered);
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, numbered);
    BUDGET_AT_MOST(ledger_of(run), WRITES, on_stdout(run), ceil_div(output_size, buffer) + 1,
                   "the buffer outlives the file: five small ones cost no more than one");
}

Test(writer, newline_is_not_added) {
    make_file("input", "one\ntwo", 7);
    struct run *run = run_with("number", "input");
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, "1\tone\n2\ttwo");
}

/* Output that ends just before, at, and just behind the end of a buffer. */
Test(writer, flushed_before_exit) {
    static const char text[] = "abcdefghijklmnopqrstuvwxyzabcd";
    static const size_t output_sizes[] = {3, 15, 16, 17, 32};
    for (size_t i = 0; i < sizeof output_sizes / sizeof *output_sizes; i++) {
        char output_text[64] = "1\t";
        size_t size = output_sizes[i] - 2;
        memcpy(output_text + 2, text, size - 1);
        output_text[2 + size - 1] = '\n';
        make_file("input", output_text + 2, size);
        struct run *run = run_with("number", "--buffer", "16", "input");
        EXPECT_EXIT(run, 0);
        EXPECT_OUTPUT(run, output_text);
    }
}

/* Four lines, each more than a pipe takes at once when it is made as small as it can be. */
static const char *make_long_lines(const char *name) {
    enum { LINES = 4, LINE_BYTES = 6000 };
    char *text = malloc(LINES * LINE_BYTES + 1);
    if (text == NULL)
        unmeasured("out of memory");
    memset(text, 'x', LINES * LINE_BYTES);
    for (size_t i = 1; i <= LINES; i++)
        text[i * LINE_BYTES - 1] = '\n';
    text[LINES * LINE_BYTES] = '\0';
    make_file(name, text, LINES * LINE_BYTES);
    return text;
}

Test(writer, short_writes) {
    const char *numbered = expected_numbers(make_long_lines("input"));
    for (int attempt = 0; attempt < 3; attempt++) {
        struct run *run = start_program(.arguments = WORDS("number", "--buffer", "10000", "input"),
                                        .traced = true, .call_limit = 2000);
        cut_a_write_short(run);
        EXPECT_EXIT(run, 0);
        EXPECT_OUTPUT(run, numbered);
        /* the kernel's account says whether there was anything to survive */
        struct call_tally writes = ledger_tally(ledger_of(run), WRITES, on_stdout(run).name);
        EXPECT(writes.largest > PIPE_BUF, "writes of the 10,000 bytes that the buffer holds",
               "none over %lld bytes: a pipe takes those whole or not at all",
               (long long)writes.largest);
        if (writes.cut_short > 0)
            return;
    }
    inconclusive("no write came up short, though its pipe was full");
}

/* /dev/full takes nothing: every write(2) to it fails with ENOSPC (full(4)). */
static void expect_to_hear_of_a_full_disk(const char *const *arguments) {
    struct run *run = run_program(.arguments = arguments, .stdout_path = "/dev/full");
    EXPECT_EXIT(run, 1);
    EXPECT_COMPLAINT(run, strerror(ENOSPC));
}

Test(writer, full_disk) {
    const char *text = make_text("input", 20 * 1000);
    struct run *run = run_with("number", "--buffer", "4096", "input");
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, expected_numbers(text));
    expect_to_hear_of_a_full_disk(WORDS("number", "--buffer", "4096", "input"));
}

/* So little output that nothing is written before the end: the last chance to notice. */
Test(writer, full_disk_at_the_end) {
    make_file("input", "a\n", 2);
    struct run *run = run_with("number", "input");
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, "1\ta\n");
    expect_to_hear_of_a_full_disk(WORDS("number", "input"));
    expect_to_hear_of_a_full_disk(WORDS("lines", "input"));
    expect_to_hear_of_a_full_disk(WORDS("sum", "input"));
}

/* How much a pipe holds when nobody reads it: a prediction's answer. */
static int64_t pipe_holds_bytes(void) {
    int ends[2];
    int64_t held = 0;
    char page[4096] = {0};
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
        unmeasured("no pipe: %s", strerror(errno));
    for (ssize_t wrote; (wrote = write(ends[1], page, sizeof page)) > 0;)
        held += wrote;
    close(ends[0]);
    close(ends[1]);
    return held;
}

Test(writer, reader_goes_away) {
    measure("pipe_bytes", pipe_holds_bytes(), "bytes");
    make_file("good", "abc\n", 4);
    /* more than the pipe and our first reads hold */
    const char *numbered = expected_numbers(make_text("input", 512 * 1024));
    struct run *good = run_with("number", "good");
    EXPECT_EXIT(good, 0);
    EXPECT_OUTPUT(good, "1\tabc\n");

    struct run *run = start_program(.arguments = WORDS("number", "input"));
    await_output(run, 100);
    close_output(run);
    finish(run);
    EXPECT(strncmp(output(run), numbered, 100) == 0, "its first lines before we went away",
           "`%.40s`", output(run));
    EXPECT(killed_by(run, SIGPIPE) || exit_status(run) == 1, "death by SIGPIPE, or exit status 1",
           "exit status %d", exit_status(run));
}
