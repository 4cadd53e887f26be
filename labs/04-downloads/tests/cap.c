/* Step cap: as many at a time as were asked for, no more, and no fewer while there is work. */
#include "labs/04-downloads/tests/fetching.h"

TestSuite(cap);

enum { QUIET_MS = 200 };

/* Holds all answers of `urls` until exactly `cap` requests are there, and waits for one more. */
static struct run *fill_up(struct origin *origin, int hosts, int urls, const char *cap,
                           int64_t count) {
    serve_page(origin, (struct page){.path = "/held-*", .size_bytes = 1000, .held = true});
    const char *lines = origin_urls(origin, hosts, "/held-", urls);
    struct run *run = start_lines(lines, "-j", cap);
    await_in_flight(origin, run, count);
    stays_in_flight(origin, run, count, QUIET_MS);
    return run;
}

/* Lets them go one by one: for each, exactly one comes, while there are any left. */
static void one_by_one(struct origin *origin, struct run *run, int urls, int64_t count) {
    for (int released = 1; released <= urls; released++) {
        release_one(origin, NULL);
        int64_t left = urls - released;
        await_in_flight(origin, run, left < count ? left : count);
    }
    await_end(run);
    EXPECT_EXIT(run, 0);
    EXPECT_NUMBER("requests", urls, traffic_of(origin).requests);
    EXPECT_NUMBER("most requests in flight at once", count, traffic_of(origin).most_in_flight);
}

Test(cap, exactly_the_cap) {
    struct origin *origin = begin();
    struct run *run = fill_up(origin, 1, 24, "8", 8);
    one_by_one(origin, run, 24, 8);
}

Test(cap, one_at_a_time) {
    struct origin *origin = begin();
    struct run *run = fill_up(origin, 1, 5, "1", 1);
    one_by_one(origin, run, 5, 1);
}

Test(cap, sixty_four) {
    struct origin *origin = begin();
    struct run *run = fill_up(origin, 1, 150, "64", 64);
    one_by_one(origin, run, 150, 64);
}

/* One of eight is held all the while; the others must not wait for it. */
Test(cap, the_next_at_once) {
    enum { OTHERS = 100 };
    char lines[OTHERS * 64 + 64];
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/slow", .size_bytes = 1000, .held = true});
    serve_page(origin, (struct page){.path = "/held-*", .size_bytes = 1000, .held = true});
    snprintf(lines, sizeof lines, "%s\n%s", origin_url(origin, 1, "/slow"),
             origin_urls(origin, 1, "/held-", OTHERS));
    struct run *run = start_lines(lines, "-j", "8");
    await_in_flight(origin, run, 8);
    for (int i = 0; i < OTHERS; i++) {
        char path[32];
        snprintf(path, sizeof path, "/held-%d", i);
        release_one(origin, path);
        int64_t left = OTHERS - 1 - i + 1;
        await_in_flight(origin, run, left < 8 ? left : 8);
    }
    release_one(origin, "/slow");
    await_end(run);
    EXPECT_EXIT(run, 0);
}

Test(cap, per_host) {
    enum { HOSTS = 4, URLS = 40 };
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/held-*", .size_bytes = 1000, .held = true});
    const char *lines = origin_urls(origin, HOSTS, "/held-", URLS);
    struct run *run = start_lines(lines, "-j", "16", "--per-host", "2");
    await_in_flight(origin, run, 2 * HOSTS);
    stays_in_flight(origin, run, 2 * HOSTS, QUIET_MS);
    release_all(origin);
    await_end(run);
    EXPECT_EXIT(run, 0);
    for (int host = 1; host <= HOSTS; host++)
        EXPECT_NUMBER("most requests in flight at one host", 2,
                      traffic_at(origin, host).most_in_flight);
}

/* A place at a host is free again when what had it has failed. */
Test(cap, per_host_after_failures) {
    char lines[512];
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/again", .times = 1, .status = 503});
    serve_page(origin, whole("/again", 1000));
    serve_page(origin, whole("/last", 1000));
    snprintf(lines, sizeof lines, "%s\n%s\n%s\n", origin_url(origin, 1, "/no"),
             origin_url(origin, 1, "/again"), origin_url(origin, 1, "/last"));
    struct run *run = fetch_lines(lines, "-j", "8", "--per-host", "1");
    EXPECT_EXIT(run, 1);
    expect_fetched("again", whole("/again", 1000));
    expect_fetched("last", whole("/last", 1000));
    EXPECT_NUMBER("most requests in flight at once", 1, traffic_of(origin).most_in_flight);
}

