/* Step trouble: what passes, what does not, and what is left of it on the disk. */
#include <signal.h>
#include <time.h>

#include "labs/04-downloads/tests/fetching.h"

TestSuite(trouble);

static void expect_file_after(struct origin *origin, struct run *run, int64_t requests) {
    EXPECT_EXIT(run, 0);
    expect_fetched("file", whole("/file", 100000));
    EXPECT_NUMBER("requests", requests, requests_for(origin, "/file"));
}

/* A line on standard error for that URL, among others. */
static void expect_told(const struct run *run, const char *path) {
    char expected[128];
    snprintf(expected, sizeof expected, "a line `downloads: ...%s...: why` on standard error",
             path);
    for (const char *line = complaints(run); *line != '\0';) {
        const char *end = strchrnul(line, '\n'), *found = strstr(line, path);
        if (strncmp(line, "downloads: ", 11) == 0 && found != NULL && found < end)
            return;
        line = end + (*end != '\0');
    }
    fail_test(expected, "`%.300s`", complaints(run));
}

Test(trouble, not_found_is_final) {
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/gone", .status = 410, .size_bytes = 100});
    struct run *run = fetch(origin_url(origin, 1, "/gone"), origin_url(origin, 1, "/nowhere"));
    EXPECT_EXIT(run, 1);
    expect_told(run, "/gone");
    expect_told(run, "/nowhere");
    EXPECT_NUMBER("requests", 2, traffic_of(origin).requests);
    EXPECT_NUMBER("files left", 0, entries_in(""));
}

Test(trouble, server_errors) {
    struct origin *origin = begin();
    static const int statuses[] = {503, 500, 502};
    for (size_t i = 0; i < 3; i++)
        serve_page(
            origin,
            (struct page){.path = "/file", .times = 1, .status = statuses[i], .size_bytes = 50});
    serve_page(origin, whole("/file", 100000));
    struct run *run = fetch("--retries", "3", origin_url(origin, 1, "/file"));
    expect_file_after(origin, run, 4);
}

Test(trouble, asked_to_come_back) {
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/file", .times = 1, .status = 429});
    serve_page(origin, (struct page){.path = "/file", .times = 1, .status = 408});
    serve_page(origin, whole("/file", 100000));
    expect_file_after(origin, fetch("--retries", "3", origin_url(origin, 1, "/file")), 3);
}

Test(trouble, a_reset) {
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/file",
                                     .times = 1,
                                     .size_bytes = 100000,
                                     .breaks = BREAKS_WITH_RESET,
                                     .breaks_at = BEFORE_HEAD});
    serve_page(origin, (struct page){.path = "/file",
                                     .times = 1,
                                     .size_bytes = 100000,
                                     .breaks = BREAKS_WITH_RESET,
                                     .breaks_at = 50000});
    serve_page(origin, whole("/file", 100000));
    expect_file_after(origin, fetch("--retries", "3", origin_url(origin, 1, "/file")), 3);
}

Test(trouble, a_truncated_body) {
    struct origin *origin = begin();
    for (int i = 1; i <= 2; i++)
        serve_page(origin, (struct page){.path = "/file",
                                         .times = 1,
                                         .size_bytes = 100000,
                                         .breaks = BREAKS_OFF,
                                         .breaks_at = 40000 * i});
    serve_page(origin, whole("/file", 100000));
    expect_file_after(origin, fetch("--retries", "3", origin_url(origin, 1, "/file")), 3);
}

Test(trouble, silence) {
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/file",
                                     .times = 1,
                                     .size_bytes = 100000,
                                     .breaks = BREAKS_INTO_SILENCE,
                                     .breaks_at = BEFORE_HEAD});
    serve_page(origin, (struct page){.path = "/file",
                                     .times = 1,
                                     .size_bytes = 100000,
                                     .breaks = BREAKS_INTO_SILENCE,
                                     .breaks_at = 50000});
    serve_page(origin, whole("/file", 100000));
    struct run *run = fetch("--retries", "3", "--timeout", "1000", origin_url(origin, 1, "/file"));
    expect_file_after(origin, run, 3);
}

Test(trouble, slow_but_steady) {
    struct origin *origin = begin();
    struct page slow = {.path = "/slow", .size_bytes = 30000, .bytes_per_second = 10000};
    serve_page(origin, slow);
    struct run *run = fetch("--retries", "0", "--timeout", "600", origin_url(origin, 1, "/slow"));
    EXPECT_EXIT(run, 0);
    expect_fetched("slow", slow);
    EXPECT_NUMBER("requests", 1, traffic_of(origin).requests);
}

