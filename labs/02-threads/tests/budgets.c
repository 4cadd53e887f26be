/* Step budgets: what the kernel is asked for a request. */

#include "labs/02-threads/tests/requests.h"

TestSuite(budgets);

enum { CONNECTIONS = 8, REQUESTS = 25 }; /* the latter for each of the former */

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
    const int64_t batches = 5;
    struct run *server = run_of_pipelined(batches);
    BUDGET_AT_MOST(ledger_of(server), READS, from_clients(server), batches + 1,
                   "what has arrived is taken whole, and looked at before more is asked for");
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
