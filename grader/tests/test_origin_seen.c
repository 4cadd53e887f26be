/* What the testkit's origin remembers, and that it takes requests in any piece and number. */
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "grader/testkit/origin_parts.h"
#include "grader/tests/origin_asker.h"

TestSuite(origin_seen, .timeout = 120, .init = make_kit);

static struct origin *origin_with(struct page page) {
    struct origin *origin = start_origin();
    serve_page(origin, page);
    return origin;
}

/* ---- Connections ---- */

Test(origin_seen, counts_what_each_connection_served) {
    struct origin *origin = origin_with((struct page){.path = "/a*", .size_bytes = 10});
    serve_page(origin, (struct page){.path = "/ac", .size_bytes = 10, .closes = true});
    CURL *curl = curl_easy_init();
    for (int i = 0; i < 5; i++)
        cr_expect_eq(ask_with(curl, origin_url(origin, 1, "/ab"), NULL, 0).connects, i == 0);
    ask_with(curl, origin_url(origin, 1, "/ac"), NULL, 0);
    cr_expect_eq(ask_with(curl, origin_url(origin, 1, "/ab"), NULL, 0).connects, 1);
    cr_expect_eq(requests_on(origin, 0), 6);
    cr_expect_eq(requests_on(origin, 1), 1);
    cr_expect_eq(traffic_of(origin).connections, 2);
    cr_expect_eq(traffic_of(origin).most_open, 1);
    curl_easy_cleanup(curl);
    AWAIT(traffic_of(origin).open == 0);
}

Test(origin_seen, takes_requests_in_any_pieces) {
    struct origin *origin = origin_with((struct page){.path = "/a", .size_bytes = 3});
    static const char text[] = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    int fd = connect_to(origin);
    for (size_t i = 0; i < sizeof text - 1; i++)
        cr_assert_eq(send(fd, text + i, 1, MSG_NOSIGNAL), 1);
    expect_part(hear_all(fd), "Content-Length: 3\r\n");
    fd = connect_to(origin);
    say(fd, "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET /a HTTP/1.0\r\n\r\n");
    const char *answers = hear_all(fd);
    expect_part(answers, "404 Not Found");
    cr_expect_eq(traffic_of(origin).requests, 4);
    cr_expect_eq(traffic_of(origin).most_in_flight, 1, "one behind the other");
}

Test(origin_seen, refuses_what_is_no_request) {
    struct origin *origin = origin_with((struct page){.path = "/a"});
    int fd = connect_to(origin);
    say(fd, "hello?\r\n\r\n");
    expect_part(hear_all(fd), "HTTP/1.1 400 ");
    cr_expect_str_eq(request_seen(origin, 0).method, "");
    cr_expect_eq(request_seen(origin, 0).status, 400);
}

/* A client that opens a connection when it has closed another never has two. */
Test(origin_seen, sees_one_thing_after_the_other_as_the_client_did_it) {
    struct origin *origin = origin_with((struct page){.path = "/a", .held = true});
    for (int i = 0; i < 500; i++) {
        int fd = connect_to(origin);
        say_get(fd, "/a", "");
        if (i % 3 ==
            0) /* and once it is only a connection yet, and once it may not be seen at all */
            AWAIT(traffic_of(origin).requests == i + 1);
        if (i % 3 == 1)
            AWAIT(traffic_of(origin).connections == i + 1);
        close(fd);
    }
    AWAIT(traffic_of(origin).open == 0);
    cr_expect_eq(traffic_of(origin).most_open, 1);
    cr_expect_eq(traffic_of(origin).most_in_flight, 1);
    cr_expect_eq(traffic_of(origin).connections, 500);
    cr_expect_eq(traffic_of(origin).requests, 500);
}

/* ---- Requests ---- */

