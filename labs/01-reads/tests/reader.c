/* Step reader: `lines` asks the kernel for a buffer full and itself for each byte of it. */
#include <stdlib.h>
#include <string.h>

#include "grader/testkit/testkit.h"
#include "labs/01-reads/tests/expected.h"

Test(reader, few_reads) {
    const int64_t size = 64 * 1024, buffer = 4096;
    const char *text = make_text("input", (size_t)size);
    struct run *run = run_program(.arguments = WORDS("lines", "--buffer", "4096", "input"),
                                  .traced = true, .limit_ms = NAIVE_LIMIT_MS);
    publish_ledger(run, "lines: 64 KiB with a buffer of 4 KiB");

    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, expected_lines(text, (size_t)size, "input"));
    BUDGET_AT_MOST(ledger_of(run), READS, on_path("input"), ceil_div(size, buffer) + 1,
                   "one read fills the buffer; the bytes and lines in it cost no call");
}

Test(reader, small_records) {
    const int64_t size = 8000, buffer = 1000;
    char *newlines = malloc((size_t)size);
    memset(newlines, '\n', (size_t)size);
    make_file("input", newlines, (size_t)size);
    struct run *run = run_program(.arguments = WORDS("lines", "--buffer", "1000", "input"),
                                  .traced = true, .call_limit = 2000);
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, "8000 0 input\n");
    BUDGET_AT_MOST(ledger_of(run), READS, on_path("input"), ceil_div(size, buffer) + 1,
                   "the cost is a buffer's, however many records are in it");
}

Test(reader, buffer_is_honoured) {
    const int64_t size = 3000, buffer = 7;
    const char *text = make_text("input", (size_t)size);
    struct run *run = run_traced("lines", "--buffer", "7", "input");
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, expected_lines(text, (size_t)size, "input"));
    BUDGET_AT_LEAST(ledger_of(run), READS, on_path("input"), ceil_div(size, buffer),
                    "a buffer of 7 bytes holds 7 bytes");
}

Test(reader, last_line_without_newline) {
    make_file("with", "one\ntwo\n", 8);
    make_file("without", "one\nthe last", 12);
    make_file("nothing", "", 0);
    struct run *run = run_with("lines", "with", "without", "nothing");
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, "2 3 with\n2 8 without\n0 0 nothing\n");
}

/* Lines that just fit, just don't, and don't by far. */
Test(reader, line_longer_than_buffer) {
    static const size_t lengths[] = {15, 16, 17, 1000, 31};
    char text[2000] = "";
    for (size_t i = 0, used = 0; i < sizeof lengths / sizeof *lengths; i++) {
        memset(text + used, 'x', lengths[i]);
        used += lengths[i];
        text[used++] = '\n';
    }
    make_file("input", text, strlen(text));
    struct run *run = run_with("lines", "--buffer", "16", "input");
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, "5 1000 input\n");
}

Test(reader, every_byte_value) {
    static const char text[] = "a\0bcd\n\0\0\n\n\377\n";
    make_file("input", text, sizeof text - 1);
    struct run *lines = run_with("lines", "input");
    EXPECT_EXIT(lines, 0);
    EXPECT_OUTPUT(lines, "4 5 input\n");
    static const char numbered[] = "1\ta\0bcd\n2\t\0\0\n3\t\n4\t\377\n";
    struct run *number = run_with("number", "input");
    EXPECT_EXIT(number, 0);
    EXPECT(number->process.output.length == sizeof numbered - 1 &&
               memcmp(output(number), numbered, sizeof numbered - 1) == 0,
           "`number` hands on every byte, NUL and 255 too", "%zu bytes of %zu, or other ones",
           number->process.output.length, sizeof numbered - 1);
}

/* A read that gives less than a buffer ends neither the line nor the input. */
Test(reader, line_in_several_reads) {
    static const char *const portions[] = {"one li", "ne\nano", "t", "her\n", "\nlast", " one"};
    struct run *run = start_program(.arguments = WORDS("lines", "-"));
    step("feed it \"one li\", \"ne\\nano\", \"t\", \"her\\n\", \"\\nlast\", \" one\"");
    for (size_t i = 0; i < sizeof portions / sizeof *portions; i++)
        feed(run, portions[i], strlen(portions[i]));
    close_input(run);
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, "4 8 -\n");
}

/* ---- Peak memory: never from a traced run, and always against the same program on a small file
 * ---- */

enum { LONG_LINE_BYTES = 2 << 20, ALLOWED_GROWTH_KIB = 1024 };

/* A file that is one line of so many bytes, newline included. */
static void make_line(const char *name, size_t size_bytes) {
    char *line = malloc(size_bytes);
    if (line == NULL)
        unmeasured("out of memory");
    memset(line, 'x', size_bytes);
    line[size_bytes - 1] = '\n';
    make_file(name, line, size_bytes);
    free(line);
}

/* Held to the same program's peak with a line that fits into any buffer. */
static void expect_no_growth(const struct run *small, const struct run *large) {
    const int64_t allowed_growth_kib = ALLOWED_GROWTH_KIB;
    BUDGET_NUMBER_AT_MOST(
        "growth of peak memory from a line of 3 bytes to one of 2 MiB", "KiB of memory",
        large->usage.max_rss_kib - small->usage.max_rss_kib, allowed_growth_kib,
        "memory is for the buffer: a line, or a file, may be larger than all of it");
}

Test(reader, memory_of_a_long_line) {
    make_line("short", 4);
    make_line("long", LONG_LINE_BYTES);
    struct run *small = run_with("lines", "--buffer", "4096", "short");
    EXPECT_EXIT(small, 0);
    EXPECT_OUTPUT(small, "1 3 short\n");
    struct run *large = run_program(.arguments = WORDS("lines", "--buffer", "4096", "long"),
                                    .limit_ms = NAIVE_LIMIT_MS);
    measure("lines_peak", large->usage.max_rss_kib, "KiB of memory");
    EXPECT_EXIT(large, 0);
    EXPECT_OUTPUT(large, "1 2097151 long\n");
    expect_no_growth(small, large);
}

Test(reader, memory_of_a_long_numbered_line) {
    make_line("short", 4);
    make_line("long", LONG_LINE_BYTES);
    struct run *small = run_with("number", "--buffer", "4096", "short");
    EXPECT_EXIT(small, 0);
    EXPECT_OUTPUT(small, "1\txxx\n");
    struct run *large = run_program(.arguments = WORDS("number", "--buffer", "4096", "long"),
                                    .stdout_path = "/dev/null", .limit_ms = NAIVE_LIMIT_MS);
    EXPECT_EXIT(large, 0);
    expect_no_growth(small, large);
}
