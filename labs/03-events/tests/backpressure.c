/* Step backpressure: what a client does not take is not made. */
#include <string.h>

#include "labs/02-threads/tests/requests.h"

TestSuite(backpressure);

enum { CLIENTS = 100, BYTES = 10 << 20 };

static void ask_all(struct run *server, struct client **clients) {
    connect_clients(server, clients, CLIENTS);
    step("each asks for 10 MiB and takes nothing");
    for (size_t i = 0; i < CLIENTS; i++) {
        static const char text[] = "GET /stream?bytes=10485760 HTTP/1.1\r\nHost: test\r\n\r\n";
        send_data(clients[i], text, sizeof text - 1);
    }
    await_sleep(server);
}

Test(backpressure, memory_stays_bounded) {
    const int64_t clients_count = CLIENTS, each_kib = 96;
    struct client *clients[CLIENTS];
    struct run *server = start_server(ANY_PORT);
    const int64_t before_kib = status_of(server).vm_rss_kib;
    ask_all(server, clients);
    say_hello(connect_client(server));
    const int64_t growth_kib = status_of(server).vm_rss_kib - before_kib;
    measure("blocked_per_connection", growth_kib * 1024 / clients_count, "bytes of memory");
    BUDGET_NUMBER_AT_MOST("growth of resident memory with 100 readers that stopped",
                          "KiB of memory", growth_kib, clients_count * each_kib,
                          "one buffer for each of them, and the rest not made yet");
    stop_server(server);
}

Test(backpressure, writing_resumes) {
    static char piece[64 * 1024];
    struct client *clients[CLIENTS];
    struct run *server = start_server(ANY_PORT, "--timeout", "60000");
    ask_all(server, clients);
    step("then each takes all of it");
    for (size_t i = 0; i < CLIENTS; i++) {
        int64_t bytes = 0;
        EXPECT_NUMBER("status of the answer", 200, await_head(clients[i], false)->status);
        for (size_t got; (got = read_body(clients[i], piece, sizeof piece)) > 0;)
            bytes += (int64_t)got;
        EXPECT_NUMBER("bytes of the body", BYTES, bytes);
    }
    stop_server(server);
}

/* Interest in room that is always there makes a loop that never sleeps. */
Test(backpressure, no_spinning) {
    enum { MOST_CPU_MS = 30 };
    struct run *server = start_server(ANY_PORT);
    struct client *stops = connect_client(server), *idle = connect_client(server);
    say_hello(idle);
    send_get(stops, "/stream?bytes=1073741824");
    await_sleep(server);
    const int64_t before_ns = cpu_ns_of(server);
    pause_ms(server, 500);
    const int64_t used_ms = (cpu_ns_of(server) - before_ns) / 1000000;
    BUDGET_NUMBER_AT_MOST("processor time in half a second with a reader that stopped", "ms",
                          used_ms, MOST_CPU_MS, "the kernel tells when there is room again");
    stop_server(server);
}

/* Small answers pile up as well: who does not take them must not be able to ask for more. */
Test(backpressure, answers_not_taken) {
    static const char text[] = "GET /stream?bytes=8000 HTTP/1.1\r\nHost: test\r\n\r\n";
    enum { REQUESTS = 4000 };
    const int64_t most_kib = 512;
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    say_hello(client);
    const int64_t before_kib = status_of(server).vm_rss_kib;
    client->quiet = true;
    step("A: send %d requests for 8,000 bytes and take no answer", REQUESTS);
    int sent = 0;
    hold(
        server); /* so that they are there all at once, and it is its own doing what it makes of them */
    while (sent < REQUESTS && try_to_send(client, text, sizeof text - 1) == sizeof text - 1)
        sent++;
    release(server);
    await_sleep(server);
    const int64_t growth_kib = status_of(server).vm_rss_kib - before_kib;
    BUDGET_NUMBER_AT_MOST("growth of resident memory with answers that nobody takes",
                          "KiB of memory", growth_kib, most_kib,
                          "while an answer has yet to leave, the next request can wait unread");
    say_hello(connect_client(server));
    hang_up(client);
    stop_server(server);
}
