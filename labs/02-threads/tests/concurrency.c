/* What holds of any server, whatever its way of waiting: nobody waits for anybody else, and nothing
 * stays of who has left. A lab includes this file under the name of its own step. */
#ifndef CONCURRENCY_STEP
#define CONCURRENCY_STEP thread_per_connection
#endif

#include <stdio.h>
#include <string.h>

#include "labs/02-threads/tests/requests.h"

/* The kernel completes connections by itself and queues them: that all three are connected says
 * nothing, that the last one is answered first does. */
Test(CONCURRENCY_STEP, the_last_first) {
    struct run *server = start_server(ANY_PORT);
    struct client *clients[] = {connect_client(server), connect_client(server),
                                connect_client(server)};
    for (size_t i = 3; i-- > 0;)
        say_hello(clients[i]);
    stop_server(server);
}

Test(CONCURRENCY_STEP, half_a_request) {
    struct run *server = start_server(ANY_PORT);
    struct client *slow = connect_client(server), *other = connect_client(server);
    send_text(slow, "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\nhalf of");
    pause_ms(server, 100); /* it receives that, and waits for the rest */
    say_hello(other);
    send_text(slow, " it!");
    const struct answer *answer = await_answer(slow);
    EXPECT(strcmp(answer->body, "half of it!") == 0, "the body `half of it!`", "`%.40s`",
           answer->body);
    stop_server(server);
}

Test(CONCURRENCY_STEP, a_wait_holds_nobody_up) {
    struct run *server = start_server(ANY_PORT);
    struct client *waits = connect_client(server), *other = connect_client(server);
    send_get(waits, "/wait?ms=700");
    pause_ms(server, 100); /* else the other may come first */
    say_hello(other);
    EXPECT(stays_silent(waits, 0), "the answer to /wait after the one to /hello",
           "/wait was answered first");
    const struct answer *answer = await_answer(waits);
    EXPECT(strcmp(answer->body, "waited 700 ms\n") == 0, "the body `waited 700 ms`", "`%.40s`",
           answer->body);
    stop_server(server);
}

/* Connections that end in every way: after a request, after none, after half of one, by a reset. */
static void come_and_go(struct run *server, int times) {
    for (int i = 0; i < times; i++) {
        struct client *client = connect_quiet_client(server);
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

Test(CONCURRENCY_STEP, everything_released) {
    const int64_t most_growth_kib = 1024;
    struct run *server = start_server(ANY_PORT);
    struct client *first = connect_client(server);
    say_hello(first); /* then all that it opens for itself is open */
    hang_up(first);
    pause_ms(server, 100);
    const int64_t descriptors = descriptors_of(server), threads = threads_of(server);
    step("let clients come and go, 2,000 in all");
    come_and_go(server, (int)connections_for(200));
    await_threads(server, threads);
    const int64_t before_kib = status_of(server).vm_rss_kib;
    come_and_go(server, (int)connections_for(1800));
    await_threads(server, threads);
    await_descriptors(server, descriptors);
    const int64_t growth_kib = status_of(server).vm_rss_kib - before_kib;
    BUDGET_NUMBER_AT_MOST("growth of resident memory over 1,800 connections", "KiB", growth_kib,
                          most_growth_kib,
                          "nothing of a connection stays when it ends: 600 bytes each would show");
    stop_server(server);
}
