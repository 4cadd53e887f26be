/* What the tests of a server of the application ask it for (common/app.h). */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "grader/testkit/server.h"

/* First words for a server: a port that the kernel picks. */
#define ANY_PORT "--port", "0"

static const char hello_body[] = "hello, world\n";

/* Expects the greeting as the answer to a request that was sent. */
static inline void expect_hello(struct client *client) {
    const struct answer *answer = await_answer(client);
    EXPECT_NUMBER("status of the answer", 200, answer->status);
    EXPECT(strcmp(answer->body, hello_body) == 0, "the body `hello, world`", "`%.60s`",
           answer->body);
}

static inline void say_hello(struct client *client) {
    send_get(client, "/hello");
    expect_hello(client);
}

/* The requests that the server has taken, as an answer to /stats gives them. */
static inline int64_t requests_in(const struct answer *answer) {
    static const char key[] = "\"requests\": ";
    const char *found = strstr(answer->body, key);
    int64_t count = found == NULL ? -1 : strtoll(found + strlen(key), NULL, 10);
    EXPECT(count >= 0, "a count of requests in /stats", "none");
    return count;
}

/* A traced run in which one client sends ten requests at once, so many times. */
static inline struct run *run_of_pipelined(int64_t batches) {
    static const char text[] = "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n";
    enum { AT_ONCE = 10, SIZE = sizeof text - 1 };
    char batch[AT_ONCE * SIZE];
    struct run *server = start_server_traced(ANY_PORT);
    struct client *client = connect_client(server);
    client->quiet = true;
    for (size_t i = 0; i < AT_ONCE; i++)
        memcpy(batch + i * SIZE, text, SIZE);
    step("A: send 10 requests at once, %d times", (int)batches);
    for (int64_t i = 0; i < batches; i++) {
        send_data(client, batch, sizeof batch);
        for (int j = 0; j < AT_ONCE; j++)
            expect_hello(client);
    }
    hang_up(client);
    stop_server(server);
    return server;
}
