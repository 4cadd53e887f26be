/* Step budgets: what the kernel is asked for a request, with 64 connections busy at once. */
#include <string.h>

#include "labs/02-threads/tests/requests.h"

TestSuite(budgets);

enum { CONNECTIONS = 64, ROUNDS = 10, IDLE = 8 };

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
    BUDGET_AT_MOST(ledger_of(server), WRITES, to_clients(server), batches,
                   "what arrived together is answered together");
}

Test(budgets, idle) {
    const int64_t none = 0, most_ms = 10;
    struct client *clients[IDLE];
    struct run *server =
        serve((struct program){.arguments = WORDS(ANY_PORT), .traced = true, .every_call = true});
    connect_clients(server, clients, IDLE);
    for (size_t i = 0; i < IDLE; i++)
        say_hello(clients[i]);
    pause_ms(server, 200);
    step("leave it alone for a second");
    const int64_t from_ns = ledger_clock_ns(), before_ns = cpu_ns_of(server);
    pause_ms(server, 1000);
    const int64_t used_ms = (cpu_ns_of(server) - before_ns) / 1000000;
    const int64_t to_ns = ledger_clock_ns();
    stop_server(server);
    const int64_t calls = ledger_calls_between(ledger_of(server), from_ns, to_ns);
    BUDGET_NUMBER_AT_MOST("calls in a second with 8 idle connections", "calls", calls, none,
                          "the kernel wakes who waits; it need not be asked");
    BUDGET_NUMBER_AT_MOST("processor time in that second", "ms", used_ms, most_ms,
                          "who waits in the kernel runs no instruction");
}
