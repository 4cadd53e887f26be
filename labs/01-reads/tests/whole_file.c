/* Step whole_file: every byte once, in chunks of any size. */
#include "grader/testkit/testkit.h"

Test(whole_file, in_chunks) {
    const int64_t size = 65536, chunk = 4096;
    make_text("input", (size_t)size);
    struct run *run = run_traced("sum", "--chunk", "4096", "input");
    EXPECT_EXIT(run, 0);
    BUDGET_AT_MOST(ledger_of(run), READS, on_path("input"), ceil_div(size, chunk) + 1,
                   "one read a chunk, and one that finds the end of the file");
    publish_ledger(run, "sum of 64 KiB in chunks of 4 KiB");
}
