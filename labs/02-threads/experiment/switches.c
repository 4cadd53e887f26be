/*
 * switches: how often does the kernel change threads to answer a request? Starts a server, asks it
 * for /hello over kept connections at several rates and as fast as it answers, and prints context
 * switches and processor time per request as CSV: medians of rounds that go round all loads.
 *
 *     switches [--once] SERVER [ARGUMENT...]
 *
 * Voluntary: the thread waited, for a request or a lock. Involuntary: its time was up, or another
 * went first. Left out: the generator's own switches, and threads that end, whose counts go with
 * them; kept connections keep theirs.
 */
#include <dirent.h>

#include "common/net.h"
#include "common/procfs.h"
#include "labs/02-threads/experiment/measuring.h"

enum { ROUNDS = 3, RUN_MS = 600, SETTLES_MS = 3000 };

static const int connection_counts[] = {1, 16, 64, 256};
static const double rates[] = {500, 2000, 8000, 0}; /* 0: as fast as answers come */
enum {
    COUNTS = sizeof connection_counts / sizeof connection_counts[0],
    RATES = sizeof rates / sizeof rates[0],
};

struct counters {
    int64_t voluntary;
    int64_t involuntary;
    int64_t cpu_ns;
    int threads;
};

/* Per request, a value a round. */
struct cell {
    double per_second[ROUNDS];
    double voluntary[ROUNDS];
    double involuntary[ROUNDS];
    double cpu_us[ROUNDS];
};

static struct cell cells[COUNTS][RATES];
static struct load_result result;
static bool is_once;

static struct counters counters_of(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL)
        die(path);
    struct counters sum = {.cpu_ns = cpu_ns(pid)};
    const struct dirent *entry;
    while ((entry = readdir(tasks)) != NULL) {
        struct procfs_status status;
        pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
        if (thread == 0 || procfs_status(thread, &status) < 0)
            continue; /* "." and "..", or a thread that has ended meanwhile */
        sum.voluntary += status.voluntary_switches;
        sum.involuntary += status.involuntary_switches;
        sum.threads++;
    }
    closedir(tasks);
    return sum;
}

/* Threads of connections that are closed need a moment to end; counts must not go with them. */
static void wait_until_threads_ended(pid_t pid, int threads) {
    int64_t deadline_ns = deadline_in_ms(SETTLES_MS);
    while (counters_of(pid).threads > threads && milliseconds_left(deadline_ns) > 0)
        sleep_ms(5);
}

static void measure(const struct server *server, int connections, double rate, size_t round,
                    struct cell *cell) {
    struct load_plan plan = {.port = server->port,
                             .path = "/hello",
                             .connections = connections,
                             .rate = rate,
                             .duration_ms = is_once ? RUN_MS / 2 : RUN_MS};
    struct load *load = open_or_end(&plan);
    struct counters before = counters_of(server->pid);
    if (load_run(load, &result) < 0)
        die("load");
    struct counters after = counters_of(server->pid);
    load_close(load);

    if (result.failed > 0 || result.completed == 0)
        error_because("requests", "%ju failed: %s", (uintmax_t)result.failed, result.reason);
    if (after.threads != before.threads)
        error_because("threads", "%d before and %d after: some switches are not counted",
                      before.threads, after.threads);
    double requests = (double)result.completed;
    cell->per_second[round] = requests / result.seconds;
    cell->voluntary[round] = (double)(after.voluntary - before.voluntary) / requests;
    cell->involuntary[round] = (double)(after.involuntary - before.involuntary) / requests;
    cell->cpu_us[round] = (double)(after.cpu_ns - before.cpu_ns) / requests / 1e3;
}

static void print_rows(size_t rounds) {
    printf("connections,rate,requests_per_second,voluntary_per_request,involuntary_per_request,"
           "cpu_us_per_request\n");
    for (size_t i = 0; i < COUNTS; i++) {
        for (size_t j = 0; j < RATES; j++) {
            struct cell *cell = &cells[i][j];
            char rate[32] = "closed_loop";
            if (rates[j] > 0)
                snprintf(rate, sizeof rate, "%.0f", rates[j]);
            printf("%d,%s,%.0f,%.3f,%.4f,%.2f\n", connection_counts[i], rate,
                   median(cell->per_second, rounds), median(cell->voluntary, rounds),
                   median(cell->involuntary, rounds), median(cell->cpu_us, rounds));
        }
    }
}

int main(int argc, char **argv) {
    is_once = take_once(&argc, &argv);
    const size_t rounds = is_once ? 1 : ROUNDS;
    if (argc < 2) {
        error_because("usage", "switches [--once] SERVER [ARGUMENT...]");
        return 2;
    }
    net_raise_descriptor_limit();
    struct server server = server_start(argv + 1);
    int threads = counters_of(server.pid).threads;
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < COUNTS; i++)
            for (size_t j = 0; j < RATES; j++) {
                measure(&server, connection_counts[i], rates[j], round, &cells[i][j]);
                wait_until_threads_ended(server.pid, threads);
            }
    server_stop(&server);
    print_rows(rounds);
    return ferror(stdout) || fclose(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
