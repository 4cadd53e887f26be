/* How the testkit's origin answers: each thing that a page can be told to do, seen by libcurl or by a
 * socket. What it remembers is test_origin_seen's, what it promises of programs test_clients's. */
#include "grader/tests/origin_asker.h"

TestSuite(origin, .timeout = 120, .init = make_kit);

static struct origin *origin_with(struct page page) {
    struct origin *origin = start_origin();
    serve_page(origin, page);
    return origin;
}

/* ---- Bodies ---- */

Test(origin, makes_up_the_same_bytes_however_they_are_cut) {
    enum { SIZE = 5000 };
    char whole[SIZE], part[SIZE];
    const struct page page = {.path = "/a"};
    fill_body(&page, 0, whole, SIZE);
    for (size_t from = 0; from < 40; from++)
        for (size_t size = 0; size < 40; size++) {
            fill_body(&page, (int64_t)from, part, size);
            cr_assert_eq(memcmp(part, whole + from, size), 0, "%zu from %zu", size, from);
        }
    cr_expect_null(memmem(whole + 1, SIZE - 1, whole, 16), "no part is like another");
}

Test(origin, makes_up_other_bytes_for_other_paths_versions_and_places) {
    enum { SIZE = 64 };
    const struct page pages[] = {{.path = "/a"}, {.path = "/b"}, {.path = "/a", .version = 1}};
    const int64_t places[] = {0, INT64_C(1) << 32, INT64_C(1) << 40};
    char bytes[9][SIZE];
    for (size_t i = 0; i < 9; i++)
        fill_body(&pages[i / 3], places[i % 3], bytes[i], SIZE);
    for (size_t i = 0; i < 9; i++)
        for (size_t j = 0; j < i; j++)
            cr_expect_neq(memcmp(bytes[i], bytes[j], SIZE), 0, "%zu is like %zu", i, j);
}

/* Around the sizes of its pieces, chunks and rounds. */
Test(origin, sends_every_size_in_every_framing) {
    static const int64_t sizes[] = {0, 1, 16383, 16384, 16385, 131072, 131073, 1048577, 5000000};
    struct origin *origin = start_origin();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (enum framing framing = BY_LENGTH; framing <= BY_CLOSE; framing++) {
            const struct page page = {.path = "/a", .size_bytes = sizes[i], .framing = framing};
            serve_page(origin, page);
            expect_right(ask(origin, &page), 200, sizes[i]);
        }
}

Test(origin, says_where_a_body_ends) {
    struct origin *origin = origin_with((struct page){.path = "/length", .size_bytes = 5});
    serve_page(origin, (struct page){.path = "/chunks", .size_bytes = 5, .framing = BY_CHUNKS});
    serve_page(origin, (struct page){.path = "/close", .size_bytes = 5, .framing = BY_CLOSE});
    expect_part(hear_answer_to(origin, "/length", ""), "Content-Length: 5\r\n");
    const char *chunks = hear_answer_to(origin, "/chunks", "");
    expect_part(chunks, "Transfer-Encoding: chunked\r\n");
    expect_part(chunks, "\r\n\r\n5\r\n");
    expect_part(chunks, "\r\n0\r\n\r\n");
    const char *close = hear_answer_to(origin, "/close", "");
    cr_expect_null(strstr(close, "Content-Length"));
    cr_expect_null(strstr(close, "chunked"));
}

