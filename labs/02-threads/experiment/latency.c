/*
 * latency: how many requests does a server answer, and how long does each take? For each number of
 * connections, a closed loop finds the throughput; then an open loop at half of that rate finds the
 * latency, from when each request was due (common/load.h says why). Prints medians of rounds that go
 * round all numbers of connections, as CSV.
 *
 *     latency [--once] SERVER [ARGUMENT...]
 *
 * The columns `sent_...` are the same answers timed from when their request was sent, and `closed_...`
 * those of the closed loop: what is usually printed. Left out: rates near the limit, where the
 * length of the run decides the latency. `failed` is of all rounds.
 */
#include <math.h>
#include <sys/sysinfo.h>

#include "common/net.h"
#include "labs/02-threads/experiment/measuring.h"

enum { ROUNDS = 3, CLOSED_MS = 1500, OPEN_MS = 2500 };

static const int connection_counts[] = {1, 16, 64, 256, 1000};
enum { COUNTS = sizeof connection_counts / sizeof connection_counts[0] };

enum value {
    THROUGHPUT, /* requests per second, closed loop */
    CLOSED_P99, /* this and all below in microseconds */
    CLOSED_P999,
    RATE, /* requests per second, open loop */
    P50,
    P99,
    P999,
    MOST,
    SENT_P99,
    SENT_P999,
    OTHERS, /* percent of all processors' time that neither server nor generator used */
    VALUES,
};
static const char header[] =
    "connections,requests_per_second,closed_p99_us,closed_p999_us,rate,p50_us,p99_us,p999_us,"
    "max_us,sent_p99_us,sent_p999_us,others_percent,failed";

static double values[COUNTS][VALUES][ROUNDS];
static uint64_t failed[COUNTS];
static struct load_result result;
static bool is_once;

static void run_plan(const struct load_plan *plan) {
    struct load *load = open_or_end(plan);
    if (load_run(load, &result) < 0)
        die("load");
    load_close(load);
    if (result.failed > 0)
        error_because("requests", "%ju of %d connections failed: %s", (uintmax_t)result.failed,
                      plan->connections, result.reason);
    if (result.completed == 0)
        exit(EXIT_FAILURE);
}

/* Processor time so far, in seconds: what the machine used besides this measurement. */
static double others_seconds(const struct server *server) {
    double all = (double)machine_ticks() / (double)sysconf(_SC_CLK_TCK);
    return all - (double)(cpu_ns(server->pid) + cpu_ns(getpid())) / 1e9;
}

static void measure(const struct server *server, size_t which, size_t round) {
    double others_before = others_seconds(server);
    int64_t start_ns = monotonic_ns();
    struct load_plan plan = {.port = server->port,
                             .path = "/hello",
                             .connections = connection_counts[which],
                             .duration_ms = is_once ? CLOSED_MS / 2 : CLOSED_MS};
    run_plan(&plan);
    failed[which] += result.failed;
    double throughput = (double)result.completed / result.seconds;
    double closed_p99 = microseconds(&result.latency_ns, 0.99);
    double closed_p999 = microseconds(&result.latency_ns, 0.999);

    plan.rate = throughput / 2;
    plan.duration_ms = is_once ? OPEN_MS / 2 : OPEN_MS;
    run_plan(&plan);
    failed[which] += result.failed;
    double available = (double)(monotonic_ns() - start_ns) / 1e9 * (double)get_nprocs();
    const double seen[VALUES] = {
        [THROUGHPUT] = throughput,
        [CLOSED_P99] = closed_p99,
        [CLOSED_P999] = closed_p999,
        [RATE] = (double)result.completed / result.seconds,
        [P50] = microseconds(&result.latency_ns, 0.5),
        [P99] = microseconds(&result.latency_ns, 0.99),
        [P999] = microseconds(&result.latency_ns, 0.999),
        [MOST] = microseconds(&result.latency_ns, 1),
        [SENT_P99] = microseconds(&result.service_ns, 0.99),
        [SENT_P999] = microseconds(&result.service_ns, 0.999),
        [OTHERS] = fmax(0, (others_seconds(server) - others_before) / available * 100),
    };
    for (size_t value = 0; value < VALUES; value++)
        values[which][value][round] = seen[value];
}

int main(int argc, char **argv) {
    is_once = take_once(&argc, &argv);
    const size_t rounds = is_once ? 1 : ROUNDS;
    if (argc < 2) {
        error_because("usage", "latency [--once] SERVER [ARGUMENT...]");
        return 2;
    }
    net_raise_descriptor_limit();
    struct server server = server_start(argv + 1);
    for (size_t round = 0; round < rounds; round++)
        for (size_t which = 0; which < COUNTS; which++)
            measure(&server, which, round);
    server_stop(&server);

    printf("%s\n", header);
    for (size_t which = 0; which < COUNTS; which++) {
        printf("%d", connection_counts[which]);
        for (size_t value = 0; value < VALUES; value++)
            printf(",%.0f", median(values[which][value], rounds));
        printf(",%ju\n", (uintmax_t)failed[which]);
    }
    return ferror(stdout) || fclose(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