/* A transfer has its place until the last byte, not until the first. */
Test(cap, bodies_count) {
    struct origin *origin = begin();
    serve_page(origin,
               (struct page){.path = "/long-*", .size_bytes = 10000, .bytes_per_second = 50000});
    struct run *run = fetch_lines(origin_urls(origin, 1, "/long-", 6), "-j", "2");
    EXPECT_EXIT(run, 0);
    EXPECT_NUMBER("most requests in flight at once", 2, traffic_of(origin).most_in_flight);
}

Test(cap, a_busy_host_holds_nobody_up) {
    char lines[4096];
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/held-*", .size_bytes = 1000, .held = true});
    serve_page(origin, whole("/free", 1000));
    snprintf(lines, sizeof lines, "%s%s\n", origin_urls(origin, 1, "/held-", 20),
             origin_url(origin, 2, "/free"));
    struct run *run = start_lines(lines, "-j", "8", "--per-host", "2");
    await_requests(origin, run, 3);
    EXPECT_NUMBER("requests at the second host", 1, traffic_at(origin, 2).requests);
    release_all(origin);
    await_end(run);
    EXPECT_EXIT(run, 0);
    expect_fetched("free", whole("/free", 1000));
}

/* Without waiting for it to be read: a program that does not read now is what the test is about. */
static void type_url(struct origin *origin, struct run *run, const char *path) {
    char line[128];
    snprintf(line, sizeof line, "%s\n", origin_url(origin, 1, path));
    step("type a line with `%s`", path);
    process_feed(&run->process, line, strlen(line));
}

/* A list that somebody types, or another program makes, line by line: what stands there is fetched
 * while the next line is waited for, and that is taken up while others are on their way. */
Test(cap, a_slow_list) {
    static const char *const typed[] = {"/typed-1", "/typed-2", "/typed-3"};
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/held", .size_bytes = 1000, .held = true});
    serve_page(origin, whole("/typed-*", 1000));
    struct run *run = start_client(INTO_OUT, "-j", "2");
    type_url(origin, run, "/held");
    await_requests(origin, run, 1);
    for (int i = 0; i < 3; i++) {
        type_url(origin, run, typed[i]);
        await_requests(origin, run, i + 2);
        await_in_flight(origin, run, 1);
    }
    release_all(origin);
    await_in_flight(origin, run, 0);
    await_sleep(run);
    expect_fetched("held", whole("/held", 1000));
    close_input(run);
    await_end(run);
    EXPECT_EXIT(run, 0);
    expect_fetched("typed-3", whole("/typed-3", 1000));
}

/* Lets held requests be answered as a server would that works on so many at a time. Returns how many
 * answers there were in a second. */
static int64_t work(struct origin *origin, struct run *run, int urls, int64_t workers) {
    for (int64_t taken = 0; taken < urls;) {
        const struct traffic now = traffic_of(origin);
        const int64_t answered = now.requests - now.in_flight;
        if (now.requests > taken && taken - answered < workers) {
            release_one(origin, NULL);
            taken++;
        } else {
            pause_ms(run, 1);
        }
    }
    await_in_flight(origin, run, 0);
    int64_t first_ns = request_seen(origin, 0).began_ns, last_ns = 0;
    for (int64_t i = 0; i < urls; i++) {
        int64_t ended_ns = request_seen(origin, i).ended_ns;
        last_ns = ended_ns > last_ns ? ended_ns : last_ns;
    }
    return (int64_t)((double)urls * 1e9 / (double)(last_ns - first_ns) + 0.5);
}

/* How fast that goes is the server's doing: it is shown, and no part of the verdict. */
Test(cap, more_than_the_server_takes) {
    enum { URLS = 64, CAP = 16, WORKERS = 4, WORK_MS = 50 };
    struct origin *origin = begin();
    serve_page(
        origin,
        (struct page){.path = "/work-*", .size_bytes = 1000, .held = true, .latency_ms = WORK_MS});
    struct run *run = start_lines(origin_urls(origin, 1, "/work-", URLS), "-j", "16");
    await_in_flight(origin, run, CAP);
    measure("answers_at_16", work(origin, run, URLS, WORKERS), "answers a second");
    await_end(run);
    EXPECT_EXIT(run, 0);
    EXPECT_NUMBER("requests", URLS, traffic_of(origin).requests);
    EXPECT_NUMBER("most requests in flight at once", CAP, traffic_of(origin).most_in_flight);
    expect_fetched("work-63", whole("/work-63", 1000));
}
