/* Step keep_alive: one connection, many requests, each of them whole and in its order. */
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "labs/02-threads/tests/requests.h"

TestSuite(keep_alive);

Test(keep_alive, many_on_one) {
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    client->quiet = true;
    step("A: ask for /hello 100 times on one connection");
    for (int i = 0; i < 100; i++)
        say_hello(client);
    stop_server(server);
}

/* Ten at once, told apart by their bodies. */
Test(keep_alive, pipelined) {
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    char text[2048] = "", expected[32];
    for (int i = 0; i < 10; i++)
        sprintf(text + strlen(text),
                "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 7\r\n\r\nbody %02d", i);
    step("A: send ten requests at once");
    client->quiet = true;
    send_data(client, text, strlen(text));
    for (int i = 0; i < 10; i++) {
        const struct answer *answer = await_answer(client);
        sprintf(expected, "body %02d", i);
        EXPECT(strcmp(answer->body, expected) == 0, "the answers in the order of the requests",
               "`%.40s` in place of `%s`", answer->body, expected);
    }
    stop_server(server);
}

Test(keep_alive, byte_by_byte) {
    static const char text[] = "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n"
                               "\r\n4\r\nover\r\n1;x=\"y\"\r\n!\r\n0\r\n\r\n"
                               "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n";
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    step("A: send a chunked request and another, byte by byte");
    client->quiet = true;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        send_data(client, text + i, 1);
        usleep(300); /* so that few arrive together */
    }
    const struct answer *answer = await_answer(client);
    EXPECT(strcmp(answer->body, "over!") == 0, "the body `over!`", "`%.40s`", answer->body);
    expect_hello(client);
    stop_server(server);
}

Test(keep_alive, any_bytes) {
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    unsigned char sent[4096];
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (unsigned char)(i * 7);
    send_text(client, "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n",
              sizeof sent);
    send_data(client, sent, sizeof sent);
    const struct answer *answer = await_answer(client);
    EXPECT(answer->body_bytes == sizeof sent && memcmp(answer->body, sent, sizeof sent) == 0,
           "the 4,096 bytes that were sent, zeros among them", "%zu bytes, not the same",
           answer->body_bytes);
    stop_server(server);
}

/* A method that takes no body leaves one on the connection; read as a request, it is an attack. */
Test(keep_alive, unread_body) {
    static const char inner[] = "GET /files/secret HTTP/1.1\r\nHost: test\r\n\r\n";
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    send_text(client, "POST /hello HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n%s",
              strlen(inner), inner);
    EXPECT_NUMBER("status of the answer", 405, await_answer(client)->status);
    say_hello(client);
    EXPECT(stays_silent(client, 100), "two answers to two requests", "a third one");
    stop_server(server);
}

Test(keep_alive, close_when_asked) {
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server), *older = connect_client(server);
    send_text(client, "GET /hello HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    const struct answer *answer = await_answer(client);
    EXPECT(answer->closes, "`Connection: close` in the answer", "none");
    expect_closed(client);
    send_text(older, "GET /hello HTTP/1.0\r\n\r\n");
    expect_hello(older);
    expect_closed(older);
    stop_server(server);
}

Test(keep_alive, kept_for_old_clients_that_ask) {
    static const char text[] = "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    send_text(client, "%s", text);
    const struct answer *answer = await_answer(client);
    const char *kept = field_of(answer, "Connection");
    EXPECT(kept != NULL && strcasecmp(kept, "keep-alive") == 0, "`Connection: keep-alive`", "`%s`",
           kept == NULL ? "no such field" : kept);
    send_text(client, "%s", text);
    expect_hello(client);
    stop_server(server);
}

static ssize_t await_end_of(struct client *client) {
    struct pollfd watched = {.fd = client->fd, .events = POLLIN};
    char byte;
    poll(&watched, 1, 1000);
    return recv(client->fd, &byte, 1, 0);
}

/* What follows a request that can't be read is no request: it is not known where one begins. */
Test(keep_alive, refused) {
    static const char blank[] = "GET /hello HTTP/1.1\r\nHost : test\r\n\r\n";
    static const char no_request[] = "nonsense\r\n\r\n";
    static const char two_lengths[] = "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n"
                                      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    static const char *const bad[] = {blank, no_request, two_lengths};
    struct run *server = start_server(ANY_PORT);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct client *client = connect_client(server);
        send_text(client, "%sGET /hello HTTP/1.1\r\nHost: test\r\n\r\n", bad[i]);
        const struct answer *answer = await_answer(client);
        EXPECT_NUMBER("status of the answer", 400, answer->status);
        EXPECT(answer->closes, "`Connection: close` in the answer", "none");
        expect_closed(client);
    }
    say_hello(connect_client(server));
    stop_server(server);
}

