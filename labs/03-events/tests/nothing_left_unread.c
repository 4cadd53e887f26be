/* Step nothing_left_unread: the kernel says once that there is something; what is then left lies
 * until somebody sends more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "labs/02-threads/tests/requests.h"

TestSuite(nothing_left_unread);

static const char hello[] = "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n";

/* More than any buffer of a request holds, all of it there before the server looks. */
Test(nothing_left_unread, more_than_a_buffer) {
    enum { REQUESTS = 3000 };
    const size_t size = sizeof hello - 1;
    char *all = malloc(REQUESTS * size);
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    client->quiet = true;
    for (size_t i = 0; i < REQUESTS; i++)
        memcpy(all + i * size, hello, size);
    step("A: send %d requests at once", REQUESTS);
    hold(server);
    size_t sent = 0;
    for (ssize_t took; (took = try_to_send(client, all + sent, REQUESTS * size - sent)) > 0;)
        sent += (size_t)took;
    release(server);
    send_data(client, all + sent, REQUESTS * size - sent);
    for (size_t i = 0; i < REQUESTS; i++)
        expect_hello(client);
    free(all);
    stop_server(server);
}

/* Request and end arrive as one event. */
Test(nothing_left_unread, a_request_and_the_end) {
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    say_hello(client);
    hold(server);
    send_text(client, "%s", hello);
    half_close(client);
    release(server);
    expect_hello(client);
    expect_closed(client);
    stop_server(server);
}

/* Bodies that fill the buffer exactly: a read as long as its buffer says nothing of what is left. */
Test(nothing_left_unread, bodies_of_all_lengths) {
    static char body[16384];
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    client->quiet = true;
    step("A: send bodies of 1 to 16,384 bytes");
    for (size_t length = 1; length <= sizeof body; length *= 2)
        for (size_t off = 0; off < 3; off++) {
            size_t bytes = length + off - (length > 1);
            if (bytes > sizeof body)
                continue;
            memset(body, 'a' + (int)off, bytes);
            send_text(client, "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n",
                      bytes);
            send_data(client, body, bytes);
            const struct answer *answer = await_answer(client);
            EXPECT(answer->body_bytes == bytes && memcmp(answer->body, body, bytes) == 0,
                   "the body that was sent", "%zu bytes in place of %zu, or others",
                   answer->body_bytes, bytes);
        }
    stop_server(server);
}

/* All of them are in the kernel's queue before the server looks. */
Test(nothing_left_unread, a_crowd_at_the_door) {
    enum { CROWD = 60 };
    const int64_t most = CROWD / 2;
    struct client *clients[CROWD];
    struct run *server = start_server_traced(ANY_PORT);
    await_sleep(server);
    hold(server);
    connect_clients(server, clients, CROWD);
    for (size_t i = 0; i < CROWD; i++)
        send_data(clients[i], hello, sizeof hello - 1);
    release(server);
    for (size_t i = 0; i < CROWD; i++)
        expect_hello(clients[i]);
    stop_server(server);
    BUDGET_AT_MOST(ledger_of(server), WAITS, anywhere(), most,
                   "one wake-up tells of many: accept and serve all that is there");
}

/* A few large requests fill the buffer as well, and are answered in fewer steps: whoever has
 * received once and goes back to wait leaves half of them. */
Test(nothing_left_unread, more_bodies_than_a_buffer) {
    enum { BODIES = 4, LENGTH = 16000 };
    static char request[128 + LENGTH];
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    client->quiet = true;
    say_hello(client);
    int head = snprintf(request, 128,
                        "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n", LENGTH);
    memset(request + head, 'x', LENGTH);
    step("A: send %d bodies of %d bytes at once", BODIES, LENGTH);
    hold(server);
    size_t sent = 0;
    const size_t size = (size_t)head + LENGTH;
    for (size_t i = 0; i < BODIES; i++) {
        ssize_t took = try_to_send(client, request, size);
        sent += took > 0 ? (size_t)took : 0;
        if ((size_t)took < size)
            break;
    }
    release(server);
    for (; sent < BODIES * size; sent += size - sent % size)
        send_data(client, request + sent % size, size - sent % size);
    for (size_t i = 0; i < BODIES; i++)
        EXPECT_NUMBER("bytes of the body", LENGTH, (int64_t)await_answer(client)->body_bytes);
    stop_server(server);
}
