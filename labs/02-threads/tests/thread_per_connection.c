/* Step thread_per_connection: nobody waits for anybody else, at the price of a thread each. */
#include <stdio.h>
#include <string.h>

#include "labs/02-threads/tests/requests.h"

TestSuite(thread_per_connection);

/* The kernel completes connections by itself and queues them: that all three are connected says
 * nothing, that the last one is answered first does. */
Test(thread_per_connection, the_last_first) {
    struct run *server = SERVER();
    struct client *clients[] = {connect_client(server), connect_client(server),
                                connect_client(server)};
    for (size_t i = 3; i-- > 0;)
        say_hello(clients[i]);
    stop_server(server);
}

Test(thread_per_connection, half_a_request) {
    struct run *server = SERVER();
    struct client *slow = connect_client(server), *other = connect_client(server);
    send_text(slow, "GET /hello HTTP/1.1\r\nHo");
    say_hello(other);
    send_text(slow, "st: test\r\n\r\n");
    expect_hello(slow);
    stop_server(server);
}

Test(thread_per_connection, a_wait_holds_nobody_up) {
    struct run *server = SERVER();
    struct client *waits = connect_client(server), *other = connect_client(server);
    send_get(waits, "/wait?ms=700");
    say_hello(other);
    EXPECT(stays_silent(waits, 0), "the answer to /wait after the one to /hello",
           "/wait was answered first");
    EXPECT_NUMBER("status of the answer", 200, await_answer(waits)->status);
    stop_server(server);
}

Test(thread_per_connection, a_burn_holds_nobody_up) {
    struct run *server = SERVER();
    struct client *burns = connect_client(server), *other = connect_client(server);
    send_get(burns, "/burn?ms=700");
    say_hello(other);
    EXPECT(stays_silent(burns, 0), "the answer to /burn after the one to /hello",
           "/burn was answered first");
    EXPECT_NUMBER("status of the answer", 200, await_answer(burns)->status);
    stop_server(server);
}

Test(thread_per_connection, a_thread_each) {
    enum { connections = 50 };
    struct client *clients[connections];
    struct run *server = SERVER();
    connect_clients(server, clients, connections);
    for (size_t i = 0; i < connections; i++)
        say_hello(clients[i]);
    const int64_t threads = threads_of(server);
    EXPECT(threads > connections, "a thread for each of 50 connections, and the one that accepts",
           "%lld threads", (long long)threads);
    BUDGET_NUMBER_AT_MOST("threads with 50 connections open", "threads", threads, connections + 2,
                          "one for each connection, one that accepts, and one to spare");
    stop_server(server);
}

Test(thread_per_connection, no_thread_for_a_request) {
    enum { connections = 20, requests = 10 };
    struct client *clients[connections];
    struct run *server = SERVER_TRACED();
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

/* Connections that end in every way: after a request, after none, after half of one, by a reset. */
static void come_and_go(struct run *server, int times) {
    for (int i = 0; i < times; i++) {
        struct client *client;
        connect_clients(server, &client, 1);
        if (i % 4 == 0)
            say_hello(client);
        else if (i % 4 == 1)
            send_data(client, "GET /he", 7);
        if (i % 4 == 2)
            reset_connection(client);
        else
            hang_up(client);
    }
}

Test(thread_per_connection, everything_released) {
    const int64_t most_growth_kib = 1024;
    struct run *server = SERVER();
    const int64_t descriptors = descriptors_of(server), threads = threads_of(server);
    come_and_go(server, 200);
    await_threads(server, threads);
    const int64_t before_kib = status_of(server).vm_rss_kib;
    come_and_go(server, 1800);
    await_threads(server, threads);
    await_descriptors(server, descriptors);
    const int64_t growth_kib = status_of(server).vm_rss_kib - before_kib;
    BUDGET_NUMBER_AT_MOST("growth of resident memory over 1,800 connections", "KiB", growth_kib,
                          most_growth_kib,
                          "nothing of a connection stays when it ends: 600 bytes each would show");
    stop_server(server);
}
