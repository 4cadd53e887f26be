/* Step budgets: what the kernel is asked for a request, and while there is none. */
#include <stdio.h>
#include <string.h>

#include "labs/02-threads/tests/requests.h"

TestSuite(budgets);

enum { CONNECTIONS = 8, REQUESTS = 25 }; /* the latter for each of the former */

static void hang_up_all(struct client **clients, size_t count) {
    for (size_t i = 0; i < count; i++)
        hang_up(clients[i]);
}

/* One connection after another: a server that can't serve two at a time is counted as well. */
Test(budgets, a_read_and_a_write) {
    const int64_t connections = CONNECTIONS, requests = CONNECTIONS * REQUESTS;
    struct run *server = start_server_traced(ANY_PORT);
    step("ask for /hello %d times on each of %d connections", REQUESTS, CONNECTIONS);
    for (int i = 0; i < CONNECTIONS; i++) {
        struct client *client = connect_quiet_client(server);
        for (int j = 0; j < REQUESTS; j++)
            say_hello(client);
        hang_up(client);
    }
    stop_server(server);
    const struct ledger *ledger = ledger_of(server);
    BUDGET_AT_MOST(ledger, READS, from_clients(server), requests + connections,
                   "a request arrives in one piece; one more read finds the end of a connection");
    BUDGET_AT_MOST(ledger, WRITES, to_clients(server), requests, "head and body leave together");
    const int64_t reads = ledger_tally(ledger, READS, from_clients(server).name).calls;
    /* rounded: a program that SIGTERM ends at once may not have read the last end */
    measure("reads_per_100", (reads * 100 + requests / 2) / requests, "calls");
    publish_ledger(server, "200 small requests on 8 connections");
}

Test(budgets, a_body_comes_along) {
    const int64_t requests = REQUESTS;
    struct run *server = start_server_traced(ANY_PORT);
    struct client *client = connect_client(server);
    client->quiet = true;
    step("A: send %d requests with bodies, each at once", REQUESTS);
    for (int i = 0; i < REQUESTS; i++) {
        send_text(client, "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 26\r\n\r\n"
                          "abcdefghijklmnopqrstuvwxyz");
        EXPECT_NUMBER("bytes of the body", 26, (int64_t)await_answer(client)->body_bytes);
    }
    hang_up(client);
    stop_server(server);
    BUDGET_AT_MOST(ledger_of(server), READS, from_clients(server), requests + 1,
                   "head and body arrive together");
    BUDGET_AT_MOST(ledger_of(server), WRITES, to_clients(server), requests,
                   "head and body leave together");
}

Test(budgets, pipelined_requests_cost_one_read) {
    static const char text[] = "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n";
    enum { AT_ONCE = 10 };
    const int64_t batches = 5;
    char batch[AT_ONCE * (sizeof text - 1)];
    struct run *server = start_server_traced(ANY_PORT);
    struct client *client = connect_client(server);
    client->quiet = true;
    for (size_t i = 0; i < AT_ONCE; i++)
        memcpy(batch + i * (sizeof text - 1), text, sizeof text - 1);
    step("A: send 10 requests at once, 5 times");
    for (int i = 0; i < batches; i++) {
        send_data(client, batch, sizeof batch);
        for (int j = 0; j < AT_ONCE; j++)
            expect_hello(client);
    }
    hang_up(client);
    stop_server(server);
    BUDGET_AT_MOST(ledger_of(server), READS, from_clients(server), batches + 1,
                   "what has arrived is taken whole, and looked at before more is asked for");
}

Test(budgets, idle) {
    const int64_t none = 0;
    struct client *clients[CONNECTIONS];
    struct run *server =
        serve((struct program){.arguments = WORDS(ANY_PORT), .traced = true, .every_call = true});
    connect_clients(server, clients, CONNECTIONS);
    for (size_t i = 0; i < CONNECTIONS; i++)
        say_hello(clients[i]);
    pause_ms(server, 200);
    step("leave it alone for a second");
    const int64_t from_ns = ledger_clock_ns(), before_ns = cpu_ns_of(server);
    pause_ms(server, 1000);
    const int64_t used_ms = (cpu_ns_of(server) - before_ns) / 1000000;
    const int64_t to_ns = ledger_clock_ns();
    hang_up_all(clients, CONNECTIONS);
    stop_server(server);
    const int64_t calls = ledger_calls_between(ledger_of(server), from_ns, to_ns);
    BUDGET_NUMBER_AT_MOST("calls in a second with 8 idle connections", "calls", calls, none,
                          "the kernel wakes a thread that waits; it need not ask");
    BUDGET_NUMBER_AT_MOST("processor time in that second", "ms", used_ms, none + 10,
                          "who waits in the kernel runs no instruction");
}

/* Reported, not judged: how often the processor was handed over for one request. */
Test(budgets, context_switches) {
    enum { ROUNDS = 100 };
    struct client *clients[CONNECTIONS];
    struct run *server = start_server(ANY_PORT);
    connect_clients(server, clients, CONNECTIONS);
    for (size_t i = 0; i < CONNECTIONS; i++)
        say_hello(clients[i]);
    const int64_t before = context_switches_of(server);
    for (int i = 0; i < ROUNDS; i++)
        for (size_t j = 0; j < CONNECTIONS; j++)
            say_hello(clients[j]);
    const int64_t switches = context_switches_of(server) - before;
    measure("switches_per_100", switches * 100 / (ROUNDS * CONNECTIONS), "context switches");
    stop_server(server);
}
