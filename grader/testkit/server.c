/* The server under test: its start, its end, and what it holds, asked of /proc. */
#include "grader/testkit/server.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "common/clock.h"
#include "grader/testkit/kit.h"
#include "grader/testkit/patience.h"

enum {
    STOP_LIMIT_MS = 1500,
    LOOK_MS = 50,   /* between two looks at whether it sleeps */
    BUSY_MS = 1000, /* on a processor, for a server that nobody has asked for anything */
};

static const char announcement[] = "listening on ";

/* The port behind the last colon of the first line; 0 while that line is not whole. */
static int announced_port(const struct run *server) {
    const char *line = output(server), *end = strchr(line, '\n');
    if (end == NULL || strncmp(line, announcement, sizeof announcement - 1) != 0)
        return 0;
    const char *colon = memrchr(line, ':', (size_t)(end - line));
    return colon == NULL ? 0 : atoi(colon + 1);
}

struct run *serve(struct program program) {
    program.serves = true;
    take_own_network();
    struct run *server = start(program);
    struct patience patience = patience_with(server, "`listening on ADDRESS:PORT`");
    while (strchr(output(server), '\n') == NULL)
        patience_pump(&patience, 5);
    patience_end(&patience);
    server->port = announced_port(server);
    if (server->port <= 0 || server->port > UINT16_MAX)
        fail_test("`listening on ADDRESS:PORT` as the first line of standard output", "`%.*s`",
                  (int)strcspn(output(server), "\n"), output(server));
    await_start(server);
    return server;
}

int port_of(const struct run *server) {
    return server->port;
}

/* Returns whether there was a server to send it to. */
static bool send_signal(const struct run *server, int number) {
    step("send it SIG%s", sigabbrev_np(number));
    return server->pid > 0 && kill(server->pid, number) == 0;
}

void signal_server(struct run *server, int number) {
    if (!send_signal(server, number))
        patience_look(server, going_on(server));
}

void await_end(struct run *server) {
    process_limit_time(&server->process, limit_for(PATIENCE_LIMIT_MS), 0);
    finish(server);
}

/* How it ends is judged by tests of that alone; here only a crash is a failure. */
void stop_server(struct run *server) {
    bool was_there = send_signal(server, SIGTERM);
    int64_t deadline = deadline_in_ms(limit_for(STOP_LIMIT_MS));
    while (process_pump(&server->process, 5))
        if (milliseconds_left(deadline) == 0)
            kill(server->pid, SIGKILL);
    finish(server);
    if (!was_there)
        patience_fail(server, going_on(server));
    if (killed_by(server, SIGSEGV) || killed_by(server, SIGABRT) || killed_by(server, SIGBUS) ||
        killed_by(server, SIGPIPE))
        patience_fail(server, "a server that ends without a crash");
}

void pause_ms(struct run *server, int ms) {
    int64_t deadline = deadline_in_ms(ms);
    while (milliseconds_left(deadline) > 0)
        if (!process_pump(&server->process, milliseconds_left(deadline)))
            patience_fail(server, going_on(server));
}

/* A call that waits and has moved bytes already returns with those alone when it is stopped and
 * continued (signal(7), "Interruption of system calls ... by stop signals"; send(2)). */
/* The signal is sent before it has taken effect: a thread may still return from a wait. */
void hold(struct run *server) {
    kill(server->pid, SIGSTOP);
    int64_t deadline = deadline_in_ms(limit_for(PATIENCE_LIMIT_MS));
    while (strchr("Tt", status_of(server).state) == NULL && milliseconds_left(deadline) > 0)
        pause_ms(server, 1);
}

void release(struct run *server) {
    kill(server->pid, SIGCONT);
}

void interrupt_waits(struct run *server) {
    step("stop and continue the server, which cuts short what it is sending");
    hold(server);
    release(server);
}

/* ---- What it holds ---- */

/* What is asked of a process is true of that one alone. An observer has started what it looks at. */
static void require_one_process(struct run *server) {
    pid_t pids[64];
    if (has_subject(&server->program))
        return;
    size_t tree = process_tree(server->process.pid, pids, 64), below = 0;
    for (size_t i = 0; i < tree; i++)
        if (pids[i] == server->pid)
            below = tree - i - 1;
    if (below > 0)
        fail_test("one process", "%zu more that it has started", below);
}

struct procfs_status status_of(struct run *server) {
    struct procfs_status status = {0};
    if (!process_pump(&server->process, 0))
        patience_fail(server, going_on(server));
    require_one_process(server);
    int found = procfs_status(server->pid, &status);
    if (found < 0 && errno == ESRCH)
        patience_fail(server, going_on(server));
    if (found < 0)
        unmeasured("/proc/%d/status: %s", server->pid, strerror(errno));
    if (status.vm_size_kib < 0)
        fail_test("a process whose first thread lives as long as it does",
                  "its first thread has ended, and /proc shows nothing of the others");
    return status;
}

