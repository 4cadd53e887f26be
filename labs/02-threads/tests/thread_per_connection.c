/* Step thread_per_connection: nobody waits for anybody else, at the price of a thread each. */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "labs/02-threads/tests/requests.h"

TestSuite(thread_per_connection);

Test(thread_per_connection, a_burn_holds_nobody_up) {
    struct run *server = start_server(ANY_PORT);
    struct client *burns = connect_client(server), *other = connect_client(server);
    send_get(burns, "/burn?ms=300");
    pause_ms(server, 50); /* else the other may come first */
    say_hello(other);
    EXPECT(stays_silent(burns, 0), "the answer to /burn after the one to /hello",
           "/burn was answered first");
    EXPECT_NUMBER("status of the answer", 200, await_answer(burns)->status);
    stop_server(server);
}

/* A thread that lived for a request alone is gone in a moment. The server need not sleep for that: one
 * that looks around again and again is counted by budgets/idle. */
static int64_t threads_left(struct run *server, int64_t enough) {
    int64_t deadline = deadline_in_ms(2000), threads;
    while ((threads = threads_of(server)) > enough && milliseconds_left(deadline) > 0)
        pause_ms(server, 5);
    return threads;
}

Test(thread_per_connection, a_thread_each) {
    enum { connections = 50 };
    struct client *clients[connections];
    struct run *server = start_server(ANY_PORT);
    const int64_t before = threads_of(server);
    EXPECT(before <= 2, "no threads before there are connections", "%lld", (long long)before);
    connect_clients(server, clients, connections);
    for (size_t i = 0; i < connections; i++)
        say_hello(clients[i]);
    const int64_t threads = threads_left(server, connections + 2);
    EXPECT(threads > connections, "a thread for each of 50 connections, and the one that accepts",
           "%lld threads", (long long)threads);
    BUDGET_NUMBER_AT_MOST("threads with 50 connections open", "threads", threads, connections + 2,
                          "one for each connection, one that accepts, and one to spare");
    stop_server(server);
}

Test(thread_per_connection, no_thread_for_a_request) {
    enum { connections = 20, requests = 10 };
    struct client *clients[connections];
    struct run *server = start_server_traced(ANY_PORT);
    connect_clients(server, clients, connections);
    for (size_t i = 0; i < connections * requests; i++)
        say_hello(clients[i % connections]);
    for (size_t i = 0; i < connections; i++)
        hang_up(clients[i]);
    stop_server(server);
    const int64_t started = (int64_t)ledger_of(server)->threads - 1;
    BUDGET_NUMBER_AT_MOST("threads and processes started", "threads", started, connections + 1,
                          "one for each connection, however many requests it brings; one to spare");
}