Test(origin, answers_head_with_the_head_alone) {
    struct origin *origin = origin_with((struct page){.path = "/a", .size_bytes = 5000});
    serve_page(origin, (struct page){.path = "/b", .size_bytes = 5, .framing = BY_CHUNKS});
    int fd = connect_to(origin);
    say(fd, "HEAD /a HTTP/1.1\r\nHost: x\r\nRange: bytes=1-2\r\n\r\n"
            "HEAD /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const char *text = hear_all(fd);
    expect_part(text, "Content-Length: 5000\r\n");
    expect_part(text, "\r\n\r\nHTTP/1.1 200");
    cr_expect_str_eq(text + strlen(text) - 4, "\r\n\r\n");
}

Test(origin, sends_a_body_of_a_gibibyte_and_keeps_none_of_it) {
    const struct page page = {.path = "/a", .size_bytes = INT64_C(1) << 30};
    struct origin *origin = origin_with(page);
    expect_right(ask(origin, &page), 200, page.size_bytes);
    cr_expect_eq(traffic_of(origin).sent_bytes, page.size_bytes);
}

/* ---- Pages ---- */

Test(origin, answers_404_where_there_is_no_page) {
    struct origin *origin = origin_with((struct page){.path = "/a"});
    expect_right(ask_url(origin_url(origin, 1, "/b"), NULL), 404, 0);
    expect_right(ask_url(origin_url(origin, 1, "/a?b"), NULL), 404, 0);
}

Test(origin, serves_many_urls_with_a_page_that_ends_in_a_star) {
    struct origin *origin = origin_with((struct page){.path = "/b", .size_bytes = 1});
    serve_page(origin, (struct page){.path = "/*", .status = 403});
    serve_page(origin, (struct page){.path = "/many-*", .size_bytes = 1000});
    expect_right(ask(origin, &(struct page){.path = "/many-1"}), 200, 1000);
    expect_right(ask(origin, &(struct page){.path = "/many-22"}), 200, 1000);
    expect_right(ask(origin, &(struct page){.path = "/else"}), 403, 0);
    expect_right(ask(origin, &(struct page){.path = "/b"}), 200, 1);
}

Test(origin, follows_the_page_that_was_given_last) {
    struct origin *origin = origin_with((struct page){.path = "/a", .size_bytes = 1});
    expect_right(ask(origin, &(struct page){.path = "/a"}), 200, 1);
    serve_page(origin, (struct page){.path = "/a", .size_bytes = 2, .version = 5});
    expect_right(ask(origin, &(struct page){.path = "/a", .version = 5}), 200, 2);
}

/* Each URL begins anew, at each host. */
Test(origin, answers_the_first_requests_in_other_ways) {
    struct origin *origin = origin_with((struct page){.path = "/*", .status = 503, .times = 2});
    serve_page(origin,
               (struct page){.path = "/*", .size_bytes = 9, .breaks = BREAKS_OFF, .times = 1});
    serve_page(origin, (struct page){.path = "/*", .size_bytes = 10});
    const char *urls[] = {origin_url(origin, 1, "/a"), origin_url(origin, 1, "/b"),
                          origin_url(origin, 2, "/a")};
    static const long statuses[] = {503, 503, 200, 200, 200};
    for (size_t round = 0; round < 5; round++)
        for (size_t i = 0; i < 3; i++) {
            struct asked asked = ask_url(urls[i], NULL);
            cr_expect_eq(asked.status, statuses[round]);
            cr_expect_eq(asked.code, round == 2 ? CURLE_PARTIAL_FILE : CURLE_OK);
        }
}

Test(origin, is_many_hosts) {
    struct origin *origin = origin_with((struct page){.path = "/a", .host = 2, .size_bytes = 5});
    expect_right(ask_url(origin_url(origin, 1, "/a"), NULL), 404, 0);
    expect_right(ask_url(origin_url(origin, 2, "/a"), NULL), 200, 5);
    expect_right(ask_url(origin_url(origin, 254, "/a"), NULL), 404, 0);
    char expected[128];
    int port = origin_port(origin);
    snprintf(expected, sizeof expected,
             "http://127.0.0.1:%d/x0\nhttp://127.0.0.2:%d/x1\nhttp://127.0.0.1:%d/x2\n", port, port,
             port);
    cr_expect_str_eq(origin_urls(origin, 2, "/x", 3), expected);
}

Test(origin, redirects) {
    struct origin *origin = origin_with((struct page){.path = "/b", .host = 3, .size_bytes = 7});
    serve_page(origin,
               (struct page){.path = "/a", .location = origin_url(origin, 3, "/b"), .times = 1});
    serve_page(origin, (struct page){.path = "/a", .location = "/a", .status = 307});
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
    const struct page to = {.path = "/b"};
    expect_right(ask_with(curl, origin_url(origin, 1, "/a"), &to, 0), 200, 7);
    struct asked asked = ask_with(curl, origin_url(origin, 1, "/a"), NULL, 0);
    cr_expect_eq(asked.code, CURLE_TOO_MANY_REDIRECTS);
    cr_expect_eq(asked.status, 307);
    curl_easy_cleanup(curl);
}

Test(origin, says_what_fields_it_is_told_to) {
    struct origin *origin = origin_with((struct page){
        .path = "/a", .status = 429, .retry_after = "7", .etag = "\"x\"", .fields = "X-A: b\r\n"});
    const char *text = hear_answer_to(origin, "/a", "");
    expect_part(text, "HTTP/1.1 429 ");
    expect_part(text, "\r\nRetry-After: 7\r\n");
    expect_part(text, "\r\nETag: \"x\"\r\n");
    expect_part(text, "\r\nX-A: b\r\n");
    expect_part(text, "\r\nDate: ");
}

/* ---- Parts ---- */

static const struct {
    const char *range;
    int status;
    const char *said; /* in Content-Range */
    int64_t from, bytes;
} parts[] = {
    {"bytes=0-0", 206, "bytes 0-0/1000", 0, 1},
    {"bytes=100-", 206, "bytes 100-999/1000", 100, 900},
    {"bytes=100-199", 206, "bytes 100-199/1000", 100, 100},
    {"bytes=990-5000", 206, "bytes 990-999/1000", 990, 10},
    {"bytes=-10", 206, "bytes 990-999/1000", 990, 10},
    {"bytes=-5000", 206, "bytes 0-999/1000", 0, 1000},
    {"bytes=1000-", 416, "bytes */1000", 0, 0},
    {"bytes=-0", 416, "bytes */1000", 0, 0},
    {"bytes=5-4", 200, NULL, 0, 1000},
    {"bytes=0-1,5-6", 200, NULL, 0, 1000},
    {"bytes=-", 200, NULL, 0, 1000},
    {"bytes=", 200, NULL, 0, 1000},
    {"bytes=1", 200, NULL, 0, 1000},
    {"pages=1-2", 200, NULL, 0, 1000},
};

static void expect_answer_part(const char *text, int status, const char *said,
                               const struct page *page, int64_t from, int64_t bytes) {
    char line[64], field[96], right[1000];
    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    snprintf(field, sizeof field, "\r\nContent-Range: %s\r\n", said != NULL ? said : "");
    cr_expect_eq(strncmp(text, line, strlen(line)), 0, "%.20s", text);
    cr_expect_eq(strstr(text, "Content-Range") != NULL, said != NULL);
    if (said != NULL)
        expect_part(text, field);
    const char *body = strstr(text, "\r\n\r\n") + 4;
    fill_body(page, from, right, (size_t)bytes);
    cr_expect_eq(memcmp(body, right, (size_t)bytes), 0, "%s: other bytes", line);
    snprintf(field, sizeof field, "\r\nContent-Length: %lld\r\n", (long long)bytes);
    expect_part(text, field);
}

Test(origin, sends_the_part_that_is_asked_for) {
    const struct page page = {.path = "/a", .size_bytes = 1000};
    struct origin *origin = origin_with(page);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char field[64];
        snprintf(field, sizeof field, "Range: %s\r\n", parts[i].range);
        expect_answer_part(hear_answer_to(origin, "/a", field), parts[i].status, parts[i].said,
                           &page, parts[i].from, parts[i].bytes);
    }
}

