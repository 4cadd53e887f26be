/* What a program may use, watched from outside by reading /proc of it and its descendants.
 *
 * Watching rather than rlimits: an address-space limit would forbid what is reserved and never
 * touched, and RLIMIT_NPROC does not hold for root. Between two looks (20 ms) a program can
 * overrun; it is then ended, having gained nothing. */
#include "grader/engine/limits.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/procfs.h"

enum { TREE_LIMIT = 4096, KILL_WAIT_MS = 1000, ASLEEP_CPU_NS = 2 * 1000 * 1000, MOST_LIMITS = 2 };

/* The children of one thread, appended to the list. */
static size_t append_children(const char *path, pid_t *pids, size_t count, size_t limit) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return count;
    int child;
    while (count < limit && fscanf(file, "%d", &child) == 1)
        pids[count++] = child;
    fclose(file);
    return count;
}

size_t process_tree(pid_t root, pid_t *pids, size_t limit) {
    size_t count = 0, threads = 0;
    if (limit > 0)
        pids[count++] = root;
    for (size_t next = 0; next < count; next++) {
        char path[128];
        snprintf(path, sizeof path, "/proc/%d/task", pids[next]);
        DIR *tasks = opendir(path);
        if (tasks == NULL)
            continue;
        for (struct dirent *entry = readdir(tasks); entry != NULL && threads < limit;
             entry = readdir(tasks)) {
            if (entry->d_name[0] == '.')
                continue;
            threads++; /* bounded, or one with 30,000 threads would cost us more than it */
            snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", pids[next], entry->d_name);
            count = append_children(path, pids, count, limit);
        }
        closedir(tasks);
    }
    return count;
}

static void signal_all(const pid_t *pids, size_t count, int number) {
    for (size_t i = 0; i < count; i++)
        kill(pids[i], number);
}

/* Kills the descendants once, sparing the root: a tracer writes the end of its log when they are
 * gone, and a sandbox's first process takes its whole namespace along. */
static void kill_descendants(pid_t root, pid_t *pids) {
    size_t count = process_tree(root, pids, TREE_LIMIT);
    signal_all(pids + 1, count - 1, SIGSTOP); /* a stopped process starts no other */
    signal_all(pids + 1, count - 1, SIGKILL);
}

/* Again and again, for more may be born meanwhile; a root that does not end of itself is stopped,
 * so that it starts no more, and killed behind its descendants. */
void limits_end(struct process *process, enum process_end why) {
    pid_t *pids = malloc(TREE_LIMIT * sizeof *pids);
    int64_t deadline = deadline_in_ms(KILL_WAIT_MS);
    while (waitpid(process->pid, &process->wait_status, WNOHANG) == 0) {
        bool too_late = milliseconds_left(deadline) == 0;
        if (too_late)
            kill(process->pid, SIGSTOP);
        if (pids != NULL)
            kill_descendants(process->pid, pids);
        if (too_late)
            kill(process->pid, SIGKILL);
        usleep(1000);
    }
    free(pids);
    process->end = why;
    process->ended_ns = monotonic_ns();
}

/* What the scheduler says of all threads of a program. */
struct load {
    int64_t cpu_ns;            /* used, all together */
    int64_t longest_queued_ns; /* that any one was runnable and not running */
    bool asleep;               /* none runs or wants to */
};

static void add_thread(pid_t thread, struct load *load) {
    struct procfs_status status;
    struct procfs_schedstat times;
    if (procfs_status(thread, &status) < 0)
        return;
    if (procfs_schedstat(thread, &times) < 0) { /* this kernel does not tell */
        load->asleep = false;
        return;
    }
    load->cpu_ns += times.on_cpu_ns;
    if (times.runnable_ns > load->longest_queued_ns)
        load->longest_queued_ns = times.runnable_ns;
    load->asleep = load->asleep && strchr("STZ", status.state) != NULL;
}

static struct load load_of(const pid_t *pids, size_t count) {
    struct load load = {.asleep = true};
    for (size_t i = 0; i < count; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/task", pids[i]);
        DIR *tasks = opendir(path);
        if (tasks == NULL)
            continue;
        for (struct dirent *entry = readdir(tasks); entry != NULL; entry = readdir(tasks))
            if (atoi(entry->d_name) > 0)
                add_thread(atoi(entry->d_name), &load);
        closedir(tasks);
    }
    return load;
}

/* How long a thread has been runnable but not running (proc(5), /proc/PID/schedstat). */
static int64_t queued_ns(const struct process *process, const struct load *load) {
    return load->longest_queued_ns - process->queued_before_ns;
}

/* Over half of the time: then the machine was too busy to say that the program hangs. */
static bool was_starved(const struct process *process, const struct load *load) {
    return queued_ns(process, load) > (monotonic_ns() - process->watched_since_ns) / 2;
}

/* At its limit a program gets back the time in which it could not run, so that it is judged by what
 * it did with its own; within MOST_LIMITS times the limit, for the machine may stay busy. */
static bool give_time_back(struct process *process, const struct load *load) {
    int64_t deadline_ns = process->watched_since_ns + process->limit_ns;
    int64_t last_ns = deadline_ns + (MOST_LIMITS - 1) * process->limit_ns;
    deadline_ns += queued_ns(process, load);
    process->deadline_ns = deadline_ns < last_ns ? deadline_ns : last_ns;
    return process->deadline_ns > monotonic_ns();
}

