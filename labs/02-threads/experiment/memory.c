/*
 * memory: what does an idle connection cost? Starts a server, opens more and more connections to it,
 * lets each ask for /hello once, and prints what the process and the kernel hold then, as CSV.
 *
 *     memory LABEL COUNT[,COUNT...] SERVER [ARGUMENT...]
 *
 * The kernel's own figures are of the whole machine, as differences from before the first
 * connection. Both ends of each connection are here, so `slab_kib` holds the client's too.
 * Left out: connections that send. What a busy one needs comes on top.
 */
#include <dirent.h>
#include <string.h>

#include "common/net.h"
#include "common/procfs.h"
#include "labs/02-threads/experiment/measuring.h"

enum {
    STEPS_MOST = 32,
    DESCRIPTORS_BESIDE = 64, /* of either program, that are no connections */
    SETTLE_MS = 300,         /* the kernel frees and counts some things late */
};

/* The kernel's share, in KiB: /proc/meminfo, /proc/net/sockstat (proc(5)). */
struct kernel {
    int64_t stacks;
    int64_t slab;
    int64_t sockets; /* buffers of TCP */
};

/* The number behind `key` in one of the kernel's files; -1: not there. */
static int64_t number_in(const char *path, const char *key) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        die(path);
    char line[256];
    int64_t number = -1;
    while (number < 0 && fgets(line, sizeof line, file) != NULL) {
        const char *found = strstr(line, key);
        if (found != NULL)
            number = strtoll(found + strlen(key), NULL, 10);
    }
    fclose(file);
    return number;
}

static int64_t page_tables_kib(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    return number_in(path, "VmPTE:");
}

/* Descriptors that the server has open: one a connection and a few. */
static int descriptors_of(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *folder = opendir(path);
    if (folder == NULL)
        die(path);
    int count = -2; /* "." and ".." */
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static struct kernel kernel_now(void) {
    return (struct kernel){
        .stacks = number_in("/proc/meminfo", "KernelStack:"),
        .slab = number_in("/proc/meminfo", "Slab:"),
        .sockets = number_in("/proc/net/sockstat", " mem ") * (sysconf(_SC_PAGESIZE) >> 10),
    };
}

static void print_row(const char *label, int connections, pid_t pid, const struct kernel *before) {
    struct procfs_status status;
    if (procfs_status(pid, &status) < 0)
        die("the server's /proc/PID/status");
    struct kernel now = kernel_now();
    printf("%s,%d,%jd,%jd,%jd,%jd,%jd,%jd,%jd,%jd\n", label, connections, (intmax_t)status.threads,
           (intmax_t)status.vm_size_kib, (intmax_t)status.vm_rss_kib, (intmax_t)status.rss_anon_kib,
           (intmax_t)page_tables_kib(pid), (intmax_t)(now.stacks - before->stacks),
           (intmax_t)(now.slab - before->slab), (intmax_t)(now.sockets - before->sockets));
    fflush(stdout);
}

/* Opens so many more. NULL when that can't be: then it has said so. */
static struct load *more_connections(const struct server *server, int opened, int count) {
    struct load_plan plan = {.port = server->port,
                             .path = "/hello",
                             .connections = count - opened,
                             .requests = 1,
                             .patience_ms = 10000};
    char reason[LOAD_REASON_BYTES] = "";
    struct load *load = load_open(&plan, reason);
    if (load == NULL) {
        char what[64];
        snprintf(what, sizeof what, "%d connections, stopped at %d", count, opened);
        error_because(what, "%s", reason);
    }
    return load;
}

/* Reads "1,10,100" into counts that a descriptor each can be had for. Returns how many. */
static size_t read_counts(char *text, int counts[STEPS_MOST]) {
    int most = (int)net_raise_descriptor_limit() - DESCRIPTORS_BESIDE;
    size_t steps = 0;
    int last = 0;
    char *rest;
    for (char *word = strtok_r(text, ",", &rest); word != NULL && steps < STEPS_MOST;
         word = strtok_r(NULL, ",", &rest)) {
        int count = (int)strtol(word, NULL, 10);
        if (count > most) {
            error_because(word, "the limit of open descriptors allows %d connections", most);
            count = most;
        }
        if (count <= last)
            break;
        counts[steps++] = last = count;
    }
    return steps;
}

int main(int argc, char **argv) {
    int counts[STEPS_MOST];
    size_t steps = argc >= 4 ? read_counts(argv[2], counts) : 0;
    if (steps == 0) {
        error_because("usage", "memory LABEL COUNT[,COUNT...] SERVER [ARGUMENT...], counts rising");
        return 2;
    }
    struct server server = server_start(argv + 3);
    sleep_ms(SETTLE_MS);
    struct kernel before = kernel_now();
    print_row(argv[1], 0, server.pid, &before);

    struct load *loads[STEPS_MOST] = {NULL};
    for (size_t i = 0; i < steps; i++) {
        loads[i] = more_connections(&server, i > 0 ? counts[i - 1] : 0, counts[i]);
        if (loads[i] == NULL)
            break;
        sleep_ms(SETTLE_MS);
        int descriptors = descriptors_of(server.pid);
        if (descriptors < counts[i]) { /* at its cap it serves one after another, each in turn */
            error_because("connections", "of %d, the server has at most %d open", counts[i],
                          descriptors);
            break;
        }
        print_row(argv[1], counts[i], server.pid, &before);
    }
    for (size_t i = 0; i < steps; i++)
        load_close(loads[i]);
    server_stop(&server);
    return ferror(stdout) || fclose(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
