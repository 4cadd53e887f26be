/*
 * stall: how long does /hello take while another client makes the server compute? One client asks
 * for /burn?ms=N again and again; others ask for /hello on a fixed schedule, each timed from when it
 * was due (common/load.h says why). Prints the latencies as CSV, a row for each N; 0: nobody burns.
 *
 *     stall SERVER [ARGUMENT...]
 *
 * Left out: several that burn, which would need as many processors to go on side by side.
 */
#include "common/net.h"
#include "labs/02-threads/experiment/measuring.h"

enum {
    RATE = 500,        /* of /hello, per second */
    CONNECTIONS = 200, /* more than fall due in the longest stall, so that none waits for another */
    RUN_MS = 1000,
    BURNS_MOST_MS = 20000,
};

static const int burns_ms[] = {0, 1, 10, 100};
enum { BURNS = sizeof burns_ms / sizeof burns_ms[0] };

/* A process, for a load is run by whoever waits for its end. It dies with this one. */
static pid_t begin_burning(const struct server *server, int ms) {
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char path[32];
    snprintf(path, sizeof path, "/burn?ms=%d", ms);
    static struct load_result result;
    struct load *load = open_or_end(&(struct load_plan){
        .port = server->port, .path = path, .connections = 1, .duration_ms = BURNS_MOST_MS});
    load_run(load, &result);
    _exit(EXIT_SUCCESS);
}

static void end_burning(pid_t pid, int ms) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    sleep_ms(2 * ms); /* the server may not have heard of it yet */
}

static void measure(const struct server *server, int burn_ms) {
    static struct load_result result;
    struct load *load = open_or_end(&(struct load_plan){.port = server->port,
                                                        .path = "/hello",
                                                        .connections = CONNECTIONS,
                                                        .rate = RATE,
                                                        .duration_ms = RUN_MS});
    pid_t burning = burn_ms > 0 ? begin_burning(server, burn_ms) : 0;
    if (load_run(load, &result) < 0)
        die("load");
    if (burning > 0)
        end_burning(burning, burn_ms);
    load_close(load);
    if (result.failed > 0)
        error_because("requests", "%ju failed: %s", (uintmax_t)result.failed, result.reason);
    printf("%d,%.0f,%.0f,%.0f,%ju\n", burn_ms, microseconds(&result.latency_ns, 0.5),
           microseconds(&result.latency_ns, 0.99), microseconds(&result.latency_ns, 1),
           (uintmax_t)result.failed);
    fflush(stdout); /* or the next that is forked has it as well */
}

int main(int argc, char **argv) {
    if (argc < 2) {
        error_because("usage", "stall SERVER [ARGUMENT...]");
        return 2;
    }
    struct server server = server_start(argv + 1);
    printf("burn_ms,p50_us,p99_us,max_us,failed\n");
    fflush(stdout);
    for (size_t i = 0; i < BURNS; i++)
        measure(&server, burns_ms[i]);
    server_stop(&server);
    return ferror(stdout) || fclose(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
