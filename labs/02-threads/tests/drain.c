/* Step drain: a server that is told to end finishes what it has begun. */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "labs/02-threads/tests/requests.h"

TestSuite(drain);

static void expect_drained(struct run *server) {
    await_end(server);
    EXPECT_EXIT(server, 0);
}

Test(drain, idle_connections_end) {
    struct run *server = start_server(ANY_PORT, "--timeout", "30000");
    struct client *fresh = connect_client(server), *kept = connect_client(server);
    say_hello(kept);
    signal_server(server, SIGTERM);
    expect_drained(server);
    expect_closed(fresh);
    expect_closed(kept);
}

Test(drain, requests_finish) {
    struct run *server = start_server(ANY_PORT, "--timeout", "30000");
    struct client *waits = connect_client(server), *burns = connect_client(server);
    say_hello(waits); /* so that both are accepted */
    say_hello(burns);
    send_get(waits, "/wait?ms=900");
    send_get(burns, "/burn?ms=150");
    pause_ms(server, 100);
    signal_server(server, SIGTERM);
    EXPECT_NUMBER("status of the answer", 200, await_answer(burns)->status);
    const struct answer *answer = await_answer(waits);
    EXPECT_NUMBER("status of the answer", 200, answer->status);
    expect_closed(waits);
    expect_drained(server);
}

Test(drain, a_stream_finishes) {
    static char piece[64 * 1024];
    const int64_t size = 48 << 20;
    struct run *server = start_server(ANY_PORT, "--timeout", "5000");
    struct client *client = connect_client(server);
    int64_t bytes = 0;
    send_get(client, "/stream?bytes=50331648&chunk=16384");
    await_head(client, false);
    await_sleep(server); /* in a send that waits for us */
    signal_server(server, SIGTERM);
    pause_ms(server, 100);
    for (size_t got; (got = read_body(client, piece, sizeof piece)) > 0;)
        bytes += (int64_t)got;
    EXPECT_NUMBER("bytes of the body", size, bytes);
    expect_drained(server);
}

/* Whether a new connection is served: refused, reset or left without an answer is all the same. */
static bool is_served(const struct run *server) {
    static const char text[] = "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n";
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port_of(server)),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_usec = 200000};
    char answer[64];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    bool served =
        connect(fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0 &&
        send(fd, text, strlen(text), MSG_NOSIGNAL) > 0 && recv(fd, answer, sizeof answer, 0) > 0;
    close(fd);
    return served;
}

Test(drain, nobody_new) {
    struct run *server = start_server(ANY_PORT, "--timeout", "5000");
    struct client *waits = connect_client(server);
    say_hello(waits);
    send_get(waits, "/wait?ms=900");
    pause_ms(server, 100);
    signal_server(server, SIGTERM);
    pause_ms(server, 100);
    step("connect once more");
    EXPECT(!is_served(server), "no answer for a client that comes after SIGTERM", "one");
    EXPECT_NUMBER("status of the answer", 200, await_answer(waits)->status);
    expect_drained(server);
}

/* What takes longer than the timeout is cut: a server that waits for ever is killed in the end. */
Test(drain, within_the_timeout) {
    struct run *server = start_server(ANY_PORT, "--timeout", "700");
    struct client *client = connect_client(server);
    send_get(client, "/stream?bytes=1099511627776&chunk=16384");
    await_head(client, false);
    send_get(connect_client(server), "/wait?ms=60000");
    pause_ms(server, 100);
    signal_server(server, SIGTERM);
    await_end(server); /* fails the test after some seconds */
    EXPECT(!killed_by(server, SIGTERM), "an end of its own after SIGTERM", "SIGTERM killed it");
}

Test(drain, interrupted_by_hand) {
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    say_hello(client);
    signal_server(server, SIGINT);
    expect_drained(server);
    expect_closed(client);
}

/* While it waits for a free place it must hear the signal, too. */
Test(drain, at_the_cap) {
    struct run *server = start_server(ANY_PORT, "--max-connections", "1", "--timeout", "30000");
    struct client *served = connect_client(server), *waits = connect_client(server);
    say_hello(served);
    send_get(waits, "/hello");
    EXPECT(stays_silent(waits, 100), "no answer to the second connection of one", "something came");
    signal_server(server, SIGTERM);
    expect_drained(server);
}
