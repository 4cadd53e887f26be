/* Step cap: as many at a time as were asked for, no more, and no fewer while there is work. */
#include "labs/04-downloads/tests/fetching.h"

TestSuite(cap);

enum { QUIET_MS = 200 };

/* Holds all answers of `urls` until exactly `cap` requests are there, and waits for one more. */
static struct run *fill_up(struct origin *origin, int hosts, int urls, const char *cap,
                           int64_t count) {
    serve_page(origin, (struct page){.path = "/held-*", .size_bytes = 1000, .held = true});
    const char *lines = origin_urls(origin, hosts, "/held-", urls);
    struct run *run = start_client(INTO_OUT, "-j", cap);
    feed(run, lines, strlen(lines));
    close_input(run);
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
    struct run *run = start_client(INTO_OUT, "-j", "8");
    feed(run, lines, strlen(lines));
    close_input(run);
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
    struct run *run = start_client(INTO_OUT, "-j", "16", "--per-host", "2");
    feed(run, lines, strlen(lines));
    close_input(run);
    await_in_flight(origin, run, 2 * HOSTS);
    stays_in_flight(origin, run, 2 * HOSTS, QUIET_MS);
    release_all(origin);
    await_end(run);
    EXPECT_EXIT(run, 0);
    for (int host = 1; host <= HOSTS; host++)
        EXPECT_NUMBER("most requests in flight at one host", 2,
                      traffic_at(origin, host).most_in_flight);
}

Test(cap, a_busy_host_holds_nobody_up) {
    char lines[4096];
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/held-*", .size_bytes = 1000, .held = true});
    serve_page(origin, whole("/free", 1000));
    snprintf(lines, sizeof lines, "%s%s\n", origin_urls(origin, 1, "/held-", 20),
             origin_url(origin, 2, "/free"));
    struct run *run = start_client(INTO_OUT, "-j", "8", "--per-host", "2");
    feed(run, lines, strlen(lines));
    close_input(run);
    await_requests(origin, run, 3);
    EXPECT_NUMBER("requests at the second host", 1, traffic_at(origin, 2).requests);
    release_all(origin);
    await_end(run);
    EXPECT_EXIT(run, 0);
    expect_fetched("free", whole("/free", 1000));
}

/* A list that somebody types, or another program makes, line by line. */
Test(cap, a_slow_list) {
    char line[128];
    struct origin *origin = begin();
    serve_page(origin, whole("/*", 1000));
    struct run *run = start_client(INTO_OUT, "-j", "2");
    for (int i = 1; i <= 3; i++) {
        char path[16];
        snprintf(path, sizeof path, "/typed-%d", i);
        snprintf(line, sizeof line, "%s\n", origin_url(origin, 1, path));
        feed(run, line, strlen(line));
        await_requests(origin, run, i);
    }
    close_input(run);
    await_end(run);
    EXPECT_EXIT(run, 0);
    expect_fetched("typed-3", whole("/typed-3", 1000));
}
