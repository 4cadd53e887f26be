/* Step trouble: what passes, what does not, and what is left of it on the disk. */
#include <dirent.h>
#include <signal.h>
#include <time.h>

#include "labs/04-downloads/tests/fetching.h"

TestSuite(trouble);

static void expect_file_after(struct origin *origin, struct run *run, int64_t requests) {
    EXPECT_EXIT(run, 0);
    expect_fetched("file", whole("/file", 100000));
    EXPECT_NUMBER("requests", requests, requests_for(origin, "/file"));
}

static int files_left(void) {
    int count = 0;
    DIR *folder = opendir(output_path(""));
    for (struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL;
         entry = readdir(folder))
        count += entry->d_name[0] != '.';
    if (folder != NULL)
        closedir(folder);
    return count;
}

Test(trouble, not_found_is_final) {
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/gone", .status = 410, .size_bytes = 100});
    struct run *run = fetch(origin_url(origin, 1, "/gone"), origin_url(origin, 1, "/nowhere"));
    EXPECT_EXIT(run, 1);
    EXPECT_COMPLAINT(run, "404");
    EXPECT_NUMBER("requests", 2, traffic_of(origin).requests);
    EXPECT_NUMBER("files left", 0, files_left());
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
    struct run *run = fetch("--retries", "3", "--timeout", "500", origin_url(origin, 1, "/file"));
    expect_file_after(origin, run, 3);
}

Test(trouble, slow_but_steady) {
    struct origin *origin = begin();
    struct page slow = {.path = "/slow", .size_bytes = 30000, .bytes_per_second = 10000};
    serve_page(origin, slow);
    struct run *run = fetch("--retries", "0", "--timeout", "300", origin_url(origin, 1, "/slow"));
    EXPECT_EXIT(run, 0);
    expect_fetched("slow", slow);
    EXPECT_NUMBER("requests", 1, traffic_of(origin).requests);
}

Test(trouble, up_to_the_limit) {
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/file", .status = 503});
    struct run *run = fetch("--retries", "2", origin_url(origin, 1, "/file"));
    EXPECT_EXIT(run, 1);
    EXPECT_COMPLAINT(run, "503");
    EXPECT_NUMBER("requests", 3, traffic_of(origin).requests);
    EXPECT_NUMBER("files left", 0, files_left());
}

/* Waits grow; and who failed together does not come back together. */
Test(trouble, not_at_once) {
    enum { TOGETHER = 16, ATTEMPTS = 3 };
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/busy-*", .status = 503});
    struct run *run =
        fetch_lines(origin_urls(origin, 1, "/busy-", TOGETHER), "-j", "16", "--retries", "2");
    EXPECT_EXIT(run, 1);
    EXPECT_NUMBER("requests", TOGETHER * ATTEMPTS, traffic_of(origin).requests);
    int64_t ended[TOGETHER][ATTEMPTS], began[TOGETHER][ATTEMPTS], first = INT64_MAX, last = 0;
    for (int64_t i = 0; i < TOGETHER * ATTEMPTS; i++) {
        struct request seen = request_seen(origin, i);
        int which = atoi(seen.path + strlen("/busy-"));
        began[which][seen.attempt - 1] = seen.began_ns;
        ended[which][seen.attempt - 1] = seen.ended_ns;
    }
    for (int i = 0; i < TOGETHER; i++) {
        int64_t wait_ns = began[i][1] - ended[i][0];
        EXPECT(wait_ns >= 20 * 1000000, "a wait before the second attempt", "%lld ms",
               (long long)(wait_ns / 1000000));
        EXPECT(began[i][2] - ended[i][1] > wait_ns / 2, "waits that grow",
               "a third attempt sooner");
        first = began[i][1] < first ? began[i][1] : first;
        last = began[i][1] > last ? began[i][1] : last;
    }
    EXPECT(last - first >= 20 * 1000000, "second attempts spread over time",
           "all 16 within %lld ms", (long long)((last - first) / 1000000));
}

/* "Not before" is all that is asked of a clock. */
static void expect_wait(struct origin *origin, int64_t least_ms) {
    int64_t waited_ms =
        (request_seen(origin, 1).began_ns - request_seen(origin, 0).ended_ns) / 1000000;
    EXPECT(waited_ms >= least_ms, "the wait that the server asks for", "%lld ms",
           (long long)waited_ms);
}

Test(trouble, when_the_server_says) {
    struct origin *origin = begin();
    serve_page(origin,
               (struct page){.path = "/file", .times = 1, .status = 503, .retry_after = "2"});
    serve_page(origin, whole("/file", 100000));
    expect_file_after(origin, fetch("--retries", "1", origin_url(origin, 1, "/file")), 2);
    expect_wait(origin, 1900);
}