Test(trouble, up_to_the_limit) {
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/file", .status = 503});
    struct run *run = fetch("--retries", "2", origin_url(origin, 1, "/file"));
    EXPECT_EXIT(run, 1);
    expect_told(run, "/file");
    EXPECT_NUMBER("requests", 3, traffic_of(origin).requests);
    EXPECT_NUMBER("files left", 0, entries_in(""));
}

enum { TOGETHER = 16, ATTEMPTS = 4 };

/* How long each of those that failed together waited before each further attempt, as the origin saw
 * it, in milliseconds. */
static void take_waits(struct origin *origin, double waits_ms[TOGETHER][ATTEMPTS]) {
    int64_t ended_ns[TOGETHER] = {0};
    for (int64_t i = 0; i < TOGETHER * ATTEMPTS; i++) {
        struct request seen = request_seen(origin, i);
        int which = atoi(seen.path + strlen("/busy-"));
        waits_ms[which][seen.attempt - 1] = (double)(seen.began_ns - ended_ns[which]) / 1e6;
        ended_ns[which] = seen.ended_ns;
    }
}

/* Waits grow; and who failed together does not come back together. Doubled twice, the third wait is
 * four times the first, half of each by chance; as much by chance spreads the first ones over two
 * thirds of their mean. */
Test(trouble, not_at_once) {
    double waits_ms[TOGETHER][ATTEMPTS], first = 0, third = 0, least = 1e9, most = 0;
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/busy-*", .status = 503});
    struct run *run =
        fetch_lines(origin_urls(origin, 1, "/busy-", TOGETHER), "-j", "16", "--retries", "3");
    EXPECT_EXIT(run, 1);
    EXPECT_NUMBER("requests", TOGETHER * ATTEMPTS, traffic_of(origin).requests);
    take_waits(origin, waits_ms);
    for (int i = 0; i < TOGETHER; i++) {
        first += waits_ms[i][1] / TOGETHER;
        third += waits_ms[i][3] / TOGETHER;
        least = waits_ms[i][1] < least ? waits_ms[i][1] : least;
        most = waits_ms[i][1] > most ? waits_ms[i][1] : most;
    }
    EXPECT(least >= 10, "a wait before each second attempt", "one of %.1f ms", least);
    EXPECT(third >= 2 * first, "waits that grow", "a mean of %.0f ms at first, %.0f ms at last",
           first, third);
    EXPECT(most - least >= first / 8, "second attempts that are spread over time",
           "waits of %.0f to %.0f ms", least, most);
}

/* "Not before" is all that is asked of a clock. */
Test(trouble, when_the_server_says) {
    const int64_t least_ms = 2000;
    struct origin *origin = begin();
    serve_page(origin,
               (struct page){.path = "/file", .times = 1, .status = 503, .retry_after = "2"});
    serve_page(origin, whole("/file", 100000));
    expect_file_after(origin, fetch("--retries", "1", origin_url(origin, 1, "/file")), 2);
    const int64_t waited_ms =
        (request_seen(origin, 1).began_ns - request_seen(origin, 0).began_ns) / 1000000;
    EXPECT(waited_ms >= least_ms, "the 2,000 ms that the server asks for", "%lld ms",
           (long long)waited_ms);
}

Test(trouble, a_date_to_come_back) {
    char date[64];
    const time_t when = time(NULL) + 3;
    struct tm parts;
    struct origin *origin = begin();
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&when, &parts));
    serve_page(origin,
               (struct page){.path = "/file", .times = 1, .status = 503, .retry_after = date});
    serve_page(origin, whole("/file", 100000));
    expect_file_after(origin, fetch("--retries", "1", origin_url(origin, 1, "/file")), 2);
    const int64_t early_ms = (int64_t)when * 1000 - request_seen(origin, 1).began_ns / 1000000;
    EXPECT(early_ms <= 0, "a second request when that date has come", "%lld ms before",
           (long long)early_ms);
}

Test(trouble, a_wait_takes_no_place) {
    struct origin *origin = begin();
    serve_page(origin,
               (struct page){.path = "/file", .times = 1, .status = 503, .retry_after = "2"});
    serve_page(origin, whole("/file", 100000));
    serve_page(origin, whole("/other-*", 1000));
    char lines[1024];
    snprintf(lines, sizeof lines, "%s\n%s", origin_url(origin, 1, "/file"),
             origin_urls(origin, 1, "/other-", 5));
    struct run *run = fetch_lines(lines, "-j", "1", "--retries", "1");
    expect_file_after(origin, run, 2);
    EXPECT(strcmp(request_seen(origin, 6).path, "/file") == 0,
           "the others while one waits to be tried again", "`%s` as the last request",
           request_seen(origin, 6).path);
}

