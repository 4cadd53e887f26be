/* Step ready: one thread, which never waits for one connection while another has work. */
#include <string.h>

#include "labs/02-threads/tests/requests.h"

TestSuite(ready);

Test(ready, one_thread) {
    enum { CONNECTIONS = 100 };
    const int64_t one = 1;
    struct client *clients[CONNECTIONS];
    struct run *server = start_server(ANY_PORT);
    connect_clients(server, clients, CONNECTIONS);
    for (size_t i = 0; i < CONNECTIONS; i++)
        say_hello(clients[i]);
    BUDGET_NUMBER_AT_MOST("threads with 100 connections open", "threads", threads_of(server), one,
                          "the loop waits for all of them at once");
    stop_server(server);
}

Test(ready, no_thread_ever) {
    const int64_t none = 0;
    struct client *clients[8];
    struct run *server = start_server_traced(ANY_PORT);
    connect_clients(server, clients, 8);
    for (size_t i = 0; i < 8; i++)
        send_get(clients[i], i % 2 == 0 ? "/wait?ms=100" : "/hello");
    for (size_t i = 0; i < 8; i++)
        EXPECT_NUMBER("status of the answer", 200, await_answer(clients[i])->status);
    for (size_t i = 0; i < 8; i++)
        hang_up(clients[i]);
    stop_server(server);
    const int64_t started = (int64_t)ledger_of(server)->threads - 1;
    BUDGET_NUMBER_AT_MOST("threads and processes started", "threads", started, none,
                          "a wait is a note of when to go on, not a thread that sleeps");
}

/* Whoever takes nothing must not be waited for, however much the server has for them. */
Test(ready, a_reader_that_stops) {
    struct run *server = start_server(ANY_PORT);
    struct client *stops = connect_client(server), *other = connect_client(server);
    send_get(stops, "/stream?bytes=1073741824");
    await_sleep(server);
    for (int i = 0; i < 10; i++)
        say_hello(other);
    hang_up(stops);
    stop_server(server);
}

/* One who takes all, as fast as it comes, must not have the loop for himself. */
Test(ready, a_greedy_reader) {
    static char piece[256 * 1024];
    struct run *server = start_server(ANY_PORT);
    struct client *greedy = connect_client(server), *other = connect_client(server);
    send_get(greedy, "/stream?bytes=4294967296&chunk=65536");
    EXPECT_NUMBER("status of the answer", 200, await_head(greedy, false)->status);
    send_get(other, "/hello");
    step("A: take 512 MiB");
    for (int64_t taken = 0; taken < INT64_C(512) << 20;)
        taken += (int64_t)read_body(greedy, piece, sizeof piece);
    EXPECT(!stays_silent(other, 0), "an answer for B while A takes 512 MiB", "none yet");
    expect_hello(other);
    hang_up(greedy);
    stop_server(server);
}
