/* Step reuse: what stays from one file to the next: connections, and the one thread. */
#include <signal.h>

#include "labs/04-downloads/tests/fetching.h"

TestSuite(reuse);

Test(reuse, connections_at_most_the_cap) {
    enum { FILES = 100, CAP = 8 };
    const int64_t cap = CAP;
    struct origin *origin = begin();
    serve_page(origin, whole("/many-*", 1000));
    const char *lines = origin_urls(origin, 1, "/many-", FILES);
    struct run *run = run_program(.arguments = WORDS(INTO_OUT, "-j", "8"), .input = lines,
                                  .input_bytes = strlen(lines), .traced = true,
                                  .awaits_others = true, .limit_ms = 10000);
    EXPECT_EXIT(run, 0);
    measure("connections_per_100", traffic_of(origin).connections, "connections");
    BUDGET_NUMBER_AT_MOST("connections that the server saw for 100 files", "connections",
                          traffic_of(origin).connections, cap,
                          "an answer that was taken whole leaves a connection to use again");
    BUDGET_AT_MOST(ledger_of(run), CONNECTS, anywhere(), cap + 4,
                   "a connection for each place; a few more for what libraries look up");
}

Test(reuse, one_connection) {
    enum { FILES = 200 };
    char lines[FILES * 48];
    size_t length = 0;
    struct origin *origin = begin();
    serve_page(origin, whole("/some-*", 1000));
    serve_page(origin, (struct page){.path = "/gone-*", .status = 404, .size_bytes = 5000});
    for (int i = 0; i < FILES; i++) {
        char path[32];
        snprintf(path, sizeof path, i % 10 == 5 ? "/gone-%d" : "/some-%d", i);
        length += (size_t)snprintf(lines + length, sizeof lines - length, "%s\n",
                                   origin_url(origin, 1, path));
    }
    struct run *run = fetch_lines(lines, "-j", "1");
    EXPECT_EXIT(run, 1);
    EXPECT_NUMBER("requests", FILES, traffic_of(origin).requests);
    EXPECT_NUMBER("connections", 1, traffic_of(origin).connections);
}

Test(reuse, hosts_come_and_go) {
    enum { FILES = 120, HOSTS = 40 };
    const int64_t cap = 4;
    struct origin *origin = begin();
    serve_page(origin, whole("/many-*", 1000));
    struct run *run = fetch_lines(origin_urls(origin, HOSTS, "/many-", FILES), "-j", "4");
    EXPECT_EXIT(run, 0);
    BUDGET_NUMBER_AT_MOST("connections open at once", "connections", traffic_of(origin).most_open,
                          cap, "one that nobody uses makes way for one that somebody needs");
}

Test(reuse, one_thread) {
    enum { CAP = 16 };
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/held-*", .size_bytes = 1000, .held = true});
    const char *lines = origin_urls(origin, 4, "/held-", 100);
    struct run *run = start_lines(lines, "-j", "16");
    await_in_flight(origin, run, CAP);
    const int64_t threads = threads_of(run);
    BUDGET_NUMBER_AT_MOST("threads with 16 transfers under way", "threads", threads, CAP + 1,
                          "one can wait for all of them; a thread for each place at most");
    release_all(origin);
    await_end(run);
    EXPECT_EXIT(run, 0);
}

/* What a program asks for while it can only wait: for seven answers, and for the time that a server
 * has named. libcurl's own clocks, which run for 200 ms after a connection, are over by then; looking
 * round once costs a program ten calls. It is then ended, for that time would be a minute. */
Test(reuse, nothing_while_waiting) {
    const int64_t most = 30;
    char lines[1024];
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/held-*", .size_bytes = 1000, .held = true});
    serve_page(origin, (struct page){.path = "/busy", .status = 503, .retry_after = "60"});
    snprintf(lines, sizeof lines, "%s\n%s", origin_url(origin, 1, "/busy"),
             origin_urls(origin, 1, "/held-", 7));
    struct run *run = start_client_with((struct program){.arguments = WORDS(INTO_OUT, "-j", "8"),
                                                         .input = lines,
                                                         .input_bytes = strlen(lines),
                                                         .traced = true,
                                                         .every_call = true});
    await_requests(origin, run, 8);
    await_in_flight(origin, run, 7);
    await_sleep(run);
    pause_ms(run, 300);
    step("leave it alone for a second");
    const int64_t from_ns = ledger_clock_ns();
    pause_ms(run, 1000);
    const int64_t to_ns = ledger_clock_ns();
    signal_server(run, SIGKILL);
    await_end(run);
    BUDGET_NUMBER_AT_MOST("calls in a second in which nothing comes", "calls and wake-ups",
                          ledger_calls_between(ledger_of(run), from_ns, to_ns), most,
                          "the kernel wakes who waits: to look round three times is enough");
}

Test(reuse, a_connection_gone_stale) {
    struct origin *origin = begin();
    serve_page(origin,
               (struct page){
                   .path = "/last", .size_bytes = 1000, .breaks = BREAKS_OFF, .breaks_at = 1000});
    serve_page(origin, whole("/next-*", 1000));
    char lines[512];
    snprintf(lines, sizeof lines, "%s\n%s", origin_url(origin, 1, "/last"),
             origin_urls(origin, 1, "/next-", 3));
    struct run *run = fetch_lines(lines, "-j", "1");
    EXPECT_EXIT(run, 0);
    expect_fetched("last", whole("/last", 1000));
    expect_fetched("next-2", whole("/next-2", 1000));
}
