/*
 * calls: what does a server ask of the kernel to answer a request? Runs it under strace(1), asks for
 * /hello at low rates and then over more and more connections as fast as it answers, and prints as
 * CSV how often it made each call, per request.
 *
 *     calls SERVER [ARGUMENT...]
 *
 * Server and strace share one processor: each call stops the server and wakes strace, which costs
 * ten times as much across processors. So nothing here is timed, and threads do not run side by
 * side. Left out: the calls that open and close connections; times in strace's log tell them apart.
 */
#include <dirent.h>
#include <sched.h>
#include <string.h>

#include "labs/02-threads/experiment/measuring.h"

enum { CALLS_MOST = 64, ARGUMENTS_MOST = 64, SETTLE_MS = 150 };

static const struct {
    double rate; /* 0: as fast as answers come */
    int connections, requests;
} kinds[] = {
    {500, 64, 500}, {2000, 64, 2000}, {0, 1, 2000}, {0, 16, 2000}, {0, 64, 2000}, {0, 256, 2000},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static struct window {
    double start, end; /* seconds since 1970, as in the log */
    double requests;
} windows[KINDS];

static struct call {
    char name[32];
    int seen[KINDS];
} calls[CALLS_MOST];

static char folder[] = "/tmp/calls.XXXXXX";

static double now_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* -D: strace is the server's grandchild, so the process that is started is the server itself. */
static struct server start_traced(int argc, char **argv) {
    static char log[sizeof folder + 2];
    char *words[ARGUMENTS_MOST] = {"strace", "-D", "-ff",         "-qq", "-ttt", "-s",
                                   "0",      "-e", "signal=none", "-o",  log};
    snprintf(log, sizeof log, "%s/t", folder);
    size_t count = 0;
    while (words[count] != NULL)
        count++;
    for (int i = 1; i < argc && count + 1 < ARGUMENTS_MOST; i++)
        words[count++] = argv[i];

    cpu_set_t all, one;
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    if (sched_getaffinity(0, sizeof all, &all) < 0 || sched_setaffinity(0, sizeof one, &one) < 0)
        die("affinity");
    struct server server = server_start(words); /* it inherits the one */
    if (sched_setaffinity(0, sizeof all, &all) < 0)
        die("affinity");
    return server;
}

static void ask(const struct server *server, size_t which) {
    static struct load_result result;
    struct load_plan plan = {.port = server->port,
                             .path = "/hello",
                             .connections = kinds[which].connections,
                             .rate = kinds[which].rate,
                             .requests = kinds[which].requests};
    struct load *load = open_or_end(&plan);
    sleep_ms(SETTLE_MS); /* the last answer of the opening may have calls behind it */
    windows[which].start = now_seconds();
    if (load_run(load, &result) < 0)
        die("load");
    sleep_ms(SETTLE_MS); /* the server turns to the next wait when the answer has left already */
    windows[which].end = now_seconds();
    windows[which].requests = (double)result.completed;
    load_close(load);
    if (result.failed > 0)
        error_because("requests", "%ju failed: %s", (uintmax_t)result.failed, result.reason);
}

static struct call *call_named(const char *name) {
    for (size_t i = 0; i < CALLS_MOST; i++) {
        if (calls[i].name[0] == '\0')
            snprintf(calls[i].name, sizeof calls[i].name, "%s", name);
        if (strcmp(calls[i].name, name) == 0)
            return &calls[i];
    }
    error_because("strace", "more than %d kinds of calls", CALLS_MOST);
    exit(EXIT_FAILURE);
}

/* A line is "1790000000.123456 send(7, ..."; those of signals and ends have no call. */
static void count_line(const char *line) {
    double at;
    char name[32];
    if (sscanf(line, "%lf %31[a-z0-9_](", &at, name) != 2)
        return;
    for (size_t i = 0; i < KINDS; i++)
        if (at >= windows[i].start && at < windows[i].end)
            call_named(name)->seen[i]++;
}

/* One file a thread. Read and removed. */
static void count_calls(void) {
    DIR *logs = opendir(folder);
    if (logs == NULL)
        die(folder);
    const struct dirent *entry;
    while ((entry = readdir(logs)) != NULL) {
        char path[sizeof folder + sizeof entry->d_name];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *log = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
        char line[512];
        while (log != NULL && fgets(line, sizeof line, log) != NULL)
            count_line(line);
        if (log != NULL && (fclose(log) != 0 || unlink(path) < 0))
            die(path);
    }
    closedir(logs);
}

static void remove_folder(void) {
    rmdir(folder);
}

static void print_rows(void) {
    printf("connections,rate,call,per_request\n");
    for (size_t i = 0; i < KINDS; i++) {
        char rate[32] = "closed_loop";
        if (kinds[i].rate > 0)
            snprintf(rate, sizeof rate, "%.0f", kinds[i].rate);
        for (size_t j = 0; j < CALLS_MOST && windows[i].requests > 0; j++)
            if (calls[j].seen[i] > 0)
                printf("%d,%s,%s,%.4f\n", kinds[i].connections, rate, calls[j].name,
                       (double)calls[j].seen[i] / windows[i].requests);
    }
}

int main(int argc, char **argv) {
    if (argc < 2) {
        error_because("usage", "calls SERVER [ARGUMENT...]");
        return 2;
    }
    if (mkdtemp(folder) == NULL || atexit(remove_folder) != 0)
        die(folder);
    struct server server = start_traced(argc, argv);
    for (size_t i = 0; i < KINDS; i++)
        ask(&server, i);
    server_stop(&server);
    count_calls();

    print_rows();
    return ferror(stdout) || fclose(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
