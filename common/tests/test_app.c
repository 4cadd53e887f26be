/*
 * Tests of common/app: each route, methods, how a connection ends, and the ways to take a reply.
 * Files are in test_app_files.c, ways out of the root in test_app_escape.c.
 */
#define _GNU_SOURCE 1 /* memmem */
#include "common/tests/app_exchange.h"

#include "common/procfs.h"

#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <time.h>

static struct app app;

static void open_without_root(void) {
    cr_assert(app_open(&app, NULL) == 0);
}

TestSuite(app, .timeout = 60, .init = open_without_root);

/* ---- Small replies ---- */

static const struct {
    const char *request;
    int status;
    const char *body;
} small[] = {
    {GET("/hello"), 200, "hello, world\n"},
    {GET("/hello?who=me"), 200, "hello, world\n"},
    {REQUEST("GET http://here/hello HTTP/1.1", ""), 200, "hello, world\n"},
    {GET("/wait?ms=0"), 200, "waited 0 ms\n"},
    {GET("/wait?ms=60000"), 200, "waited 60000 ms\n"},
    {GET("/wait?x=1&ms=7&ms=9"), 200, "waited 7 ms\n"},
    {GET("/wait?ms=00007"), 200, "waited 7 ms\n"},
    {GET("/wait?msx5&ms=7"), 200, "waited 7 ms\n"},
    {GET("/burn?ms=10000"), 200, "burned 10000 ms\n"},
    {GET("/wait"), 400, "400 Bad Request: ms must be a number from 0 to 60000\n"},
    {GET("/wait?"), 400, "400 Bad Request: ms must be a number from 0 to 60000\n"},
    {GET("/wait?ms="), 400, "400 Bad Request: ms must be a number from 0 to 60000\n"},
    {GET("/wait?ms"), 400, "400 Bad Request: ms must be a number from 0 to 60000\n"},
    {GET("/wait?ms=60001"), 400, "400 Bad Request: ms must be a number from 0 to 60000\n"},
    {GET("/wait?ms=-1"), 400, "400 Bad Request: ms must be a number from 0 to 60000\n"},
    {GET("/wait?ms=1x"), 400, "400 Bad Request: ms must be a number from 0 to 60000\n"},
    {GET("/wait?ms=+1"), 400, "400 Bad Request: ms must be a number from 0 to 60000\n"},
    {GET("/wait?ms=%31"), 400, "400 Bad Request: ms must be a number from 0 to 60000\n"},
    {GET("/wait?xms=1"), 400, "400 Bad Request: ms must be a number from 0 to 60000\n"},
    {GET("/wait?msx=1"), 400, "400 Bad Request: ms must be a number from 0 to 60000\n"},
    {GET("/wait?a=ms=1"), 400, "400 Bad Request: ms must be a number from 0 to 60000\n"},
    {GET("/wait?ms=1?ms=2"), 400, "400 Bad Request: ms must be a number from 0 to 60000\n"},
    {GET("/wait?ms=18446744073709551616"), 400,
     "400 Bad Request: ms must be a number from 0 to 60000\n"},
    {GET("/burn?ms=10001"), 400, "400 Bad Request: ms must be a number from 0 to 10000\n"},
    {GET("/stream"), 400, "400 Bad Request: bytes must be a number from 0 to 1099511627776\n"},
    {GET("/stream?bytes=1099511627777"), 400,
     "400 Bad Request: bytes must be a number from 0 to 1099511627776\n"},
    {GET("/stream?bytes=1&chunk=0"), 400,
     "400 Bad Request: chunk must be a number from 1 to 1048576\n"},
    {GET("/stream?bytes=1&chunk=1048577"), 400,
     "400 Bad Request: chunk must be a number from 1 to 1048576\n"},
    {GET("/"), 404, "404 Not Found\n"},
    {GET("/hell"), 404, "404 Not Found\n"},
    {GET("/hello/"), 404, "404 Not Found\n"},
    {GET("/helloo"), 404, "404 Not Found\n"},
    {GET("/HELLO"), 404, "404 Not Found\n"},
    {GET("//hello"), 404, "404 Not Found\n"},
    {GET("/files"), 404, "404 Not Found\n"},
    {GET("/files/"), 404, "404 Not Found\n"},
    {GET("/files/anything"), 404, "404 Not Found\n"},
    {REQUEST("PUT /nowhere HTTP/1.1", ""), 404, "404 Not Found\n"},
    {REQUEST("POST /echo HTTP/1.1", ""), 411, "411 Length Required\n"},
    {REQUEST("POST /hello HTTP/1.1", "Content-Length: 0\r\n"), 405, "405 Method Not Allowed\n"},
    {REQUEST("DELETE /hello HTTP/1.1", ""), 405, "405 Method Not Allowed\n"},
    {REQUEST("PATCH /files/a HTTP/1.1", ""), 405, "405 Method Not Allowed\n"},
    {REQUEST("PUT /stats HTTP/1.1", ""), 405, "405 Method Not Allowed\n"},
    {GET("/echo"), 405, "405 Method Not Allowed\n"},
    {REQUEST("BREW /hello HTTP/1.1", ""), 501, "501 Not Implemented\n"},
    {REQUEST("get /hello HTTP/1.1", ""), 501, "501 Not Implemented\n"},
    {REQUEST("TRACE /hello HTTP/1.1", ""), 501, "501 Not Implemented\n"},
    {REQUEST("OPTIONS * HTTP/1.1", ""), 501, "501 Not Implemented\n"},
    {REQUEST("PUTT /hello HTTP/1.1", ""), 501, "501 Not Implemented\n"},
    {REQUEST("PU /hello HTTP/1.1", ""), 501, "501 Not Implemented\n"},
};

