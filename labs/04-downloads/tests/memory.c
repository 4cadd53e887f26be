/* Step memory: nothing is kept that can be written. */
#include "labs/04-downloads/tests/fetching.h"

TestSuite(memory);

static void expect_peak(struct run *run, const char *while_what, int64_t most_kib,
                        const char *why) {
    char what[128];
    EXPECT_EXIT(run, 0);
    snprintf(what, sizeof what, "peak resident memory, %s", while_what);
    BUDGET_NUMBER_AT_MOST(what, "KiB of memory", run->usage.max_rss_kib, most_kib, why);
}

Test(memory, a_gibibyte) {
    struct origin *origin = begin();
    serve_page(origin, whole("/large", INT64_C(1) << 30));
    struct run *run = run_program(.arguments = WORDS(INTO_OUT, origin_url(origin, 1, "/large")),
                                  .awaits_others = true, .limit_ms = 30000);
    expect_peak(run, "for a file of 1 GiB", 24 * 1024, "what has been written needs no memory");
    expect_fetched("large", whole("/large", INT64_C(1) << 30));
    unlink(output_path("large")); /* for the other tests there is room again */
}

Test(memory, eight_at_a_time) {
    struct origin *origin = begin();
    serve_page(origin, whole("/large-*", 64 << 20));
    struct run *run = fetch_lines(origin_urls(origin, 1, "/large-", 8), "-j", "8");
    expect_peak(run, "with eight files of 64 MiB at once", 32 * 1024,
                "a buffer for each transfer, and nothing for what has come");
    expect_fetched("large-7", whole("/large-7", 64 << 20));
}

Test(memory, ten_thousand_urls) {
    enum { URLS = 10000 };
    struct origin *origin = begin();
    serve_page(origin, whole("/many-*", 10));
    const char *lines = origin_urls(origin, 1, "/many-", URLS);
    struct run *run =
        run_program(.arguments = WORDS(INTO_OUT, "-j", "8"), .input = lines,
                    .input_bytes = strlen(lines), .awaits_others = true, .limit_ms = 30000);
    expect_peak(run, "with 10,000 URLs", 32 * 1024, "a handle belongs to a place, not to a URL");
    EXPECT_NUMBER("requests", URLS, traffic_of(origin).requests);
    expect_fetched("many-9999", whole("/many-9999", 10));
}
