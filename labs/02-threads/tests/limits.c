/* Step limits: what the server has little of, and clients that would take all of it. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "labs/02-threads/tests/requests.h"

TestSuite(limits);

/* At the cap nobody is refused: who comes later waits in the kernel's queue. */
Test(limits, the_next_ones_wait) {
    enum { cap = 4, all = 7 };
    struct client *clients[all];
    struct run *server = start_server(ANY_PORT, "--max-connections", "4");
    const int64_t descriptors = descriptors_of(server);
    for (size_t i = 0; i < cap; i++) {
        clients[i] = connect_client(server);
        say_hello(clients[i]);
    }
    for (size_t i = cap; i < all; i++) {
        clients[i] = connect_client(server);
        send_get(clients[i], "/hello");
    }
    EXPECT(stays_silent(clients[cap], 200), "no answer to the fifth connection of four",
           "something came");
    EXPECT_NUMBER("connections accepted", cap, descriptors_of(server) - descriptors);
    for (size_t i = 0; i < all - cap; i++) {
        hang_up(clients[i]);
        expect_hello(clients[cap + i]);
    }
    say_hello(clients[cap - 1]);
    stop_server(server);
}

/* accept(2) fails with EMFILE for as long as the next connection waits: asking again at once makes a
 * loop that eats a processor. */
Test(limits, out_of_descriptors) {
    enum { all = 8 };
    const int64_t most_calls = 200;
    struct client *clients[all];
    struct run *server = start_server_traced(ANY_PORT);
    say_hello(connect_client(server));
    limit_descriptors(server, descriptors_of(server) + 2);
    for (size_t i = 0; i < all; i++) {
        clients[i] = connect_client(server);
        send_get(clients[i], "/hello");
    }
    expect_hello(clients[0]);
    expect_hello(clients[1]);
    const int64_t from_ns = ledger_clock_ns();
    pause_ms(server, 500);
    const int64_t to_ns = ledger_clock_ns();
    for (size_t i = 2; i < all; i++) {
        hang_up(clients[i - 2]);
        expect_hello(clients[i]);
    }
    stop_server(server);
    const int64_t calls = ledger_calls_between(ledger_of(server), from_ns, to_ns);
    BUDGET_NUMBER_AT_MOST("calls in half a second without descriptors", "calls and wake-ups", calls,
                          most_calls,
                          "wait for a connection to end, or for 100 ms, before you ask again");
}

Test(limits, silent_clients) {
    struct run *server = start_server(ANY_PORT, "--timeout", "400");
    const int64_t threads = threads_of(server), descriptors = descriptors_of(server);
    struct client *silent = connect_client(server), *served = connect_client(server);
    say_hello(served);
    expect_closed(silent);
    expect_closed(served);
    await_descriptors(server, descriptors);
    await_threads(server, threads);
    stop_server(server);
}

/* Sends bytes one by one, far more slowly than the timeout allows for the whole. */
static void trickle(struct run *server, const char *opening, char filler) {
    enum { TIMEOUT_MS = 600, PAUSE_MS = 100, MOST = 60 };
    struct client *client = connect_client(server);
    send_text(client, "%s", opening);
    step("%s: go on with one byte every %d ms", client->name, PAUSE_MS);
    int64_t started_ns = monotonic_ns();
    int sent = 0;
    for (; sent < MOST && stays_silent(client, PAUSE_MS); sent++)
        if (try_to_send(client, &filler, 1) < 0)
            break;
    const int64_t took_ms = (monotonic_ns() - started_ns) / 1000000;
    EXPECT(sent < MOST, "an end of the connection after 600 ms", "it was still open after %lld ms",
           (long long)took_ms);
    EXPECT(took_ms >= TIMEOUT_MS / 2, "600 ms for a request", "%lld ms", (long long)took_ms);
    await_closed(client);
}

Test(limits, a_byte_of_head_at_a_time) {
    struct run *server = start_server(ANY_PORT, "--timeout", "600");
    trickle(server, "GET /hello HTTP/1.1\r\nHost: test\r\nX: ", 'x');
    say_hello(connect_client(server));
    stop_server(server);
}

Test(limits, a_byte_of_body_at_a_time) {
    struct run *server = start_server(ANY_PORT, "--timeout", "600");
    trickle(server, "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n", 'x');
    say_hello(connect_client(server));
    stop_server(server);
}

/* One byte each 50 ms is taken: the kernel's window hardly moves, and no send gets on. */
Test(limits, a_reader_too_slow) {
    struct run *server = start_server(ANY_PORT, "--timeout", "500");
    const int64_t threads = threads_of(server), descriptors = descriptors_of(server);
    struct client *client = connect_client(server);
    char byte;
    send_get(client, "/stream?bytes=1073741824&chunk=16384");
    await_head(client,
               false); /* else it may not be accepted yet, and the loop sees no connection */
    step("A: take one byte every 50 ms");
    int64_t deadline = deadline_in_ms(5000);
    while (descriptors_of(server) > descriptors) {
        EXPECT(milliseconds_left(deadline) > 0, "an end of the connection after 500 ms",
               "it is still open after 5 s");
        pause_ms(server, 50);
        if (recv(client->fd, &byte, 1, MSG_DONTWAIT) == 0)
            break;
    }
    await_descriptors(server, descriptors);
    await_threads(server, threads);
    say_hello(connect_client(server));
    stop_server(server);
}

/* A limit that hits those who are merely slow is none. */
Test(limits, slow_but_in_time) {
    struct run *server = start_server(ANY_PORT, "--timeout", "1500");
    struct client *client = connect_client(server);
    pause_ms(server, 200);
    for (int i = 0; i < 9; i++) {
        send_text(client, "GET /hello HTTP/1.1\r\nHo");
        pause_ms(server, 200);
        send_text(client, "st: test\r\n\r\n");
        expect_hello(client);
    }
    stop_server(server);
}

Test(limits, impossible_options) {
    static const char *const bad[][2] = {{"--max-connections", "0"}, {"--max-connections", "many"},
                                         {"--stack", "1"},           {"--timeout", "-5"},
                                         {"--port", "65536"},        {"--port", "12x"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct run *run = run_with(bad[i][0], bad[i][1]);
        EXPECT_EXIT(run, 2);
        EXPECT_OUTPUT(run, "");
    }
    struct run *nowhere = run_with("--port", "0", "--root", "no-such-folder");
    EXPECT_EXIT(nowhere, 1);
    EXPECT_COMPLAINT(nowhere, "no-such-folder");
}
