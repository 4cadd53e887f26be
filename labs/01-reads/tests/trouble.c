/* Step trouble: what can't be read is named, the rest is done, and the exit status says so. */
#include <stdlib.h>
#include <string.h>

#include "grader/testkit/testkit.h"
#include "labs/01-reads/tests/expected.h"

Test(trouble, cannot_be_opened) {
    expect_that_it_works();
    make_unreadable("locked");
    static const char *const names[] = {"missing", "locked"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct run *run = run_with("sum", names[i]);
        EXPECT_EXIT(run, 1);
        EXPECT_COMPLAINT(run, names[i]);
        EXPECT_OUTPUT(run, "");
    }
}

/* It can be opened, and only read(2) says EISDIR. */
Test(trouble, directory) {
    make_directory("folder");
    make_file("last", "abc\n", 4);
    struct run *lines = run_with("lines", "folder", "last");
    EXPECT_EXIT(lines, 1);
    EXPECT_COMPLAINT(lines, "folder");
    EXPECT_OUTPUT(lines, "1 3 last\n");
    struct run *number = run_with("number", "folder", "last");
    EXPECT_EXIT(number, 1);
    EXPECT_COMPLAINT(number, "folder");
    EXPECT_OUTPUT(number, "1\tabc\n");
    struct run *sum = run_with("sum", "folder");
    EXPECT_EXIT(sum, 1);
    EXPECT_COMPLAINT(sum, "folder");
    EXPECT_OUTPUT(sum, "");
}

Test(trouble, others_still_done) {
    make_file("first", "one\n", 4);
    make_file("last", "two\n", 4);
    struct run *sum = run_with("sum", "first", "missing", "last");
    EXPECT_EXIT(sum, 1);
    EXPECT_COMPLAINT(sum, "missing");
    EXPECT_OUTPUT(sum, "332 4 first\n356 4 last\n688 8 total\n");
    struct run *number = run_with("number", "first", "missing", "last");
    EXPECT_EXIT(number, 1);
    EXPECT_COMPLAINT(number, "missing");
    EXPECT_OUTPUT(number, "1\tone\n2\ttwo\n");
}

/* More bytes than 32 bits count, nearly all of them a hole that takes no room, and at its end
 * enough large ones that the sum needs more than 32 bits too. */
Test(trouble, beyond_32_bits) {
    const int64_t hole = 4LL << 30, tail = 17 << 20;
    expect_that_it_works();
    char *bytes = malloc((size_t)tail);
    if (bytes == NULL)
        unmeasured("out of memory");
    memset(bytes, 0xff, (size_t)tail);
    make_sparse("huge", hole);
    append_to("huge", bytes, (size_t)tail);
    struct run *run = run_program(.arguments = WORDS("sum", "--chunk", "1048576", "huge"),
                                  .traced = true, .call_limit = 20 * 1000, .limit_ms = 60 * 1000);
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, "4545576960 4312793088 huge\n");
}

static void expect_a_usage_error(const char *verb, const char *option, const char *size) {
    struct run *run = run_with(verb, option, size, "good");
    EXPECT_EXIT(run, 2);
    EXPECT(complaints(run)[0] != '\0', "a message on standard error", "nothing");
    EXPECT_OUTPUT(run, "");
}

Test(trouble, impossible_sizes) {
    expect_that_it_works();
    struct run *largest = run_with("sum", "--chunk", "1073741824", "good");
    EXPECT_EXIT(largest, 0); /* 1 GiB is allowed, and costs only what is touched of it */
    expect_a_usage_error("sum", "--chunk", "0");
    expect_a_usage_error("sum", "--chunk", "-1");
    expect_a_usage_error("sum", "--chunk", "99999999999999");
    expect_a_usage_error("sum", "--chunk", "abc");
    expect_a_usage_error("sum", "--chunk", "12x");
    expect_a_usage_error("lines", "--buffer", "0");
    expect_a_usage_error("number", "--buffer", "abc");
}
