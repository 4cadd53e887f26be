/* Step report: what it came to, for people and for programs. */
#include <jansson.h>

#include "labs/04-downloads/tests/fetching.h"

TestSuite(report);

/* 20 files of 1,000 bytes, two URLs that are not there. */
static struct run *fetch_some(const char *json) {
    char lines[2048];
    struct origin *origin = begin();
    serve_page(origin, whole("/some-*", 1000));
    serve_page(origin, (struct page){.path = "/gone", .status = 410, .size_bytes = 500});
    snprintf(lines, sizeof lines, "%s%s\n%s\n", origin_urls(origin, 1, "/some-", 20),
             origin_url(origin, 1, "/gone"), origin_url(origin, 1, "/lost"));
    struct run *run = fetch_lines(lines, "-j", "4", "--json", json);
    EXPECT_EXIT(run, 1);
    return run;
}

Test(report, counts) {
    static const char *const numbers[] = {"20", "2", "20000"};
    struct run *run = fetch_some("out/unused.json");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        EXPECT(says_number(output(run), numbers[i]),
               "20 done, 2 failed, 20000 bytes, on standard output", "no %s in `%.200s`",
               numbers[i], output(run));
}

static json_t *read_report(void) {
    json_error_t error;
    EXPECT(is_there("report.json"), "the report in the file that --json names", "no such file");
    json_t *report = json_load_file(output_path("report.json"), 0, &error);
    EXPECT(report != NULL, "JSON", "%s", error.text);
    return report;
}

static int64_t number_of(const json_t *report, const char *name) {
    const json_t *value = json_object_get(report, name);
    EXPECT(json_is_integer(value), "a whole number for each count", "no `%s`", name);
    return json_integer_value(value);
}

Test(report, as_json) {
    fetch_some("out/report.json");
    json_t *report = read_report();
    EXPECT_NUMBER("done", 20, number_of(report, "done"));
    EXPECT_NUMBER("failed", 2, number_of(report, "failed"));
    EXPECT_NUMBER("bytes", 20000, number_of(report, "bytes"));
    EXPECT(!is_there("report.json.part"), "one file", "`report.json.part` beside it");
    json_decref(report);
}

/* ---- Times ---- */

static double time_of(const json_t *report, const char *what, const char *quantile) {
    const json_t *value = json_object_get(json_object_get(report, what), quantile);
    EXPECT(json_is_number(value), "a number for each time", "no `%s` of `%s`", quantile, what);
    return json_number_value(value);
}

static void expect_least(const json_t *report, const char *what, const char *quantile,
                         double least_ms) {
    const double seen_ms = time_of(report, what, quantile);
    char expected[96];
    snprintf(expected, sizeof expected, "%s of %s: at least %.1f ms", quantile, what, least_ms);
    EXPECT(seen_ms >= least_ms, expected, "%.3f ms", seen_ms);
}

/* 40 files: 30 are begun after 20 ms, 8 after 60 and 2 after 120, whichever way ranks are counted; each
 * then takes 200 ms, by its length and rate. 60 URLs are not found, at once. */
static struct run *fetch_with_delays(void) {
    static const struct {
        const char *path;
        int count, latency_ms;
    } groups[] = {{"/fast-", 30, 20}, {"/slow-", 8, 60}, {"/slowest-", 2, 120}, {"/no-", 60, 0}};
    char lines[8192], pages[32];
    struct origin *origin = begin();
    size_t length = 0;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        snprintf(pages, sizeof pages, "%s*", groups[i].path);
        if (groups[i].latency_ms > 0)
            serve_page(origin, (struct page){.path = pages,
                                             .size_bytes = 10000,
                                             .bytes_per_second = 50000,
                                             .latency_ms = groups[i].latency_ms});
        length += (size_t)snprintf(lines + length, sizeof lines - length, "%s",
                                   origin_urls(origin, 1, groups[i].path, groups[i].count));
    }
    struct run *run = fetch_lines(lines, "-j", "8", "--json", "out/report.json");
    EXPECT_EXIT(run, 1);
    return run;
}

/* A time cannot be less than the delays that it is made of. A bucket of the report's histograms is
 * 1/64 wide. */
static void expect_delays(const json_t *report) {
    static const struct {
        const char *name;
        double first_byte_ms, total_ms;
    } quantiles[] = {{"p50", 20, 220}, {"p95", 60, 260}, {"p99", 120, 320}};
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        expect_least(report, "first_byte_ms", quantiles[i].name,
                     quantiles[i].first_byte_ms * 63 / 64);
        expect_least(report, "total_ms", quantiles[i].name, quantiles[i].total_ms * 63 / 64);
    }
}