Test(origin_seen, remembers_each_request) {
    struct origin *origin =
        origin_with((struct page){.path = "/a", .size_bytes = 1000, .latency_ms = 20});
    const int64_t before_ns = ledger_clock_ns();
    hear_answer_to(origin, "/a", "Range: bytes=10-19\r\nIf-Range: \"x\"\r\n");
    hear_answer_to(origin, "/a", "Range: bytes=10-19\r\n");
    ask_url(origin_url(origin, 7, "/a"), NULL);
    const struct request first = request_seen(origin, 0), second = request_seen(origin, 1),
                         third = request_seen(origin, 2);
    cr_expect_str_eq(first.method, "GET");
    cr_expect_str_eq(first.path, "/a");
    cr_expect_str_eq(first.range, "bytes=10-19");
    cr_expect_str_eq(first.if_range, "\"x\"");
    cr_expect_eq(first.status, 200);
    cr_expect_eq(first.outcome, ANSWERED);
    cr_expect_geq(first.began_ns, before_ns);
    cr_expect_geq(first.ended_ns, first.began_ns + 20000000);
    cr_expect_geq(second.began_ns, first.ended_ns);
    cr_expect_null(second.if_range);
    cr_expect_eq(second.status, 206);
    cr_expect_eq(second.sent_bytes, 10);
    cr_expect_eq(second.attempt, 2);
    cr_expect_eq(second.connection, 1);
    cr_expect_eq(third.host, 7);
    cr_expect_eq(third.attempt, 1);
    cr_expect_null(third.range);
}

Test(origin_seen, counts_requests_by_path_and_host) {
    struct origin *origin = origin_with((struct page){.path = "/*", .size_bytes = 10});
    static const char *const paths[] = {"/a", "/b", "/a", "/ab"};
    for (int i = 0; i < 4; i++)
        ask_url(origin_url(origin, 1 + i % 2, paths[i]), NULL);
    cr_expect_eq(requests_for(origin, "/a"), 2);
    cr_expect_eq(requests_for(origin, "/a*"), 3);
    cr_expect_eq(requests_for(origin, "/c"), 0);
    cr_expect_eq(traffic_at(origin, 1).requests, 2);
    cr_expect_eq(traffic_at(origin, 2).sent_bytes, 20);
    cr_expect_eq(traffic_at(origin, 3).requests, 0);
    cr_expect_eq(traffic_of(origin).requests, 4);
}

Test(origin_seen, knows_what_is_in_flight_and_who_has_given_up) {
    enum { ALL = 10 };
    struct origin *origin = origin_with((struct page){.path = "/a", .held = true});
    int fds[ALL];
    for (size_t i = 0; i < ALL; i++) {
        fds[i] = connect_to(origin);
        say_get(fds[i], "/a", "");
    }
    AWAIT(traffic_of(origin).in_flight == ALL);
    close(fds[3]);
    AWAIT(traffic_of(origin).in_flight == ALL - 1);
    cr_expect_eq(request_seen(origin, 3).outcome, GIVEN_UP);
    cr_expect_gt(request_seen(origin, 3).ended_ns, 0);
    cr_expect_eq(request_seen(origin, 4).outcome, UNDER_WAY);
    release_one(origin, NULL);
    AWAIT(request_seen(origin, 0).outcome == ANSWERED);
    cr_expect_eq(traffic_of(origin).in_flight, ALL - 2);
    release_all(origin);
    AWAIT(traffic_of(origin).in_flight == 0);
    say_get(fds[0], "/a", "Connection: close\r\n");
    expect_part(hear_all(fds[0]), "200 OK");
    lock_sound(origin);
    const int64_t being_answered = origin->being_answered;
    pthread_mutex_unlock(&origin->lock);
    cr_expect_eq(being_answered, 0, "a barrier would wait for %lld", (long long)being_answered);
    cr_expect_eq(traffic_of(origin).most_in_flight, ALL);
    cr_expect_eq(traffic_at(origin, 1).most_in_flight, ALL);
}

/* ---- Many ---- */

/* One connection, and all of them asked for before an answer is looked at. */
Test(origin_seen, serves_ten_thousand_requests) {
    enum { ALL = 10000 };
    struct origin *origin = origin_with((struct page){.path = "/many-*", .size_bytes = 100});
    CURL *curl = curl_easy_init();
    for (int i = 0; i < ALL; i++) {
        char path[32];
        snprintf(path, sizeof path, "/many-%d", i);
        const struct page page = {.path = path};
        struct asked asked = ask_with(curl, origin_url(origin, 1, path), &page, 0);
        cr_assert(asked.status == 200 && asked.bytes == 100 && asked.wrong == 0, "%d", i);
    }
    cr_expect_eq(traffic_of(origin).requests, ALL);
    cr_expect_eq(traffic_of(origin).connections, 1);
    cr_expect_eq(requests_for(origin, "/many-*"), ALL);
    cr_expect_eq(request_seen(origin, ALL - 1).attempt, 1);
    curl_easy_cleanup(curl);
}