#define SINCE "Sun, 06 Nov 1994 08:49:37 GMT"

Test(origin, sends_a_part_only_of_what_the_client_has_begun) {
    const struct page page = {
        .path = "/a", .size_bytes = 1000, .etag = "\"v2\"", .last_modified = SINCE};
    struct origin *origin = origin_with(page);
    serve_page(origin, (struct page){.path = "/weak", .size_bytes = 1000, .etag = "W/\"v2\""});
    static const struct {
        const char *path, *validator;
        bool holds;
    } cases[] = {{"/a", "\"v2\"", true},       {"/a", SINCE, true},
                 {"/a", "\"v1\"", false},      {"/a", "Sun, 06 Nov 1994 08:49:38 GMT", false},
                 {"/weak", "W/\"v2\"", false}, {"/weak", SINCE, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char fields[128];
        const bool holds = cases[i].holds;
        snprintf(fields, sizeof fields, "Range: bytes=300-\r\nIf-Range: %s\r\n",
                 cases[i].validator);
        expect_answer_part(hear_answer_to(origin, cases[i].path, fields), holds ? 206 : 200,
                           holds ? "bytes 300-999/1000" : NULL,
                           &(struct page){.path = cases[i].path}, holds ? 300 : 0,
                           holds ? 700 : 1000);
    }
}

Test(origin, ignores_or_mistakes_what_part_is_asked_for) {
    const struct page ignores = {.path = "/a", .size_bytes = 1000, .ranges = RANGES_IGNORED};
    const struct page shifts = {.path = "/b", .size_bytes = 1000, .ranges = RANGES_SHIFTED};
    struct origin *origin = origin_with(ignores);
    serve_page(origin, shifts);
    const char *text = hear_answer_to(origin, "/a", "Range: bytes=300-\r\n");
    expect_answer_part(text, 200, NULL, &ignores, 0, 1000);
    cr_expect_null(strstr(text, "Accept-Ranges"));
    expect_answer_part(hear_answer_to(origin, "/b", "Range: bytes=300-\r\n"), 206,
                       "bytes 301-999/1000", &shifts, 301, 699);
}

/* As a client does that goes on where it was cut off. */
Test(origin, goes_on_where_a_client_was_cut_off) {
    const struct page page = {.path = "/a", .size_bytes = 3000000, .etag = "\"e\""};
    struct page cut = page;
    cut.breaks = BREAKS_OFF;
    cut.breaks_at = 1234567;
    cut.times = 1;
    struct origin *origin = origin_with(cut);
    serve_page(origin, page);
    struct asked first = ask(origin, &page);
    cr_expect_eq(first.code, CURLE_PARTIAL_FILE);
    cr_expect_eq(first.bytes, 1234567);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)1234567);
    expect_right(ask_with(curl, origin_url(origin, 1, "/a"), &page, 1234567), 206,
                 3000000 - 1234567);
    curl_easy_cleanup(curl);
}

