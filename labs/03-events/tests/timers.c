/* Step timers: many deadlines, and one wait that ends at the nearest. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

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
    BUDGET_NUMBER_AT_MOST("calls in a second in which 50 deadlines come nearer", "calls", calls,
                          most, "a wait until the nearest, and no call for any other");
}

static int64_t requests_served(struct client *client) {
    static const char key[] = "\"requests\": ";
    const char *found = strstr(get(client, "/stats", 200)->body, key);
    if (found == NULL)
        fail_test("a count of requests in /stats", "none");
    return strtoll(found + strlen(key), NULL, 10);
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
    kill(server->pid, SIGSTOP);
    for (int i = 0; i < count; i++)
        send_data(clients[i], text, sizeof text - 1);
    kill(server->pid, SIGCONT);
    while (requests_served(looks) < count)
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
    kill(server->pid, SIGSTOP);
    for (size_t i = 0; i < 3; i++)
        send_get(clients[i], paths[i]);
    kill(server->pid, SIGCONT);
    for (size_t i = 0; i < 3; i++) {
        await_answer(clients[order[i]]);
        for (size_t j = i + 1; j < 3; j++)
            EXPECT(stays_silent(clients[order[j]], 0), "the shorter wait answered first",
                   "the longer one was");
    }
    stop_server(server);
}
