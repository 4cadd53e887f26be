/*
 * Tests of common/load against servers of a few lines: a thread accepts, and each connection gets a
 * thread that reads requests and lets the test's own function answer. What the generator counts is
 * held against what the server counted.
 */
#include "common/load.h"
#include "common/load_answer.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MOST = 512, STALL_MS = 400, STALLING_REQUEST = 500 };

TestSuite(load, .timeout = 60);

/* ---- A server ---- */

struct server {
    /* Answers the n-th request, counted from 1 over all connections; false closes the connection. */
    bool (*answer)(int fd, int number, const char *request);
    const char *bytes; /* for answer_bytes() */
    int listener;
    uint16_t port;
    pthread_t acceptor;
    pthread_t threads[CONNECTIONS_MOST];
    int fds[CONNECTIONS_MOST];
    atomic_int connections;
    atomic_int requests;
    atomic_int ended;    /* connections that the server has said its last on */
    atomic_uint sources; /* a bit for each last byte of the addresses that connected */
};

static struct server server;

static void put(int fd, const char *text) {
    size_t length = strlen(text);
    cr_assert(send(fd, text, length, MSG_NOSIGNAL) == (ssize_t)length);
}

/* Reads up to the empty line behind a head. False at the end of the connection. */
static bool read_request(int fd, char *request, size_t size) {
    size_t have = 0;
    for (;;) {
        ssize_t count = recv(fd, request + have, size - 1 - have, 0);
        if (count <= 0)
            return false;
        have += (size_t)count;
        request[have] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL)
            return true;
    }
}

static void *serve(void *argument) {
    int fd = *(int *)argument;
    char request[1024];
    while (read_request(fd, request, sizeof request)) {
        int number = atomic_fetch_add(&server.requests, 1) + 1;
        if (!server.answer(fd, number, request))
            break;
    }
    shutdown(fd, SHUT_WR);
    atomic_fetch_add(&server.ended, 1);
    while (recv(fd, request, sizeof request, 0) > 0)
        continue;
    close(fd);
    return NULL;
}

static void *accept_all(void *unused) {
    for (;;) {
        struct sockaddr_in peer = {0};
        socklen_t size = sizeof peer;
        int fd = accept(server.listener, (struct sockaddr *)&peer, &size);
        if (fd < 0)
            return unused;
        const int yes = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        int number = atomic_fetch_add(&server.connections, 1);
        cr_assert(number < CONNECTIONS_MOST);
        atomic_fetch_or(&server.sources, 1U << (ntohl(peer.sin_addr.s_addr) & 31));
        server.fds[number] = fd;
        pthread_create(&server.threads[number], NULL, serve, &server.fds[number]);
    }
}

static int listening_socket(uint16_t *port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof own;
    cr_assert(bind(fd, (struct sockaddr *)&own, sizeof own) == 0 && listen(fd, 64) == 0);
    cr_assert(getsockname(fd, (struct sockaddr *)&own, &size) == 0);
    *port = ntohs(own.sin_port);
    return fd;
}

static void start_server(bool (*answer)(int, int, const char *)) {
    server.answer = answer;
    server.listener = listening_socket(&server.port);
    pthread_create(&server.acceptor, NULL, accept_all, NULL);
}

/* The clients must have closed their ends. */
static void stop_server(void) {
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(server.acceptor, NULL);
    close(server.listener);
    for (int i = 0; i < server.connections; i++)
        pthread_join(server.threads[i], NULL);
}

static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";
enum { HELLO_BODY_BYTES = 6 };

static bool say_hello(int fd, int number, const char *request) {
    (void)number;
    put(fd, hello);
    return strstr(request, "Connection: close") == NULL;
}

/* The bytes of a test's own choice behind the first answer, which the opening asks for. */
static bool answer_bytes(int fd, int number, const char *request) {
    if (number == 1)
        return say_hello(fd, number, request);
    put(fd, server.bytes);
    return false;
}

/* ---- Running a plan ---- */

static struct load_result result;

static struct load *open_load(const struct load_plan *plan) {
    char reason[LOAD_REASON_BYTES] = "";
    struct load *load = load_open(plan, reason);
    cr_assert(load != NULL, "load_open: %s: %s", strerror(errno), reason);
    return load;
}

static void run_plan(const struct load_plan *plan) {
    struct load *load = open_load(plan);
    cr_assert(load_run(load, &result) == 0, "load_run: %s", strerror(errno));
    load_close(load);
}

