/* Step ten_thousand: connections that say nothing cost memory and nothing else. */
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include "common/net.h"
#include "labs/02-threads/tests/requests.h"

TestSuite(ten_thousand);

enum { MANY = 10000, SPARE = 100 };

/* The server inherits the limit. */
static int64_t raise_limit(int64_t wanted) {
    int64_t many = connections_for(wanted);
    long limit = net_raise_descriptor_limit();
    if (limit < many + SPARE)
        unmeasured("this takes %d descriptors and the hard limit is %ld; `ulimit -Hn %d` as root "
                   "raises it",
                   (int)many + SPARE, limit, (int)many + SPARE);
    return many;
}

static struct client *clients[MANY];

static void connect_many(struct run *server, int64_t many) {
    connect_clients(server, clients, (size_t)many);
    step("ask for /hello on each");
    for (int64_t i = 0; i < many; i++)
        send_get(clients[i], "/hello");
    for (int64_t i = 0; i < many; i++)
        expect_hello(clients[i]);
}

Test(ten_thousand, idle_connections) {
    const int64_t many = raise_limit(MANY), most_bytes = 512;
    struct run *server = start_server(ANY_PORT, "--max-connections", "20000", "--timeout", "60000");
    const struct procfs_status before = status_of(server);
    connect_many(server, many);
    const struct procfs_status after = status_of(server);
    const int64_t each_bytes = (after.vm_rss_kib - before.vm_rss_kib) * 1024 / many;
    measure("bytes_per_idle_connection", each_bytes, "bytes of memory");
    BUDGET_NUMBER_AT_MOST("resident memory for an idle connection", "bytes of memory", each_bytes,
                          most_bytes, "buffers exist only while there are bytes in them");
    EXPECT_NUMBER("threads", 1, after.threads);
    say_hello(clients[many / 2]);
    stop_server(server);
}

/* The calls of 50 requests on one connection while `others` lie idle. */
static int64_t calls_with(size_t others) {
    enum { REQUESTS = 50 };
    struct run *server = start_server_traced(ANY_PORT, "--timeout", "60000");
    connect_clients(server, clients, others);
    struct client *busy = connect_quiet_client(server);
    say_hello(busy);
    pause_ms(server, 100);
    const int64_t from_ns = ledger_clock_ns();
    for (int i = 0; i < REQUESTS; i++)
        say_hello(busy);
    const int64_t to_ns = ledger_clock_ns();
    stop_server(server);
    return ledger_calls_between(ledger_of(server), from_ns, to_ns);
}

Test(ten_thousand, a_request_costs_the_same) {
    const int64_t few = calls_with(10), many = calls_with(300), spare = 100;
    BUDGET_NUMBER_AT_MOST(
        "calls for 50 requests beside 300 idle connections", "calls and wake-ups", many,
        few + spare,
        "as many as beside 10, but for a wake-up here and there: who is idle is not asked");
}

enum { FEW = 10, TIMES = 100, ROUNDS = 5 };

static struct client *with_idle(struct run *server, int64_t others) {
    connect_clients(server, clients, (size_t)others);
    struct client *busy = connect_client(server);
    say_hello(busy);
    busy->quiet = true;
    await_sleep(server);
    return busy;
}

static int64_t time_of_requests(struct run *server, struct client *client) {
    const int64_t before_ns = cpu_ns_of(server);
    for (int i = 0; i < TIMES; i++)
        say_hello(client);
    return cpu_ns_of(server) - before_ns;
}

/* A wake-up on another processor costs three times as much as one on the same, and which it is stays
 * as it is for seconds: all of us on one, and the servers, which inherit this. */
static void share_one_processor(void) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((unsigned)sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Going over all of them need not be a call: two servers, in turn, and the processor time of both. */
Test(ten_thousand, a_request_takes_the_same_time) {
    const int64_t many = raise_limit(MANY), most_times = 2;
    share_one_processor();
    struct run *idle_few = start_server(ANY_PORT, "--timeout", "60000");
    struct run *idle_many =
        start_server(ANY_PORT, "--timeout", "60000", "--max-connections", "20000");
    struct client *few = with_idle(idle_few, FEW), *beside = with_idle(idle_many, many);
    int64_t few_ns = INT64_MAX, many_ns = INT64_MAX; /* the least, for others use the caches too */
    for (int i = 0; i < ROUNDS; i++) {
        few_ns = least(few_ns, time_of_requests(idle_few, few));
        many_ns = least(many_ns, time_of_requests(idle_many, beside));
    }
    const int64_t few_us = few_ns / 1000;
    BUDGET_NUMBER_AT_MOST("processor time of 100 requests beside 10,000 idle connections", "us",
                          many_ns / 1000, most_times * few_us,
                          "epoll_wait(2) tells who is ready; who is not costs nothing");
    stop_server(idle_few);
    stop_server(idle_many);
}

/* Most programs are given 1,024 descriptors and may have more if they ask. */
Test(ten_thousand, asks_for_descriptors) {
    enum { GIVEN = 64, CLIENTS = 100 };
    struct rlimit before;
    if (connections_for(MANY) < MANY)
        unmeasured("an instrument has descriptors of its own, and valgrind keeps the first limit");
    getrlimit(RLIMIT_NOFILE, &before);
    if (before.rlim_max < CLIENTS + 50)
        unmeasured("the hard limit of descriptors is %ld", (long)before.rlim_max);
    const struct rlimit given = {.rlim_cur = GIVEN, .rlim_max = before.rlim_max};
    step("give it %d descriptors, and let it have more", GIVEN);
    setrlimit(RLIMIT_NOFILE, &given);
    struct run *server = start_server(ANY_PORT);
    setrlimit(RLIMIT_NOFILE, &before);
    connect_clients(server, clients, CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++)
        say_hello(clients[i]);
    stop_server(server);
}