Test(app, a_small_reply_is_whole_in_its_text) {
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        const char *request = small[i].request;
        struct received received = ask(&app, request);
        char length[24];
        snprintf(length, sizeof length, "%zu", strlen(small[i].body));
        cr_expect(status_of(&received) == small[i].status, "%s: expected %d, seen %d",
                  one_line(request), small[i].status, status_of(&received));
        cr_expect(has_body(&received, small[i].body), "%s: seen '%.*s'", one_line(request),
                  (int)received.body_length, received.body);
        cr_expect(has_field(&received, "Content-Length", length), "%s", one_line(request));
        cr_expect(has_field(&received, "Content-Type", "text/plain"), "%s", one_line(request));
        cr_expect(received.reply.rest == REPLY_NOTHING && received.reply.file == -1);
        cr_expect(received.reply.text_length == received.length);
        cr_expect(!received.reply.close, "%s: an error does not end a connection",
                  one_line(request));
    }
}

Test(app, what_a_path_does_not_take_names_what_it_does) {
    struct received hello = ask(&app, REQUEST("DELETE /hello HTTP/1.1", ""));
    cr_expect(has_field(&hello, "Allow", "GET, HEAD"));
    struct received echo = ask(&app, GET("/echo"));
    cr_expect(has_field(&echo, "Allow", "POST"));
    struct received unknown = ask(&app, REQUEST("BREW /hello HTTP/1.1", ""));
    cr_expect(field_of(&unknown, "Allow") == NULL);
}

Test(app, waiting_and_burning_are_asked_of_the_server_and_not_done_here) {
    struct received wait = ask(&app, GET("/wait?ms=60000"));
    cr_expect(wait.reply.wait_ms == 60000 && wait.reply.burn_ms == 0);
    struct received burn = ask(&app, REQUEST("HEAD /burn?ms=10000 HTTP/1.1", ""));
    cr_expect(burn.reply.wait_ms == 0 && burn.reply.burn_ms == 10000);
    struct received refused = ask(&app, GET("/wait?ms=60001"));
    cr_expect(refused.reply.wait_ms == 0);
}

static int64_t thread_cpu_ns(void) {
    struct timespec used;
    cr_assert(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0);
    return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

Test(app, burning_uses_no_less_cpu_time_than_asked) {
    const unsigned waits_ms[] = {0, 1, 20, 150};
    for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
        int64_t start = thread_cpu_ns();
        app_burn(waits_ms[i]);
        int64_t used_ns = thread_cpu_ns() - start;
        cr_expect(used_ns >= waits_ms[i] * INT64_C(1000000), "%u ms: used %" PRId64 " ns",
                  waits_ms[i], used_ns);
    }
}

/* ---- HEAD, and how a connection goes on ---- */

static const char *const readable[] = {
    "/hello", "/wait?ms=5", "/burn?ms=5", "/wait", "/nowhere", "/stream?bytes=5", "/echo",
};

Test(app, HEAD_gets_the_head_of_GET_and_no_body) {
    for (size_t i = 0; i < sizeof readable / sizeof *readable; i++) {
        for (int minor = 0; minor <= 1; minor++) {
            char request[128];
            snprintf(request, sizeof request, "GET %s HTTP/1.%d\r\nHost: here\r\n\r\n", readable[i],
                     minor);
            struct received get = ask(&app, request);
            snprintf(request, sizeof request, "HEAD %s HTTP/1.%d\r\nHost: here\r\n\r\n",
                     readable[i], minor);
            struct received head = ask(&app, request);
            cr_expect(strcmp(head.bytes, get.bytes) == 0, "%s: seen %s", readable[i], head.bytes);
            cr_expect(head.body_length == 0, "%s: a body", readable[i]);
            cr_expect(get.body_length > 0 && head.reply.close == get.reply.close);
        }
    }
}

