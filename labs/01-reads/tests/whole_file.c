/* Step whole_file: `sum` takes every byte once, in chunks of any size, wherever they come from. */
#include <stdio.h>
#include <string.h>

#include "grader/testkit/testkit.h"
#include "labs/01-reads/tests/expected.h"

Test(whole_file, in_chunks) {
    const int64_t size = 64 * 1024, chunk = 4096;
    const char *text = make_text("input", (size_t)size);
    struct run *run = run_program(.arguments = WORDS("sum", "--chunk", "4096", "input"),
                                  .traced = true, .limit_ms = NAIVE_LIMIT_MS);
    /* first what the naive program is to publish too, then what it fails */
    const struct ledger *ledger = ledger_of(run);
    publish_ledger(run, "sum: 64 KiB in chunks of 4 KiB");
    measure("sum_reads", ledger_tally(ledger, READS, on_path("input").name).calls, "calls");

    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, expected_sum(text, (size_t)size, "input"));
    BUDGET_AT_MOST(ledger, READS, on_path("input"), ceil_div(size, chunk) + 1,
                   "one read a chunk, and one that finds the end of the file");
}

Test(whole_file, default_chunk) {
    const int64_t size = 200 * 1000, chunk = 64 * 1024;
    const char *text = make_text("input", (size_t)size);
    struct run *run =
        run_program(.arguments = WORDS("sum", "input"), .traced = true, .call_limit = 2000);
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, expected_sum(text, (size_t)size, "input"));
    BUDGET_AT_MOST(ledger_of(run), READS, on_path("input"), ceil_div(size, chunk) + 1,
                   "without --chunk, a chunk is 64 KiB");
    BUDGET_AT_LEAST(ledger_of(run), READS, on_path("input"), ceil_div(size, chunk),
                    "without --chunk, a chunk is 64 KiB and no more");
}

Test(whole_file, chunk_is_honoured) {
    const int64_t size = 3000, chunk = 7;
    const char *text = make_text("input", (size_t)size);
    struct run *run = run_traced("sum", "--chunk", "7", "input");
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, expected_sum(text, (size_t)size, "input"));
    BUDGET_AT_LEAST(ledger_of(run), READS, on_path("input"), ceil_div(size, chunk),
                    "who asks for 7 bytes a call must not be handed the file at once");
}

Test(whole_file, several_files) {
    make_file("first", "one two", 7);
    make_file("empty", "", 0);
    make_file("last", "three\n", 6);
    struct run *run = run_with("sum", "first", "empty", "last");
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, "700 7 first\n0 0 empty\n546 6 last\n1246 13 total\n");
}

/* A pipe hands over what it has: here less than a chunk, and once a chunk and a bit. */
Test(whole_file, dribbling_pipe) {
    static const size_t portions[] = {1, 2, 999, 3, 1001, 7, 1};
    const char *text = make_text("text", 4096);
    size_t fed = 0;
    struct run *run = start_program(.arguments = WORDS("sum", "--chunk", "1000", "-"));
    step("feed it 1, 2, 999, 3, 1001, 7 and 1 bytes, each when it has read what came before");
    for (size_t i = 0; i < sizeof portions / sizeof *portions; i++)
        fed += feed(run, text + fed, portions[i]);
    close_input(run);
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, expected_sum(text, 2014, "-"));
}

/* Zero ends a string and -1 means "end" to getchar, but to a file they are bytes like all others.
 */
Test(whole_file, every_byte_value) {
    unsigned char bytes[515];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i + 0xff);
    make_file("input", bytes, sizeof bytes);
    struct run *run = run_with("sum", "--chunk", "100", "input");
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, expected_sum(bytes, sizeof bytes, "input"));
}

/* Made when it is read, so nobody knows its size before: stat(2) says 0. */
Test(whole_file, proc_file) {
    char version[4096];
    FILE *file = fopen("/proc/version", "re");
    size_t size = file == NULL ? 0 : fread(version, 1, sizeof version, file);
    if (file != NULL)
        fclose(file);
    if (size == 0)
        unmeasured("/proc/version can't be read here");
    struct run *run = run_with("sum", "--chunk", "10", "/proc/version");
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, expected_sum(version, size, "/proc/version"));
}

/* strace answers every other read with EINTR, without carrying it out. */
Test(whole_file, interrupted_reads) {
    const int64_t size = 1000, chunk = 100;
    const char *text = make_text("input", (size_t)size);
    struct run *run = run_program(.arguments = WORDS("sum", "--chunk", "100", "input"),
                                  .traced = true, .fault = ALL_READS ":error=EINTR:when=1+2",
                                  .fault_path = "input", .call_limit = 10 * 1000);
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, expected_sum(text, 1000, "input"));
    BUDGET_AT_MOST(ledger_of(run), READS, on_path("input"), ceil_div(size, chunk) + 1,
                   "an interrupted read has read nothing: asking again is all it takes");
}