/* ---- Time ---- */

Test(origin, answers_no_sooner_than_it_is_told_to) {
    const struct page page = {.path = "/a", .size_bytes = 100000, .latency_ms = 150};
    struct asked asked = ask(origin_with(page), &page);
    expect_right(asked, 200, 100000);
    cr_expect_geq(asked.first_byte_ms, 150);
}

Test(origin, sends_no_faster_than_it_is_told_to) {
    const struct page page = {.path = "/a", .size_bytes = 100000, .bytes_per_second = 400000};
    struct asked asked = ask(origin_with(page), &page);
    expect_right(asked, 200, 100000);
    cr_expect_geq(asked.total_ms, 250);
    cr_expect_leq(asked.first_byte_ms, asked.total_ms);
}

/* Nobody waits for another: the slow one is still to come when 40 others have been answered. */
Test(origin, is_slow_to_each_by_itself) {
    struct origin *origin = origin_with((struct page){.path = "/slow", .latency_ms = 60 * 1000});
    const struct page page = {.path = "/a", .size_bytes = 1000, .latency_ms = 2};
    serve_page(origin, page);
    int fd = connect_to(origin);
    say_get(fd, "/slow", "");
    AWAIT(traffic_of(origin).in_flight == 1);
    for (size_t i = 0; i < 40; i++)
        expect_right(ask(origin, &page), 200, 1000);
    cr_expect_eq(request_seen(origin, 0).outcome, UNDER_WAY);
    cr_expect_eq(request_seen(origin, 0).status, 0);
    close(fd);
}

/* ---- Trouble ---- */

static struct asked ask_broken(enum breakage breaks, int64_t at, enum framing framing) {
    const struct page page = {
        .path = "/a", .size_bytes = 100000, .framing = framing, .breaks = breaks, .breaks_at = at};
    struct origin *origin = origin_with(page);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 1000L);
    if (breaks != BREAKS_INTO_SILENCE)
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ASK_LIMIT_MS);
    struct asked asked = ask_with(curl, origin_url(origin, 1, "/a"), &page, 0);
    curl_easy_cleanup(curl);
    AWAIT(traffic_of(origin).open == 0);
    const struct request seen = request_seen(origin, 0);
    cr_expect_eq(seen.outcome, breaks == BREAKS_INTO_SILENCE ? GIVEN_UP : BROKEN_OFF);
    cr_expect_eq(seen.status, at == BEFORE_HEAD ? 0 : 200);
    cr_expect_eq(seen.sent_bytes, at == BEFORE_HEAD ? 0 : at);
    cr_expect_eq(asked.bytes, seen.sent_bytes, "%lld bytes", (long long)asked.bytes);
    cr_expect_eq(asked.wrong, 0);
    return asked;
}

Test(origin, ends_a_body_too_early) {
    cr_expect_eq(ask_broken(BREAKS_OFF, 0, BY_LENGTH).code, CURLE_PARTIAL_FILE);
    cr_expect_eq(ask_broken(BREAKS_OFF, 99999, BY_LENGTH).code, CURLE_PARTIAL_FILE);
    cr_expect_eq(ask_broken(BREAKS_OFF, 20000, BY_CHUNKS).code, CURLE_PARTIAL_FILE);
    cr_expect_eq(ask_broken(BREAKS_OFF, 100000, BY_CHUNKS).code, CURLE_PARTIAL_FILE);
    cr_expect_eq(ask_broken(BREAKS_OFF, 5, BY_CLOSE).code, CURLE_OK, "nobody could tell");
    cr_expect_eq(ask_broken(BREAKS_OFF, BEFORE_HEAD, BY_LENGTH).code, CURLE_GOT_NOTHING);
}