/* What is too much follows from the run itself. All times together are no more than the places times
 * the time that it took, and half of the files need the median or longer. The first byte comes early:
 * a tenth of the way here, and half of it still passes on a busy machine. */
static void expect_no_more(const json_t *report, const struct run *run) {
    enum { FILES = 40, CAP = 8 };
    const double wall_ms = (double)(run->process.ended_ns - run->process.started_ns) / 1e6;
    const double median_ms = time_of(report, "total_ms", "p50");
    const double first_byte_ms = time_of(report, "first_byte_ms", "p50");
    EXPECT(median_ms <= wall_ms * CAP * 2 / FILES, "times that begin when a transfer does",
           "a median of %.0f ms, for 40 files that took %.0f ms, 8 at a time", median_ms, wall_ms);
    EXPECT(first_byte_ms <= median_ms / 2, "first bytes that come long before the last",
           "medians of %.0f and %.0f ms", first_byte_ms, median_ms);
}

Test(report, times) {
    struct run *run = fetch_with_delays();
    json_t *report = read_report();
    EXPECT_NUMBER("done", 40, number_of(report, "done"));
    expect_delays(report);
    expect_no_more(report, run);
    EXPECT(strstr(output(run), "p50") != NULL && strstr(output(run), "p95") != NULL &&
               strstr(output(run), "p99") != NULL,
           "p50, p95 and p99 in the summary", "`%.300s`", output(run));
    json_decref(report);
}

/* ---- Progress ---- */

/* Seven files, one of which is not there, one after another with a pause that a person would see. */
static struct run *fetch_slowly(int terminal) {
    char lines[512];
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/some-*", .size_bytes = 1000, .latency_ms = 120});
    snprintf(lines, sizeof lines, "%s%s\n%s", origin_urls(origin, 1, "/some-", 3),
             origin_url(origin, 1, "/no"), origin_urls(origin, 2, "/some-", 3));
    struct run *run = run_program(.arguments = WORDS(INTO_OUT, "-j", "1"), .input = lines,
                                  .input_bytes = strlen(lines), .awaits_others = true,
                                  .limit_ms = 10000, .terminal = terminal);
    EXPECT_EXIT(run, 1);
    return run;
}

static int lines_of(const char *screen) {
    int count = 0;
    for (; *screen != '\0'; screen++)
        count += *screen == '\n';
    return count;
}

/* How many different things stood on the last line, while the program ran: looked at before each
 * return of the carriage and each sequence, which is where they go. */
static int sights(const struct run *run) {
    char before[2048] = "";
    int count = 0;
    for (size_t at = 0; at < shown_bytes(run); at++) {
        const char byte = complaints(run)[at];
        if (byte != '\r' && byte != '\033')
            continue;
        const char *now = screen_of(run, at);
        EXPECT(lines_of(now) <= 2, "one line of progress", "`%.200s`", now);
        bool tells = strpbrk(now, "0123456789") != NULL;
        count += tells && strcmp(now, before) != 0;
        snprintf(before, sizeof before, "%s", tells ? now : before);
    }
    return count;
}

Test(report, progress_on_a_terminal) {
    struct run *run = fetch_slowly(STDERR_FILENO);
    const int seen = sights(run);
    EXPECT(seen >= 2, "a line of numbers on the terminal, which change", "%d of them", seen);
    const char *last = screen_of(run, shown_bytes(run));
    bool complaint_alone =
        lines_of(last) == 1 && strncmp(last, "downloads: ", 11) == 0 && strstr(last, "/no") != NULL;
    EXPECT(complaint_alone, "in the end, the message of the file that failed alone", "`%.300s`",
           last);
}

Test(report, no_progress_in_a_pipe) {
    struct run *run = fetch_slowly(0);
    EXPECT_COMPLAINT(run, "/no");
    EXPECT(strpbrk(complaints(run), "\r\033") == NULL, "one line of text", "a terminal's controls");
}

Test(report, exit_status) {
    struct origin *origin = begin();
    serve_page(origin, whole("/a", 1000));
    serve_page(origin, whole("/b", 1000));
    EXPECT_EXIT(fetch(origin_url(origin, 1, "/a")), 0);
    EXPECT_EXIT(fetch("-j", "1", origin_url(origin, 1, "/no"), origin_url(origin, 1, "/b")), 1);
    expect_fetched("b", whole("/b", 1000));
}
