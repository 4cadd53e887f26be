/* Step timers: many deadlines, and one wait that ends at the nearest. */

#include "labs/02-threads/tests/requests.h"

TestSuite(timers);

enum { MANY = 1000 };

Test(timers, no_call_for_a_deadline) {
    enum { CONNECTIONS = 50 };
    const int64_t most = CONNECTIONS;
    struct client *clients[CONNECTIONS];
    struct run *server = start_server_traced(ANY_PORT, "--timeout", "20000");
    connect_clients(server, clients, CONNECTIONS);
    for (size_t i = 0; i < CONNECTIONS; i++)
        say_hello(clients[i]);
    pause_ms(server, 100);
    step("leave it alone for a second");
    const int64_t from_ns = ledger_clock_ns();
    pause_ms(server, 1000);
    const int64_t to_ns = ledger_clock_ns();
    stop_server(server);
    const int64_t calls = ledger_calls_between(ledger_of(server), from_ns, to_ns);
    BUDGET_NUMBER_AT_MOST("calls in a second in which 50 deadlines come nearer",
                          "calls and wake-ups", calls, most,
                          "a wait until the nearest, and no call for any other");
}

/* All of them are waiting before the first is answered: the waits go on side by side. The requests
 * are there before the server looks, so that only its own time passes. */
Test(timers, a_thousand_waits) {
    static struct client *clients[MANY];
    int count = (int)connections_for(MANY);
    struct run *server = start_server(ANY_PORT);
    struct client *looks = connect_client(server);
    looks->quiet = true;
    connect_clients(server, clients, (size_t)count);
    step("each asks for /wait?ms=3000");
    static const char text[] = "GET /wait?ms=3000 HTTP/1.1\r\nHost: test\r\n\r\n";
    hold(server);
    for (int i = 0; i < count; i++)
        send_data(clients[i], text, sizeof text - 1);
    release(server);
    while (requests_in(get(looks, "/stats", 200)) < count)
        pause_ms(server, 10);
    EXPECT(stays_silent(clients[0], 0), "all requests taken before the first is answered",
           "the first one was answered");
    pause_ms(server, 2500);
    for (int i = 0; i < count; i++)
        EXPECT_NUMBER("status of the answer", 200, await_answer(clients[i])->status);
    stop_server(server);
}

Test(timers, in_the_order_of_their_time) {
    static const char *const paths[] = {"/wait?ms=600", "/wait?ms=200", "/wait?ms=400"};
    static const size_t order[] = {1, 2, 0};
    struct client *clients[3];
    struct run *server = start_server(ANY_PORT);
    for (size_t i = 0; i < 3; i++) {
        clients[i] = connect_client(server);
        say_hello(clients[i]);
    }
    hold(server);
    for (size_t i = 0; i < 3; i++)
        send_get(clients[i], paths[i]);
    release(server);
    for (size_t i = 0; i < 3; i++) {
        await_answer(clients[order[i]]);
        for (size_t j = i + 1; j < 3; j++)
            EXPECT(stays_silent(clients[order[j]], 0), "the shorter wait answered first",
                   "the longer one was");
    }
    stop_server(server);
}

/* B asks in time, and the loop looks when that is over: the time was another's. And A has all of its
 * own behind its answer. */
Test(timers, asked_while_another_burned) {
    struct run *server = start_server(ANY_PORT, "--timeout", "500");
    struct client *burns = connect_client(server), *other = connect_client(server);
    say_hello(burns);
    say_hello(other);
    send_get(burns, "/burn?ms=650");
    pause_ms(server, 100);
    send_get(other, "/hello");
    EXPECT_NUMBER("status of the answer", 200, await_answer(burns)->status);
    expect_hello(other);
    pause_ms(server, 100);
    say_hello(burns);
    stop_server(server);
}

/* Whoever sleeps for less than is left, because he rounded down, asks again and again. */
Test(timers, one_wait_for_a_deadline) {
    const int64_t waits = 20, spare = 8;
    struct run *server = start_server_traced(ANY_PORT);
    struct client *client = connect_client(server);
    step("A: ask for /wait?ms=20, 20 times");
    client->quiet = true;
    for (int64_t i = 0; i < waits; i++)
        get(client, "/wait?ms=20", 200);
    hang_up(client);
    stop_server(server);
    BUDGET_AT_MOST(ledger_of(server), WAITS, anywhere(), 3 * waits + spare,
                   "one that ends with the request, and one that ends when it is due");
}
