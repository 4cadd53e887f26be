/* Step budgets: what the kernel is asked for a request, with 64 connections busy at once. */
#include <string.h>

#include "labs/02-threads/tests/requests.h"

TestSuite(budgets);

enum { CONNECTIONS = 64, ROUNDS = 10 };

/* All 64 ask, then all are answered, ten times. */
static struct run *busy_run(void) {
    static const char text[] = "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n";
    struct client *clients[CONNECTIONS];
    struct run *server = start_server_traced(ANY_PORT);
    connect_clients(server, clients, CONNECTIONS);
    step("ask for /hello on all at once, %d times", ROUNDS);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < CONNECTIONS; i++)
            send_data(clients[i], text, sizeof text - 1);
        for (size_t i = 0; i < CONNECTIONS; i++)
            expect_hello(clients[i]);
    }
    for (size_t i = 0; i < CONNECTIONS; i++)
        hang_up(clients[i]);
    stop_server(server);
    return server;
}

/* A read that is shorter than its buffer has taken all there is (epoll(7), questions and answers):
 * another one, to hear EAGAIN, is a call for nothing. */
Test(budgets, reads) {
    const int64_t connections = CONNECTIONS, requests = CONNECTIONS * ROUNDS;
    struct run *server = busy_run();
    BUDGET_AT_MOST(ledger_of(server), READS, from_clients(server), requests + 2 * connections,
                   "a short read says that all is taken; do not ask until EAGAIN says so too");
}

Test(budgets, a_write_a_request) {
    const int64_t requests = CONNECTIONS * ROUNDS;
    struct run *server = busy_run();
    BUDGET_AT_MOST(ledger_of(server), WRITES, to_clients(server), requests,
                   "head and body leave together");
    publish_ledger(server, "640 small requests on 64 connections");
}

Test(budgets, waits) {
    const int64_t connections = CONNECTIONS, requests = CONNECTIONS * ROUNDS;
    struct run *server = busy_run();
    measure("waits_per_640", ledger_tally(ledger_of(server), WAITS, NULL).calls, "wake-ups");
    BUDGET_AT_MOST(ledger_of(server), WAITS, anywhere(), requests + connections,
                   "one wake-up tells of all connections that have work");
}

Test(budgets, no_change_of_interest) {
    const int64_t connections = CONNECTIONS;
    struct run *server = busy_run();
    BUDGET_AT_MOST(ledger_of(server), INTEREST, anywhere(), 2 * connections + 8,
                   "interest is registered once and holds until the connection ends");
}

Test(budgets, pipelined) {
    const int64_t batches = 5;
    struct run *server = run_of_pipelined(batches);
    BUDGET_AT_MOST(ledger_of(server), WRITES, to_clients(server), batches,
                   "what arrived together is answered together");
}
