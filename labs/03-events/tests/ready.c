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

/* Whoever asks all of them, again and again, never sleeps. */
Test(ready, nobody_asks_and_it_sleeps) {
    struct client *clients[3];
    struct run *server = start_server(ANY_PORT);
    connect_clients(server, clients, 3);
    await_sleep(server);
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
    step("A: take 128 MiB");
    for (int64_t taken = 0; taken < INT64_C(128) << 20;)
        taken += (int64_t)read_body(greedy, piece, sizeof piece);
    EXPECT(!stays_silent(other, 0), "an answer for B while A takes 128 MiB", "none yet");
    expect_hello(other);
    hang_up(greedy);
    stop_server(server);
}

/* The kernel copies a file by itself, and in larger pieces: it can wait inside that call as well. */
Test(ready, a_file_reader_that_stops) {
    make_directory("files");
    make_sparse("files/large", 64 << 20);
    struct run *server = start_server(ANY_PORT, "--root", "files", "--timeout", "60000");
    struct client *stops = connect_client(server), *other = connect_client(server);
    say_hello(other);
    send_get(stops, "/files/large");
    await_sleep(server);
    for (int i = 0; i < 10; i++)
        say_hello(other);
    hang_up(stops);
    stop_server(server);
}

/* All of its requests lie in the kernel, and so does the one of B behind them. They are more than a
 * buffer holds, and their answers less than the kernel takes, so nothing but the server ends A's
 * turn. */
Test(ready, a_greedy_client) {
    static const char hello[] = "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n";
    enum { REQUESTS = 1200, SIZE = sizeof hello - 1 };
    static char all[REQUESTS * SIZE];
    struct run *server = start_server(ANY_PORT);
    struct client *greedy = connect_client(server), *other = connect_client(server);
    say_hello(greedy);
    say_hello(other);
    greedy->quiet = true;
    for (size_t i = 0; i < REQUESTS; i++)
        memcpy(all + i * SIZE, hello, SIZE);
    step("A: send %d requests at once, then B: one", REQUESTS);
    hold(server);
    ssize_t sent = try_to_send(greedy, all, sizeof all);
    send_get(other, "/stats");
    release(server);
    send_data(greedy, all + sent, sizeof all - (size_t)sent);
    int64_t before_other = requests_in(await_answer(other));
    EXPECT(before_other < REQUESTS, "B answered before the last of A's 1,200 requests",
           "%lld requests answered before it", (long long)before_other);
    for (size_t i = 0; i < REQUESTS; i++)
        expect_hello(greedy);
    stop_server(server);
}

/* A's time is over and A has left, B has come: all of it in one batch, while C burns. The
 * descriptor of A is the next one that is given out. */
Test(ready, a_descriptor_changes_hands) {
    struct run *server = start_server(ANY_PORT, "--timeout", "500");
    struct client *leaves = connect_client(server), *burns = connect_client(server);
    say_hello(leaves);
    send_get(burns, "/burn?ms=650");
    pause_ms(server, 100);
    struct client *comes = connect_client(server);
    reset_connection(leaves);
    EXPECT_NUMBER("status of the answer", 200, await_answer(burns)->status);
    say_hello(comes);
    stop_server(server);
}