static const struct {
    const char *request;
    bool closes;
    const char *connection; /* the field's value, or NULL */
} endings[] = {
    {GET("/hello"), false, NULL},
    {REQUEST("GET /hello HTTP/1.1", "Connection: close\r\n"), true, "close"},
    {REQUEST("GET /hello HTTP/1.0", ""), true, "close"},
    {REQUEST("GET /hello HTTP/1.0", "Connection: keep-alive\r\n"), false, "keep-alive"},
    {GET("/stream?bytes=5"), false, NULL},
    {REQUEST("GET /stream?bytes=5 HTTP/1.0", "Connection: keep-alive\r\n"), true, "close"},
    {REQUEST("HEAD /stream?bytes=5 HTTP/1.0", "Connection: keep-alive\r\n"), true, "close"},
    {"GET /hello HTTP/1.1\r\n\r\n", true, "close"}, /* without Host: refused */
};

Test(app, the_head_says_whether_the_connection_goes_on) {
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        struct received received = ask(&app, endings[i].request);
        const char *connection = field_of(&received, "Connection");
        cr_expect(received.reply.close == endings[i].closes, "%s", one_line(endings[i].request));
        cr_expect((connection == NULL) == (endings[i].connection == NULL) &&
                      (connection == NULL || strcmp(connection, endings[i].connection) == 0),
                  "%s: seen %s", one_line(endings[i].request),
                  connection == NULL ? "no field" : connection);
    }
}

Test(app, a_server_that_is_closing_says_so) {
    struct http_parser parser = {0};
    char data[] = GET("/hello");
    cr_assert(http_parse(&parser, data, strlen(data)) == HTTP_REQUEST);
    struct reply reply;
    app_answer(&app, &parser.request, data, true, &reply);
    cr_expect(reply.close);
    cr_expect(memmem(reply.text, reply.text_length, "\r\nConnection: close\r\n", 21) != NULL);
}

Test(app, what_the_parser_refuses_is_answered_with_its_status) {
    struct received received = ask(&app, "GET /hello HTTP/3.0\r\n\r\n");
    cr_expect(status_of(&received) == 505 && received.reply.close);
    cr_expect(has_body(&received, "505 HTTP Version Not Supported\n"));
    struct received head = ask(&app, "HEAD /hello HTTP/1.1\r\n\r\n");
    cr_expect(status_of(&head) == 400 && head.body_length == 0);
}

/* ---- /echo ---- */

Test(app, echo_sends_the_body_from_where_it_lies) {
    static const char request[] = "POST /echo HTTP/1.1\r\nHost: here\r\nContent-Type: text/html\r\n"
                                  "Content-Length: 6\r\n\r\n<b>\0\r\nGET /next";
    struct received received = ask_bytes(&app, request, sizeof request - 1);
    cr_expect(status_of(&received) == 200);
    cr_expect(received.body_length == 6 && memcmp(received.body, "<b>\0\r\n", 6) == 0);
    cr_expect(has_field(&received, "Content-Type", "application/octet-stream"));
    cr_expect(received.reply.rest == REPLY_MEMORY && received.reply.left == 6);

    struct received chunked =
        ask(&app, REQUEST("POST /echo HTTP/1.1",
                          "Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    cr_expect(has_body(&chunked, "abcde") && has_field(&chunked, "Content-Length", "5"));
    struct received empty = ask(&app, REQUEST("POST /echo HTTP/1.1", "Content-Length: 0\r\n"));
    cr_expect(status_of(&empty) == 200 && has_body(&empty, ""));
    cr_expect(has_field(&empty, "Content-Length", "0"));
}

/* ---- /stats ---- */

static int64_t number_of(const json_t *object, const char *key) {
    const json_t *number = json_object_get(object, key);
    cr_assert(json_is_integer(number), "%s", key);
    return json_integer_value(number);
}

Test(app, stats_is_json_that_counts) {
    app_connection_opened(&app);
    app_connection_opened(&app);
    app_connection_closed(&app);
    ask(&app, GET("/hello")); /* three requests */
    struct received received = ask_once(&app, GET("/stats"), strlen(GET("/stats")), 4096);
    cr_expect(has_field(&received, "Content-Type", "application/json"));
    json_t *stats = json_loadb(received.body, received.body_length, 0, NULL);
    cr_assert(json_is_object(stats), "seen %s", received.body);
    struct procfs_status status;
    cr_assert(procfs_status(0, &status) == 0);
    cr_expect(json_object_size(stats) == 6);
    cr_expect(number_of(stats, "connections_now") == 1);
    cr_expect(number_of(stats, "connections_ever") == 2);
    cr_expect(number_of(stats, "requests") == 4, "itself included");
    cr_expect(number_of(stats, "threads") == status.threads);
    cr_expect(number_of(stats, "vm_rss_kib") > 0);
    cr_expect(number_of(stats, "vm_hwm_kib") >= number_of(stats, "vm_rss_kib"));
    json_decref(stats);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *come_and_go(void *unused) {
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        app_connection_opened(&app);
        app_connection_closed(&app);
    }
    return NULL;
}

Test(app, no_count_is_lost_between_threads) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        cr_assert(pthread_create(&threads[i], NULL, come_and_go, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_expect(atomic_load(&app.connections_now) == 0);
    cr_expect(atomic_load(&app.connections_ever) == THREADS * ROUNDS);
}