/* ThreadSanitizer starts one of its own with the program's second. */
int64_t threads_of(struct run *server) {
    int64_t threads = status_of(server).threads;
    bool has_another = kit()->instrument != NULL && strcmp(kit()->instrument, "tsan") == 0;
    return has_another && threads > 1 ? threads - 1 : threads;
}

/* Calls `add` with the number of each entry of a folder of /proc/PID. */
static void each_entry(struct run *server, const char *folder, void (*add)(int entry, int64_t *sum),
                       int64_t *sum) {
    char path[64];
    status_of(server);
    snprintf(path, sizeof path, "/proc/%d/%s", server->pid, folder);
    DIR *entries = opendir(path);
    if (entries == NULL)
        unmeasured("%s: %s", path, strerror(errno));
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries))
        if (entry->d_name[0] != '.')
            add(atoi(entry->d_name), sum);
    closedir(entries);
}

static void count_one(int entry, int64_t *sum) {
    (void)entry;
    ++*sum;
}

static void add_switches(int thread, int64_t *sum) {
    struct procfs_status status;
    if (procfs_status(thread, &status) == 0)
        *sum += status.voluntary_switches + status.involuntary_switches;
}

int64_t descriptors_of(struct run *server) {
    int64_t count = 0;
    each_entry(server, "fd", count_one, &count);
    return count;
}

int64_t context_switches_of(struct run *server) {
    int64_t switches = 0;
    each_entry(server, "task", add_switches, &switches);
    return switches;
}

int64_t cpu_ns_of(struct run *server) {
    clockid_t clock;
    struct timespec used;
    status_of(server);
    if (clock_getcpuclockid(server->pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
        unmeasured("its processor time can't be read");
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* On a busy machine a thread may want to run, and not get to for longer than we look; so may its
 * tracer, which it waits for in state t. */
static void add_runnable(int thread, int64_t *sum) {
    struct procfs_status status;
    *sum += procfs_status(thread, &status) == 0 && strchr("Rt", status.state) != NULL;
}

bool wants_to_run(struct run *server) {
    int64_t runnable = 0;
    each_entry(server, "task", add_runnable, &runnable);
    return runnable > 0;
}

static const char *waiting(const struct run *run) {
    return run->program.serves ? "a server that waits" : "a program that waits";
}

/* One that runs on for a second of processor time does not wait, nor does one that wakes again and
 * again; one that could not run is not known. */
void await_sleep(struct run *server) {
    struct patience patience = patience_with(server, waiting(server));
    int64_t first = cpu_ns_of(server), before = -1;
    for (int64_t now = first; now != before || wants_to_run(server); now = cpu_ns_of(server)) {
        if (now - first > limit_for(BUSY_MS) * INT64_C(1000000))
            fail_test(waiting(server), "it kept a processor busy for %d s",
                      limit_for(BUSY_MS) / 1000);
        before = now;
        for (int64_t until = deadline_in_ms(LOOK_MS); milliseconds_left(until) > 0;)
            patience_pump(&patience, milliseconds_left(until));
    }
    patience_end(&patience);
}

static void await_at_most(struct run *server, int64_t (*count)(struct run *server), int64_t most,
                          const char *what) {
    char owed[128];
    snprintf(owed, sizeof owed, "at most %lld %s", (long long)most, what);
    int64_t deadline = deadline_in_ms(limit_for(PATIENCE_LIMIT_MS)), seen;
    while ((seen = count(server)) > most) {
        if (milliseconds_left(deadline) == 0)
            fail_test(owed, "%lld, and no fewer after %d s", (long long)seen,
                      limit_for(PATIENCE_LIMIT_MS) / 1000);
        pause_ms(server, 5);
    }
}

void await_descriptors(struct run *server, int64_t most) {
    await_at_most(server, descriptors_of, most, "open descriptors");
}

void await_threads(struct run *server, int64_t most) {
    await_at_most(server, threads_of, most, "threads");
}

void limit_descriptors(struct run *server, int64_t most) {
    if (kit()->instrument != NULL)
        unmeasured("an instrument holds descriptors of its own");
    step("limit it to %lld open descriptors", (long long)most);
    const struct rlimit limit = {(rlim_t)most, (rlim_t)most};
    if (prlimit(server->pid, RLIMIT_NOFILE, &limit, NULL) < 0)
        unmeasured("its limit of descriptors can't be set: %s", strerror(errno));
}

int64_t ledger_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