/* Until the origin has no more for it, and it has nothing left to do with what it got. */
static void await_silence(struct origin *origin, struct run *run, int64_t size_bytes) {
    await_sent(origin, run, size_bytes);
    await_sleep(run);
}

static const struct page part_way = {.path = "/file",
                                     .size_bytes = 8 << 20,
                                     .times = 1,
                                     .etag = "\"one\"",
                                     .breaks = BREAKS_INTO_SILENCE,
                                     .breaks_at = 5 << 20};

/* The same page once nothing goes wrong with it. */
static struct page unbroken(struct page page) {
    page.times = 0;
    page.breaks = BREAKS_NOT;
    return page;
}

static void kill_in_the_middle(struct origin *origin, const struct page *page) {
    struct run *run = start_client(INTO_OUT, origin_url(origin, 1, "/file"));
    await_silence(origin, run, page->breaks_at);
    expect_none("file");
    signal_server(run, SIGKILL);
    await_end(run);
    expect_none("file");
}

Test(trouble, no_half_file) {
    struct origin *origin = begin();
    serve_page(origin, part_way);
    kill_in_the_middle(origin, &part_way);
}

/* Killed in the middle, then run again with what the server has then. */
static void run_twice(struct origin *origin, struct page first, struct page then) {
    serve_page(origin, first);
    serve_page(origin, then);
    kill_in_the_middle(origin, &first);
    EXPECT_EXIT(fetch(origin_url(origin, 1, "/file")), 0);
    expect_fetched("file", then);
    EXPECT_NUMBER("files in the folder", 1, entries_in(""));
}

Test(trouble, goes_on_after_a_crash) {
    struct origin *origin = begin();
    const int64_t size = part_way.size_bytes, slack = 1 << 20;
    run_twice(origin, part_way, unbroken(part_way));
    struct request second = request_seen(origin, 1);
    EXPECT(second.range != NULL && second.if_range != NULL, "Range and If-Range", "%s",
           second.range == NULL ? "no Range" : "no If-Range");
    EXPECT(strcmp(second.if_range, "\"one\"") == 0, "If-Range: \"one\"", "%s", second.if_range);
    BUDGET_NUMBER_AT_MOST("bytes sent in both runs", "bytes", traffic_of(origin).sent_bytes,
                          size + slack, "what is on the disk need not come again");
}

Test(trouble, changed_meanwhile) {
    struct origin *origin = begin();
    struct page then = {.path = "/file", .size_bytes = 7 << 20, .version = 2, .etag = "\"two\""};
    run_twice(origin, part_way, then);
}

/* No validator at all, or one that says "much the same" (RFC 9110, section 8.8.1). */
Test(trouble, nothing_to_go_by) {
    struct origin *origin = begin();
    struct page first = part_way;
    first.etag = NULL;
    run_twice(origin, first, (struct page){.path = "/file", .size_bytes = 8 << 20, .version = 2});
    EXPECT(request_seen(origin, 1).range == NULL, "a request for the whole file", "Range: %s",
           request_seen(origin, 1).range);
}

Test(trouble, much_the_same) {
    struct origin *origin = begin();
    struct page first = part_way;
    first.etag = "W/\"one\"";
    struct page then = unbroken(first);
    then.version = 2;
    run_twice(origin, first, then);
    EXPECT(request_seen(origin, 1).range == NULL, "a request for the whole file", "Range: %s",
           request_seen(origin, 1).range);
}

/* Attempts that bring some of it each, and an end of them: what is left is no file. */
Test(trouble, never_whole) {
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/file",
                                     .size_bytes = 100000,
                                     .breaks = BREAKS_OFF,
                                     .breaks_at = 40000});
    struct run *run = fetch("--retries", "1", origin_url(origin, 1, "/file"));
    EXPECT_EXIT(run, 1);
    EXPECT_NUMBER("files left", 0, entries_in(""));
}

/* Ended when little has come, and nothing tells what that is a part of. */
Test(trouble, interrupted_early) {
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/file",
                                     .size_bytes = 100000,
                                     .breaks = BREAKS_INTO_SILENCE,
                                     .breaks_at = 40000});
    struct run *run = start_client(INTO_OUT, origin_url(origin, 1, "/file"));
    await_silence(origin, run, 40000);
    signal_server(run, SIGINT);
    await_end(run);
    EXPECT_EXIT(run, 130);
    EXPECT_NUMBER("files left", 0, entries_in(""));
}