Test(trouble, a_date_to_come_back) {
    char date[64];
    time_t when = time(NULL) + 3;
    struct tm parts;
    struct origin *origin = begin();
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&when, &parts));
    serve_page(origin,
               (struct page){.path = "/file", .times = 1, .status = 503, .retry_after = date});
    serve_page(origin, whole("/file", 100000));
    expect_file_after(origin, fetch("--retries", "1", origin_url(origin, 1, "/file")), 2);
    expect_wait(origin, 1000); /* dates have seconds: up to one of the three has passed by then */
}

Test(trouble, a_wait_takes_no_place) {
    struct origin *origin = begin();
    serve_page(origin,
               (struct page){.path = "/file", .times = 1, .status = 503, .retry_after = "1"});
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

/* Kills it when so many bytes are on their way. */
static void kill_in_the_middle(struct origin *origin, struct run *run, int64_t sent_bytes) {
    while (traffic_of(origin).sent_bytes < sent_bytes)
        pause_ms(run, 5);
    pause_ms(run, 200);
    step("kill it");
    kill(run->pid, SIGKILL);
    await_end(run);
}

static const struct page part_way = {.path = "/file",
                                     .size_bytes = 8 << 20,
                                     .times = 1,
                                     .etag = "\"one\"",
                                     .breaks = BREAKS_INTO_SILENCE,
                                     .breaks_at = 5 << 20};

Test(trouble, no_half_file) {
    struct origin *origin = begin();
    serve_page(origin, part_way);
    struct run *run = start_client(INTO_OUT, origin_url(origin, 1, "/file"));
    kill_in_the_middle(origin, run, 5 << 20);
    expect_none("file");
}

/* Killed in the middle, then run again with what the server has then. */
static struct run *run_twice(struct origin *origin, struct page first, struct page then) {
    serve_page(origin, first);
    serve_page(origin, then);
    struct run *run = start_client(INTO_OUT, origin_url(origin, 1, "/file"));
    kill_in_the_middle(origin, run, first.breaks_at);
    step("run it again");
    run = fetch(origin_url(origin, 1, "/file"));
    EXPECT_EXIT(run, 0);
    then.path = "/file";
    expect_fetched("file", then);
    EXPECT_NUMBER("files in the folder", 1, files_left());
    return run;
}

Test(trouble, goes_on_after_a_crash) {
    struct origin *origin = begin();
    struct page then = part_way;
    then.times = 0;
    then.breaks = BREAKS_NOT;
    run_twice(origin, part_way, then);
    struct request second = request_seen(origin, 1);
    EXPECT(second.range != NULL && second.if_range != NULL, "Range and If-Range", "%s",
           second.range == NULL ? "no Range" : "no If-Range");
    EXPECT(strcmp(second.if_range, "\"one\"") == 0, "If-Range: \"one\"", "%s", second.if_range);
    const int64_t sent = traffic_of(origin).sent_bytes, most = (8 << 20) + (2 << 20);
    BUDGET_NUMBER_AT_MOST("bytes sent in both runs", "bytes", sent, most,
                          "what is on the disk need not come again");
}

Test(trouble, changed_meanwhile) {
    struct origin *origin = begin();
    struct page then = {.path = "/file", .size_bytes = 7 << 20, .version = 2, .etag = "\"two\""};
    run_twice(origin, part_way, then);
}

Test(trouble, nothing_to_go_by) {
    struct origin *origin = begin();
    struct page first = part_way;
    first.etag = NULL;
    run_twice(origin, first, (struct page){.path = "/file", .size_bytes = 8 << 20, .version = 2});
}

Test(trouble, full_disk) {
    make_output_folder("out", 1024);
    struct origin *origin = start_origin();
    serve_page(origin, whole("/large", 4 << 20));
    struct run *run = fetch("--retries", "1", origin_url(origin, 1, "/large"));
    EXPECT_EXIT(run, 1);
    EXPECT_COMPLAINT(run, "No space left on device");
    EXPECT_NUMBER("files left", 0, files_left());
}

static void interrupted_by(int number) {
    struct origin *origin = begin();
    serve_page(origin, part_way);
    serve_page(origin, whole("/small", 1000));
    struct run *run = start_client(INTO_OUT, "-j", "1", origin_url(origin, 1, "/small"),
                                   origin_url(origin, 1, "/file"));
    while (traffic_of(origin).sent_bytes < part_way.breaks_at)
        pause_ms(run, 5);
    signal_server(run, number);
    await_end(run);
    EXPECT_EXIT(run, 130);
    expect_none("file");
    expect_fetched("small", whole("/small", 1000));
}

Test(trouble, interrupted) {
    interrupted_by(SIGINT);
}

Test(trouble, told_to_end) {
    interrupted_by(SIGTERM);
}