Test(origin, resets_a_connection_once_its_bytes_are_there) {
    cr_expect_eq(ask_broken(BREAKS_WITH_RESET, 0, BY_LENGTH).code, CURLE_RECV_ERROR);
    cr_expect_eq(ask_broken(BREAKS_WITH_RESET, 99999, BY_LENGTH).code, CURLE_RECV_ERROR);
    cr_expect_eq(ask_broken(BREAKS_WITH_RESET, 20000, BY_CHUNKS).code, CURLE_RECV_ERROR);
    cr_expect_eq(ask_broken(BREAKS_WITH_RESET, 5, BY_CLOSE).code, CURLE_RECV_ERROR);
    cr_expect_eq(ask_broken(BREAKS_WITH_RESET, BEFORE_HEAD, BY_LENGTH).code, CURLE_RECV_ERROR);
}

/* More than the kernel holds for both: most of it is still here when the last byte is handed over. */
Test(origin, resets_no_sooner_than_a_slow_client_has_it_all) {
    const struct page page = {
        .path = "/a", .size_bytes = 20000000, .breaks = BREAKS_WITH_RESET, .breaks_at = 19999999};
    struct origin *origin = origin_with(page);
    int fd = connect_to(origin);
    say_get(fd, "/a", "");
    int64_t bytes = 0;
    ssize_t got;
    for (char data[4096]; (got = recv(fd, data, sizeof data, 0)) > 0;)
        bytes += got;
    cr_expect_eq(got, -1);
    cr_expect_eq(errno, ECONNRESET);
    cr_expect_gt(bytes, 19999999, "%lld bytes", (long long)bytes);
    close(fd);
}

Test(origin, falls_silent) {
    cr_expect_eq(ask_broken(BREAKS_INTO_SILENCE, BEFORE_HEAD, BY_LENGTH).code,
                 CURLE_OPERATION_TIMEDOUT);
    cr_expect_eq(ask_broken(BREAKS_INTO_SILENCE, 0, BY_LENGTH).code, CURLE_OPERATION_TIMEDOUT);
    cr_expect_eq(ask_broken(BREAKS_INTO_SILENCE, 50000, BY_CHUNKS).code, CURLE_OPERATION_TIMEDOUT);
}

/* A server may close a connection that it has promised to keep. */
Test(origin, ends_a_connection_without_a_word) {
    const struct page page = {
        .path = "/a", .size_bytes = 1000, .breaks = BREAKS_OFF, .breaks_at = 1000};
    struct origin *origin = origin_with(page);
    CURL *curl = curl_easy_init();
    for (int i = 0; i < 2; i++) {
        struct asked asked = ask_with(curl, origin_url(origin, 1, "/a"), &page, 0);
        expect_right(asked, 200, 1000);
        cr_expect_eq(asked.connects, 1);
    }
    int fd = connect_to(origin);
    say_get(fd, "/a", "");
    cr_expect_null(strstr(hear_all(fd), "close"));
    curl_easy_cleanup(curl);
}

/* What is left of a part may be shorter than where it breaks. */
Test(origin, does_not_break_behind_the_end) {
    const struct page page = {
        .path = "/a", .size_bytes = 1000, .breaks = BREAKS_OFF, .breaks_at = 600};
    struct origin *origin = origin_with(page);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_RANGE, "600-");
    expect_right(ask_with(curl, origin_url(origin, 1, "/a"), &page, 600), 206, 400);
    curl_easy_cleanup(curl);
    cr_expect_eq(request_seen(origin, 0).outcome, ANSWERED);
}

Test(origin, tells_a_length_that_is_not_the_truth) {
    struct origin *origin =
        origin_with((struct page){.path = "/less", .size_bytes = 1000, .claimed_bytes = 400});
    serve_page(origin, (struct page){.path = "/more", .size_bytes = 1000, .claimed_bytes = 1001});
    expect_right(ask(origin, &(struct page){.path = "/less"}), 200, 400);
    struct asked asked = ask(origin, &(struct page){.path = "/more"});
    cr_expect_eq(asked.code, CURLE_PARTIAL_FILE);
    cr_expect_eq(asked.bytes, 1000);
    int fd = connect_to(origin);
    say_get(fd, "/less", ""); /* what comes behind what was claimed */
    const char *text = hear_all(fd), *body = strstr(text, "\r\n\r\n") + 4;
    char right[1000];
    fill_body(&(struct page){.path = "/less"}, 0, right, sizeof right);
    expect_part(text, "Content-Length: 400\r\n");
    cr_expect_eq(memcmp(body, right, sizeof right), 0);
}