Test(origin_seen, holds_hundreds_of_connections) {
    enum { ALL = 400 };
    static int fds[ALL];
    struct origin *origin =
        origin_with((struct page){.path = "/a", .size_bytes = 100000, .latency_ms = 50});
    for (size_t i = 0; i < ALL; i++) {
        fds[i] = connect_to(origin);
        say_get(fds[i], "/a", "Connection: close\r\n");
    }
    for (size_t i = 0; i < ALL; i++)
        expect_part(hear_all(fds[i]), "Content-Length: 100000\r\n");
    cr_expect_eq(traffic_of(origin).connections, ALL);
    AWAIT(traffic_of(origin).open == 0);
    cr_expect_eq(traffic_of(origin).sent_bytes, INT64_C(100000) * ALL);
}

/* Three at a time are served, and the others wait in the kernel. */
Test(origin_seen, goes_on_when_it_has_descriptors_again) {
    enum { ALL = 12, ROOM = 3 };
    struct origin *origin = origin_with((struct page){.path = "/a", .size_bytes = 100});
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)origin_port(origin)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fds[ALL];
    for (size_t i = 0; i < ALL; i++)
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const rlim_t room = (rlim_t)fds[ALL - 1] + 1 + ROOM;
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){room, room});
    for (size_t i = 0; i < ALL; i++) {
        cr_assert_eq(connect(fds[i], (const struct sockaddr *)(const void *)&to, sizeof to), 0);
        say_get(fds[i], "/a", "");
    }
    AWAIT(traffic_of(origin).requests == ROOM);
    for (size_t i = 0; i < ALL; i++) {
        AWAIT(traffic_of(origin).requests > (int64_t)i);
        close(fds[i]);
    }
    AWAIT(traffic_of(origin).requests == ALL);
}

static int open_descriptors(bool inherited) {
    int count = 0;
    for (int fd = 3; fd < 1024; fd++) {
        int flags = fcntl(fd, F_GETFD);
        count += flags >= 0 && (!inherited || (flags & FD_CLOEXEC) == 0);
    }
    return count;
}

Test(origin_seen, hands_no_descriptor_on_and_keeps_none) {
    const int inherited = open_descriptors(true);
    struct origin *origin = origin_with((struct page){.path = "/a", .held = true});
    const int all = open_descriptors(false);
    int fd = connect_to(origin);
    say_get(fd, "/a", "");
    AWAIT(traffic_of(origin).in_flight == 1);
    cr_expect_eq(open_descriptors(false), all + 2);
    cr_expect_eq(open_descriptors(true), inherited);
    close(fd);
    AWAIT(traffic_of(origin).open == 0);
    cr_expect_eq(open_descriptors(false), all);
}

static int64_t own_cpu_ms(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* As a program that is being started has, between fork and exec. Events that came on and on for a
 * connection that is freed would show as a thread that never rests. */
Test(origin_seen, forgets_a_connection_of_which_somebody_has_a_copy) {
    struct page page = {.path = "/a", .size_bytes = 100};
    struct origin *origin = origin_with(page);
    int fd = connect_to(origin);
    AWAIT(traffic_of(origin).open == 1);
    pid_t holder = fork();
    if (holder == 0) {
        close(fd);
        for (;;)
            pause();
    }
    close(fd);
    AWAIT(traffic_of(origin).open == 0);
    expect_right(ask(origin, &page), 200, 100);
    const int64_t before_ms = own_cpu_ms();
    usleep(300 * 1000);
    cr_expect_lt(own_cpu_ms() - before_ms, 30);
    kill(holder, SIGKILL);
    cr_expect_eq(waitpid(holder, NULL, 0), holder);
}

Test(origin_seen, is_one_of_several) {
    struct origin *first = origin_with((struct page){.path = "/a", .size_bytes = 1});
    struct origin *second = origin_with((struct page){.path = "/a", .size_bytes = 2});
    expect_right(ask_url(origin_url(first, 1, "/a"), NULL), 200, 1);
    expect_right(ask_url(origin_url(second, 1, "/a"), NULL), 200, 2);
    cr_expect_eq(traffic_of(first).requests, 1);
    cr_expect_eq(traffic_of(second).requests, 1);
}