static void expect_all_completed(uint64_t requests) {
    cr_assert(result.failed == 0, "%ju failed: %s", (uintmax_t)result.failed, result.reason);
    cr_assert(result.completed == requests, "completed %ju of %ju", (uintmax_t)result.completed,
              (uintmax_t)requests);
    cr_assert(histogram_count(&result.latency_ns) == requests);
    cr_assert(histogram_count(&result.service_ns) == requests);
}

static double ms_at(const struct histogram *histogram, double quantile) {
    return (double)histogram_quantile(histogram, quantile) / 1e6;
}

/* ---- What it sends ---- */

Test(load, asks_as_often_as_told_over_kept_connections) {
    start_server(say_hello);
    run_plan(&(struct load_plan){.port = server.port, .connections = 4, .requests = 100});
    stop_server();
    expect_all_completed(100);
    cr_assert(result.body_bytes == 100 * HELLO_BODY_BYTES);
    cr_assert(result.reopened == 0);
    cr_assert(server.connections == 4, "%d connections", server.connections);
    cr_assert(server.requests == 4 + 100, "one to open each, then those told: saw %d",
              server.requests);
}

Test(load, opens_a_connection_for_each_request_when_told_to_close) {
    start_server(say_hello);
    run_plan(
        &(struct load_plan){.port = server.port, .connections = 4, .requests = 50, .close = true});
    stop_server();
    expect_all_completed(50);
    cr_assert(server.connections == 50 && server.requests == 50, "%d connections, %d requests",
              server.connections, server.requests);
}

Test(load, runs_again_on_the_same_connections) {
    start_server(say_hello);
    struct load *load =
        open_load(&(struct load_plan){.port = server.port, .connections = 3, .requests = 30});
    for (int i = 0; i < 3; i++) {
        cr_assert(load_run(load, &result) == 0);
        expect_all_completed(30);
    }
    load_close(load);
    stop_server();
    cr_assert(server.connections == 3 && server.requests == 3 + 90);
}

static bool expect_request(int fd, int number, const char *request) {
    static const char head[] = "GET /wait?ms=1 HTTP/1.1\r\nHost: 127.0.0.1:";
    bool is_right =
        strncmp(request, head, sizeof head - 1) == 0 && strstr(request, "Connection:") == NULL;
    put(fd, is_right ? hello : "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    return number > 0;
}

Test(load, asks_for_the_path_and_names_the_host) {
    start_server(expect_request);
    run_plan(&(struct load_plan){
        .port = server.port, .path = "/wait?ms=1", .connections = 1, .requests = 5});
    stop_server();
    expect_all_completed(5);
}

Test(load, takes_another_source_address_when_one_has_enough) {
    start_server(say_hello);
    run_plan(
        &(struct load_plan){.port = server.port, .connections = 5, .per_source = 2, .requests = 5});
    stop_server();
    expect_all_completed(5);
    cr_assert(server.sources == (1U << 1 | 1U << 2 | 1U << 3), "127.0.0.1 to 3, seen bits %#x",
              server.sources);
}

Test(load, ends_after_the_duration) {
    start_server(say_hello);
    run_plan(&(struct load_plan){.port = server.port, .connections = 2, .duration_ms = 100});
    stop_server();
    expect_all_completed(result.completed);
    cr_assert(result.completed > 0);
    cr_assert(server.requests == 2 + (int)result.completed);
}

Test(load, keeps_to_the_schedule_of_its_rate) {
    start_server(say_hello);
    run_plan(
        &(struct load_plan){.port = server.port, .connections = 8, .requests = 101, .rate = 500});
    stop_server();
    expect_all_completed(101);
    cr_assert(result.seconds >= 0.2, "the last of 101 is due at 200 ms; took %.3f s",
              result.seconds);
}

Test(load, counts_a_rate_out_over_the_duration) {
    start_server(say_hello);
    run_plan(&(struct load_plan){
        .port = server.port, .connections = 8, .duration_ms = 100, .rate = 1000});
    stop_server();
    expect_all_completed(100);
}

/* ---- Coordinated omission ---- */

/* Says nothing for a while, once. */
static bool stall_once(int fd, int number, const char *request) {
    if (number == STALLING_REQUEST)
        nanosleep(&(struct timespec){.tv_nsec = STALL_MS * 1000000L}, NULL);
    return say_hello(fd, number, request);
}

Test(load, open_loop_shows_a_stall_to_all_who_were_due_in_it) {
    start_server(stall_once);
    run_plan(
        &(struct load_plan){.port = server.port, .connections = 1, .requests = 1000, .rate = 1000});
    stop_server();
    expect_all_completed(1000);
    /* 400 of 1,000 requests fall due in the stall, the first 200 of them wait for half of it. */
    cr_assert(ms_at(&result.latency_ns, 0.9) >= STALL_MS / 2.0, "p90 from when due: %.1f ms",
              ms_at(&result.latency_ns, 0.9));
    cr_assert(ms_at(&result.service_ns, 1) >= STALL_MS);
    cr_assert(ms_at(&result.service_ns, 0.99) < STALL_MS / 2.0,
              "from when sent, one in 1,000 is slow; p99 was %.1f ms",
              ms_at(&result.service_ns, 0.99));
}

Test(load, closed_loop_hides_the_same_stall) {
    start_server(stall_once);
    run_plan(&(struct load_plan){.port = server.port, .connections = 1, .requests = 1000});
    stop_server();
    expect_all_completed(1000);
    cr_assert(ms_at(&result.latency_ns, 1) >= STALL_MS, "the one that met it");
    cr_assert(ms_at(&result.latency_ns, 0.99) < STALL_MS / 2.0, "p99 was %.1f ms",
              ms_at(&result.latency_ns, 0.99));
}

/* ---- What goes wrong ---- */

/* The second answer is `bytes` and then the end of the connection. */
static void expect_failure(const char *bytes, const char *reason) {
    server = (struct server){.bytes = bytes};
    start_server(answer_bytes);
    run_plan(&(struct load_plan){
        .port = server.port, .connections = 1, .requests = 1, .patience_ms = 10000});
    stop_server();
    cr_assert(result.failed == 1 && result.completed == 0, "%s: %ju failed, %ju completed", reason,
              (uintmax_t)result.failed, (uintmax_t)result.completed);
    cr_assert_str_eq(result.reason, reason);
    cr_assert(histogram_count(&result.latency_ns) == 0);
}

Test(load, counts_wrong_answers_as_failed_and_says_why) {
    expect_failure("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "status 503");
    expect_failure("220 mail.example ready\r\n", "not an HTTP/1 answer");
    expect_failure("HTTP/1.1 200 OK\r\nContent-Length: six\r\n\r\n", "bad Content-Length");
    expect_failure("HTTP/1.1 200 OK\r\nContent-Length: -6\r\n\r\n", "bad Content-Length");
    expect_failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsix\r\n",
                   "bad chunk size");
    expect_failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
                   "chunk longer than its size");
    expect_failure("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", "bytes behind the answer");
    expect_failure("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", "closed within an answer");
    expect_failure("", "closed without an answer");
}

