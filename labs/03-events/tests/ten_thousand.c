/* Step ten_thousand: connections that say nothing cost memory and nothing else. */
#include <string.h>
#include <sys/resource.h>

#include "common/net.h"
#include "labs/02-threads/tests/requests.h"

TestSuite(ten_thousand);

enum { MANY = 10000, SPARE = 100 };

/* The server inherits the limit. */
static int64_t raise_limit(void) {
    int64_t many = connections_for(MANY);
    long limit = net_raise_descriptor_limit();
    if (limit < many + SPARE)
        unmeasured("this takes %d descriptors and the hard limit is %ld; `ulimit -Hn %d` as root "
                   "raises it",
                   MANY + SPARE, limit, MANY + SPARE);
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
    const int64_t many = raise_limit(), most_bytes = 512;
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
    const int64_t few = calls_with(10), many = calls_with(300), spare = 10;
    BUDGET_NUMBER_AT_MOST("calls for 50 requests beside 300 idle connections", "calls", many,
                          few + spare, "as many as beside 10: who is idle is not asked");
}