/* A part that came whole is no whole file. */
Test(trouble, a_part_cut_short) {
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/file",
                                     .times = 1,
                                     .status = 206,
                                     .size_bytes = 60000,
                                     .etag = "\"one\"",
                                     .fields = "Content-Range: bytes 0-59999/100000\r\n"});
    serve_page(origin, (struct page){.path = "/file", .size_bytes = 100000, .etag = "\"one\""});
    struct run *run = fetch("--retries", "3", origin_url(origin, 1, "/file"));
    expect_file_after(origin, run, 2);
}

/* A part that was not asked for is not put where another belongs. */
Test(trouble, another_part) {
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/file",
                                     .times = 1,
                                     .size_bytes = 100000,
                                     .etag = "\"one\"",
                                     .breaks = BREAKS_OFF,
                                     .breaks_at = 40000});
    serve_page(origin, (struct page){.path = "/file",
                                     .size_bytes = 100000,
                                     .etag = "\"one\"",
                                     .ranges = RANGES_SHIFTED});
    struct run *run = fetch("--retries", "2", origin_url(origin, 1, "/file"));
    if (is_there("file"))
        expect_fetched("file", whole("/file", 100000));
    else
        EXPECT_EXIT(run, 1);
}

/* close(2) may be the first to tell. */
Test(trouble, close_tells) {
    struct origin *origin = begin();
    serve_page(origin, whole("/file", 1000));
    struct run *run =
        run_program(.arguments = WORDS(INTO_OUT, origin_url(origin, 1, "/file")), .traced = true,
                    .every_call = true, .fault = "close:error=EIO", .fault_path = "out/file.part",
                    .awaits_others = true, .limit_ms = 10000);
    EXPECT_EXIT(run, 1);
    expect_none("file");
}

/* Of a file that has its name, nothing is written any more. */
Test(trouble, named_last) {
    struct origin *origin = begin();
    serve_page(origin, whole("/file", 1000));
    struct run *run = run_program(.arguments = WORDS(INTO_OUT, origin_url(origin, 1, "/file")),
                                  .traced = true, .awaits_others = true, .limit_ms = 10000);
    EXPECT_EXIT(run, 0);
    const struct ledger *ledger = ledger_of(run);
    int64_t aside = 0;
    for (size_t i = 0; i < ledger->count; i++) {
        const struct call *call = &ledger->calls[i];
        const char *name = call->to == NULL ? NULL : strstr(call->to, "/out/");
        if (name == NULL || !family_has(WRITES, call->name))
            continue;
        EXPECT(strcmp(name, "/out/file") != 0, "no write to what has its name", "%s to `%s`",
               call->name, name);
        aside += call->bytes;
    }
    EXPECT_NUMBER("bytes written aside", 1000, aside);
}

Test(trouble, full_disk) {
    make_output_folder("out", 1024);
    struct origin *origin = start_origin();
    serve_page(origin, (struct page){.path = "/large", .size_bytes = 4 << 20, .etag = "\"one\""});
    struct run *run = fetch("--retries", "1", origin_url(origin, 1, "/large"));
    EXPECT_EXIT(run, 1);
    EXPECT_COMPLAINT(run, "No space left on device");
    EXPECT_NUMBER("files left", 0, entries_in(""));
}

/* Ended in the middle of the second file, and run again. */
static void interrupted_by(int number) {
    struct origin *origin = begin();
    serve_page(origin, part_way);
    serve_page(origin, unbroken(part_way));
    serve_page(origin, whole("/small", 1000));
    const char *lines = origin_urls(origin, 1, "/never-", 3);
    char first[256];
    snprintf(first, sizeof first, "%s\n%s\n%s", origin_url(origin, 1, "/small"),
             origin_url(origin, 1, "/file"), lines);
    struct run *run = start_lines(first, "-j", "1");
    await_silence(origin, run, part_way.breaks_at + 1000);
    signal_server(run, number);
    await_end(run);
    EXPECT(!killed_by(run, number), "exit status 130", "an end by the signal itself");
    EXPECT_EXIT(run, 130);
    expect_none("file");
    expect_fetched("small", whole("/small", 1000));
    EXPECT_NUMBER("requests before and behind the signal", 2, traffic_of(origin).requests);
    EXPECT_EXIT(fetch(origin_url(origin, 1, "/file")), 0);
    expect_fetched("file", unbroken(part_way));
    EXPECT_NUMBER("files in the folder", 2, entries_in(""));
}

Test(trouble, interrupted) {
    interrupted_by(SIGINT);
}

Test(trouble, told_to_end) {
    interrupted_by(SIGTERM);
}
