/*
 * wakeups: what does a wake-up cost while others are connected and silent? Opens more and more
 * connections that stay idle, lets 1 and then 64 others ask for /hello as fast as they get answers,
 * and prints the server's processor time per request as CSV.
 *
 *     wakeups SERVER [ARGUMENT...]
 *
 * With one that asks, each request wakes the server once, so what a wake-up costs is in it whole;
 * with 64 a wake-up finds several requests, which share it. Left out: the time that clients see, for
 * the generator needs a processor, too, and `latency` measures that.
 */
#include "common/net.h"
#include "labs/02-threads/experiment/measuring.h"

enum { RUN_MS = 400 };

static const int idle_counts[] = {10, 100, 1000, 5000, 10000};
static const int busy_counts[] = {1, 64};
enum {
    IDLE_COUNTS = sizeof idle_counts / sizeof idle_counts[0],
    BUSY_COUNTS = sizeof busy_counts / sizeof busy_counts[0],
};

/* Opens connections, each answered once. NULL when that can't be: then it has said so. */
static struct load *connect_all(const struct server *server, int connections) {
    struct load_plan plan = {
        .port = server->port, .path = "/hello", .connections = connections, .duration_ms = RUN_MS};
    char reason[LOAD_REASON_BYTES] = "";
    struct load *load = load_open(&plan, reason);
    if (load == NULL)
        error_because("connections", "%d more: %s", connections, reason);
    return load;
}

static bool measure(const struct server *server, int idle, int busy) {
    static struct load_result result;
    struct load *load = connect_all(server, busy);
    if (load == NULL)
        return false;
    int64_t before_ns = cpu_ns(server->pid);
    if (load_run(load, &result) < 0)
        die("load");
    double used_us = (double)(cpu_ns(server->pid) - before_ns) / 1e3;
    load_close(load);
    if (result.failed > 0 || result.completed == 0) {
        error_because("requests", "%ju failed: %s", (uintmax_t)result.failed, result.reason);
        return false;
    }
    double requests = (double)result.completed;
    printf("%d,%d,%.0f,%.3f\n", busy, idle, requests / result.seconds, used_us / requests);
    return true;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        error_because("usage", "wakeups SERVER [ARGUMENT...]");
        return 2;
    }
    net_raise_descriptor_limit();
    struct server server = server_start(argv + 1);
    struct load *silent[IDLE_COUNTS] = {NULL};
    bool is_open = true;
    printf("busy,idle,requests_per_second,cpu_us_per_request\n");
    for (size_t i = 0; i < IDLE_COUNTS && is_open; i++) {
        silent[i] = connect_all(&server, idle_counts[i] - (i > 0 ? idle_counts[i - 1] : 0));
        is_open = silent[i] != NULL;
        for (size_t j = 0; j < BUSY_COUNTS && is_open; j++)
            is_open = measure(&server, idle_counts[i], busy_counts[j]);
    }
    for (size_t i = 0; i < IDLE_COUNTS; i++)
        load_close(silent[i]);
    server_stop(&server);
    return ferror(stdout) || fclose(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