/* A close with bytes unread makes the kernel send a reset, which can overtake the answer (RFC 9112,
 * section 9.6). On loopback it comes second, and is seen as an end that is none. */
Test(keep_alive, refused_in_the_middle) {
    static char rest[100000];
    struct run *server = start_server(ANY_PORT, "--timeout", "60000");
    struct client *client = connect_client(server);
    memset(rest, 'x', sizeof rest);
    send_text(client, "nonsense\r\n\r\n");
    send_data(client, rest, sizeof rest);
    EXPECT_NUMBER("status of the answer", 400, await_answer(client)->status);
    EXPECT(await_end_of(client) == 0, "an end behind the answer", "%s", strerror(errno));
    for (int i = 0; i < 2; i++)
        EXPECT(try_to_send(client, "x", 1) >= 0, "a server that hears the client out", "%s",
               strerror(errno));
    hang_up(client);
    stop_server(server);
}

Test(keep_alive, waits_to_be_told_to_continue) {
    struct run *server = start_server(ANY_PORT);
    struct client *client = connect_client(server);
    send_text(client, "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n"
                      "Expect: 100-continue\r\n\r\n");
    EXPECT_NUMBER("status of the interim answer", 100, await_head(client, false)->status);
    send_text(client, "body");
    const struct answer *answer = await_answer(client);
    EXPECT_NUMBER("status of the answer", 200, answer->status);
    EXPECT(strcmp(answer->body, "body") == 0, "the body `body`", "`%.40s`", answer->body);
    stop_server(server);
}

/* A client that people use, and that reports whether it could keep its connection. */
static size_t drop(char *data, size_t size, size_t count, void *unused) {
    (void)data, (void)unused;
    return size * count;
}

static void fetch(CURL *curl, const struct run *server, const char *path) {
    char url[256];
    long status = 0;
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port_of(server), path);
    step("curl: fetch %s", path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OPERATION_TIMEDOUT)
        fail_test("an answer for curl", "none in 5 s");
    EXPECT(code == CURLE_OK, "an answer that curl accepts", "%s", curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    EXPECT_NUMBER("status of the answer", 200, status);
}

Test(keep_alive, curl_keeps_its_connection) {
    long connections = 0;
    int64_t sum = 0;
    make_directory("files");
    make_text("files/text.txt", 100000);
    struct run *server = start_server(ANY_PORT, "--root", "files");
    CURL *curl = curl_easy_init();
    EXPECT(curl != NULL, "libcurl", "it does not start");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 5000L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    for (int i = 0; i < 3; i++) {
        fetch(curl, server, "/hello");
        curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connections);
        sum += connections;
        fetch(curl, server, "/files/text.txt");
        curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connections);
        sum += connections;
        fetch(curl, server, "/stream?bytes=100000&chunk=1000");
        curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connections);
        sum += connections;
    }
    curl_easy_cleanup(curl);
    EXPECT_NUMBER("connections that curl made for nine requests", 1, sum);
    stop_server(server);
}

Test(keep_alive, files) {
    make_directory("files");
    const char *text = make_text("files/text.txt", 300000);
    make_file("secret", "SECRET", 6);
    struct run *server = start_server(ANY_PORT, "--root", "files");
    struct client *client = connect_client(server);
    const struct answer *answer = get(client, "/files/text.txt", 200);
    EXPECT(answer->body_bytes == 300000 && memcmp(answer->body, text, 300000) == 0,
           "the file's 300,000 bytes", "%zu bytes, or others", answer->body_bytes);
    send_text(client,
              "GET /files/text.txt HTTP/1.1\r\nHost: test\r\nRange: bytes=1000-1999\r\n\r\n");
    answer = await_answer(client);
    EXPECT_NUMBER("status of the answer", 206, answer->status);
    EXPECT(answer->body_bytes == 1000 && memcmp(answer->body, text + 1000, 1000) == 0,
           "bytes 1,000 to 1,999 of the file", "%zu bytes, or others", answer->body_bytes);
    send_text(client, "HEAD /files/text.txt HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_NUMBER("status of the answer", 200, await_head(client, true)->status);
    get(client, "/files/../secret", 404);
    get(client, "/files/nothing", 404);
    stop_server(server);
}