/* Whether every thread has slept or been stopped for too long, and none ran in between. A thread
 * that waits for a processor is runnable, so a busy machine does not make a program look asleep. */
static bool slept_too_long(struct process *process, const struct load *load) {
    int64_t limit_ns = (int64_t)process->options.asleep_limit_ms * 1000000;
    bool asleep = load->asleep && load->cpu_ns - process->cpu_ns < ASLEEP_CPU_NS;
    if (!asleep || process->asleep_since_ns == 0) {
        process->cpu_ns = load->cpu_ns;
        process->asleep_since_ns = asleep ? monotonic_ns() : 0;
    }
    return limit_ns > 0 && asleep && monotonic_ns() - process->asleep_since_ns > limit_ns;
}

/* The number of a thread that still has the process's memory: the first one can have ended. */
static pid_t living_thread(pid_t pid, struct procfs_status *status) {
    char path[64];
    if (status->vm_rss_kib >= 0 || status->threads < 2)
        return pid;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    pid_t found = pid;
    for (struct dirent *entry = tasks == NULL ? NULL : readdir(tasks);
         entry != NULL && status->vm_rss_kib < 0; entry = readdir(tasks))
        if (atoi(entry->d_name) > 0 && procfs_status(atoi(entry->d_name), status) == 0)
            found = atoi(entry->d_name);
    if (tasks != NULL)
        closedir(tasks);
    return found;
}

/* Threads count as processes: both take a place in the kernel's table. The sum of the resident sets
 * counts shared pages several times, so the exact and slower proportional sizes are only asked for
 * when that sum is over the limit. */
static enum process_end over_limit(const struct process *process, pid_t *pids, size_t count) {
    int64_t rss_kib = 0, pss_kib = 0, tasks = 0;
    for (size_t i = 0; i < count; i++) {
        struct procfs_status status;
        if (procfs_status(pids[i], &status) < 0)
            continue;
        pids[i] = living_thread(pids[i], &status);
        tasks += status.threads > 0 ? status.threads : 0;
        rss_kib += status.vm_rss_kib > 0 ? status.vm_rss_kib : 0;
    }
    if (process->options.process_limit > 0 && tasks > process->options.process_limit)
        return PROCESS_TOO_MANY;
    if (process->options.memory_limit_kib == 0 || rss_kib <= process->options.memory_limit_kib)
        return PROCESS_RUNNING;
    for (size_t i = 0; i < count; i++) {
        struct procfs_smaps_rollup rollup;
        if (procfs_smaps_rollup(pids[i], &rollup) == 0 && rollup.pss_kib > 0)
            pss_kib += rollup.pss_kib;
    }
    return pss_kib > process->options.memory_limit_kib ? PROCESS_OUT_OF_MEMORY : PROCESS_RUNNING;
}

/* Whether the program is over a limit that needs a look at its processes. The cheap ones come
 * first: a program with very many threads must not be able to slow us down. */
static enum process_end look_at(struct process *process, pid_t *pids, size_t count, bool too_late) {
    enum process_end end = over_limit(process, pids, count);
    if (end != PROCESS_RUNNING || (!too_late && process->options.asleep_limit_ms == 0))
        return end;
    struct load load = load_of(pids, count);
    if (too_late && !give_time_back(process, &load))
        return was_starved(process, &load) ? PROCESS_STARVED : PROCESS_OUT_OF_TIME;
    if (process->options.asleep_limit_ms == 0)
        return PROCESS_RUNNING;
    return slept_too_long(process, &load) ? PROCESS_ASLEEP : PROCESS_RUNNING;
}

void process_limit_time(struct process *process, int limit_ms, int asleep_limit_ms) {
    process->limit_ns = (int64_t)limit_ms * 1000000;
    process->deadline_ns = limit_ms > 0 ? deadline_in_ms(limit_ms) : INT64_MAX;
    process->options.asleep_limit_ms = asleep_limit_ms;
    process->asleep_since_ns = 0;
    process->watched_since_ns = monotonic_ns();
    pid_t *pids = limit_ms > 0 ? malloc(TREE_LIMIT * sizeof *pids) : NULL;
    if (pids != NULL)
        process->queued_before_ns =
            load_of(pids, process_tree(process->pid, pids, TREE_LIMIT)).longest_queued_ns;
    free(pids);
}

void limits_check(struct process *process) {
    const struct process_options *options = &process->options;
    bool too_late = milliseconds_left(process->deadline_ns) == 0;
    enum process_end end = PROCESS_RUNNING;
    if (too_late || options->memory_limit_kib > 0 || options->process_limit > 0 ||
        options->asleep_limit_ms > 0) {
        pid_t *pids = malloc(TREE_LIMIT * sizeof *pids);
        if (pids == NULL)
            return;
        size_t count = process_tree(process->pid, pids, TREE_LIMIT);
        end = look_at(process, pids, count, too_late);
        free(pids);
    }
    if (end == PROCESS_RUNNING && options->tick != NULL && !options->tick(options->context))
        end = PROCESS_STOPPED_BY_TICK;
    if (end != PROCESS_RUNNING)
        limits_end(process, end);
}