static bool fail_now_and_then(int fd, int number, const char *request) {
    if (number % 10 != 0)
        return say_hello(fd, number, request);
    put(fd, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
    return true;
}

Test(load, goes_on_after_a_failure) {
    start_server(fail_now_and_then);
    run_plan(&(struct load_plan){.port = server.port, .connections = 1, .requests = 99});
    stop_server();
    cr_assert(result.failed == 10 && result.completed == 89, "%ju failed, %ju completed",
              (uintmax_t)result.failed, (uintmax_t)result.completed);
    cr_assert(server.connections == 10, "each failure but the last costs a connection");
}

static bool close_every_third(int fd, int number, const char *request) {
    if (number % 3 != 0)
        return say_hello(fd, number, request);
    put(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    return false;
}

Test(load, opens_again_what_the_server_said_it_would_close) {
    start_server(close_every_third);
    run_plan(&(struct load_plan){.port = server.port, .connections = 1, .requests = 21});
    stop_server();
    expect_all_completed(21);
    cr_assert(result.reopened == 7, "after requests 3, 6 ... 21; reopened %ju",
              (uintmax_t)result.reopened);
    cr_assert(server.connections == 8);
}

static bool close_after_the_third(int fd, int number, const char *request) {
    return say_hello(fd, number, request) && number != 3;
}

Test(load, opens_again_what_the_server_closed_without_a_word) {
    start_server(close_after_the_third);
    struct load *load =
        open_load(&(struct load_plan){.port = server.port, .connections = 1, .requests = 2});
    cr_assert(load_run(load, &result) == 0);
    expect_all_completed(2);
    while (server.ended == 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    cr_assert(load_run(load, &result) == 0);
    expect_all_completed(2);
    load_close(load);
    stop_server();
    cr_assert(server.connections == 2);
}

/* Answers what opens the connections, then nothing more. */
static bool fall_silent(int fd, int number, const char *request) {
    return number > 2 || say_hello(fd, number, request);
}

Test(load, gives_up_on_a_silent_server) {
    start_server(fall_silent);
    run_plan(&(struct load_plan){
        .port = server.port, .connections = 2, .requests = 10, .patience_ms = 100});
    stop_server();
    cr_assert(result.completed == 0 && result.failed == 10, "%ju completed, %ju failed",
              (uintmax_t)result.completed, (uintmax_t)result.failed);
    cr_assert_str_eq(result.reason, "no answer in time");
}

Test(load, open_loop_counts_what_it_could_not_send) {
    start_server(fall_silent);
    run_plan(&(struct load_plan){.port = server.port,
                                 .connections = 2,
                                 .duration_ms = 100,
                                 .rate = 1000,
                                 .patience_ms = 100});
    stop_server();
    cr_assert(result.completed == 0 && result.failed == 100, "%ju completed, %ju failed",
              (uintmax_t)result.completed, (uintmax_t)result.failed);
}

static uint16_t port_that_nobody_listens_on(void) {
    uint16_t port;
    close(listening_socket(&port));
    return port;
}

Test(load, says_when_nobody_listens) {
    struct load_plan plan = {
        .port = port_that_nobody_listens_on(), .connections = 3, .requests = 3};
    char reason[LOAD_REASON_BYTES] = "";
    cr_assert(load_open(&plan, reason) == NULL && errno == EPROTO);
    cr_assert_str_eq(reason, "Connection refused, after 0 connections");
    plan.close = true;
    run_plan(&plan);
    cr_assert(result.failed == 3);
    cr_assert_str_eq(result.reason, "Connection refused");
}

Test(load, refuses_plans_that_cannot_be_run) {
    const struct load_plan plans[] = {
        {.port = 1, .connections = 1}, /* without an end */
        {.port = 1, .requests = 1},    /* without a connection */
        {.port = 1, .connections = 1, .requests = 1, .rate = -1},
        {.port = 1, .connections = 1, .requests = 1, .address = "localhost"},
    };
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++)
        cr_assert(load_open(&plans[i], NULL) == NULL && errno == EINVAL, "plan %zu", i);
    load_close(NULL);
}

/* ---- Where answers end ---- */

/* However the bytes are cut in two, and one by one: whole at the last byte and no sooner. */
static void expect_end(const char *bytes, size_t body_bytes, enum load_answer_part end) {
    size_t length = strlen(bytes);
    for (size_t cut = 0; cut <= length; cut++) {
        struct load_answer answer = load_answer_expected();
        cr_assert(load_answer_read(&answer, bytes, cut) == NULL);
        cr_assert(cut == length || end != ANSWER_WHOLE || answer.part != ANSWER_WHOLE);
        cr_assert(load_answer_read(&answer, bytes + cut, length - cut) == NULL);
        cr_assert(answer.part == end && answer.body_bytes == body_bytes && answer.status == 200,
                  "cut at %zu of \"%s\"", cut, bytes);
    }
    struct load_answer answer = load_answer_expected();
    for (size_t i = 0; i < length; i++)
        cr_assert(load_answer_read(&answer, bytes + i, 1) == NULL);
    cr_assert(answer.part == end && answer.body_bytes == body_bytes);
}

Test(load, finds_where_an_answer_ends) {
    expect_end(hello, HELLO_BODY_BYTES, ANSWER_WHOLE);
    expect_end("HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", 0, ANSWER_WHOLE);
    expect_end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
               "5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
               15, ANSWER_WHOLE);
    expect_end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nName: x\r\n\r\n", 0,
               ANSWER_WHOLE);
    expect_end("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", 2,
               ANSWER_WHOLE);
    expect_end("HTTP/1.0 200 OK\r\n\r\nto the end", 10, ANSWER_BODY_UNTIL_CLOSE);
    expect_end("HTTP/1.1 200 OK\r\nName: a value longer than the line that is kept, a value longer "
               "than the line that is kept\r\nContent-Length: 1\r\n\r\na",
               1, ANSWER_WHOLE);
}

static bool speak_until_close(int fd, int number, const char *request) {
    (void)request;
    put(fd, "HTTP/1.0 200 OK\r\n\r\nall of it");
    return number < 0;
}

Test(load, takes_the_end_of_the_connection_as_the_end_of_the_answer) {
    start_server(speak_until_close);
    run_plan(&(struct load_plan){.port = server.port, .connections = 2, .requests = 10});
    stop_server();
    expect_all_completed(10);
    cr_assert(result.body_bytes == 90);
}
