/*
 * rss: what is memory, and who is counting? The reference of lab 05.
 *
 * It looks at a process, or at a tree of them, at fixed times, and writes down what the kernel says.
 * Files are opened once and read again in place; a look that is dear is taken more seldom.
 * Left out on purpose: processes that come and go between two looks; the memory of a process whose
 * main thread has ended before the others, for its files show none; a change of control group.
 */
#define _GNU_SOURCE 1
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/chart.h"
#include "common/clock.h"
#include "common/command.h"
#include "common/errors.h"
#include "common/memory_group.h"
#include "common/rss_options.h"
#include "common/sample.h"

enum {
    TEXT_BYTES = 64 << 10, /* of one file: only `status` of a member of many groups is so long */
    LIST_BYTES = 4096,     /* of `children`: the kernel gives a page at a time */
    FORKED = 0x40,         /* PF_FORKNOEXEC, among the flags in `stat`: no exec since */
    PSS_SHARE = 100,       /* PSS may take 1 in so many parts of the time */
    ZOMBIE_MS = 100,       /* a parent gets so long to wait for its child */
};

static const int64_t S_IN_NS = 1000000000, MS_IN_NS = 1000000, US_IN_NS = 1000;
static const int64_t NO_LIMIT_KIB = INT64_C(1) << 50; /* version 1 has no word for "none" */

/* A file below /proc/PID belongs to the process it was opened for: once that is gone it tells
 * nothing, even when the number is another's. So do the folder and what is opened through it. */
struct process {
    TAILQ_ENTRY(process) links;
    pid_t pid, parent;
    unsigned flags;                                   /* PF_... of the kernel's */
    int folder, status, stat, smaps_rollup, children; /* descriptors, or -1 */
};

static struct rss_options options;
static struct {
    TAILQ_HEAD(processes, process) processes;
    pid_t pid;                             /* of the first, the root */
    int root, signals;                     /* a pidfd, -1: it has ended; and a signalfd */
    int orphans;                           /* a file: our own children; -1: they are none of it */
    int current, hits, events, group_peak; /* the control group's files, or -1 */
    int64_t limit_kib, peak_before_kib, kills_before;
    int64_t started_ns, slot_ns, pss_not_before_ns, pss_cost_us;
    int64_t highest_kib;    /* of any one process, as the kernel remembers it */
    struct sample rss, pss; /* the largest by either */
    bool over, failed, draws;
    FILE *output;
    struct chart chart;
    struct summary summary;
} run = {.processes = TAILQ_HEAD_INITIALIZER(run.processes),
         .orphans = -1,
         .highest_kib = UNKNOWN,
         .rss = SAMPLE_UNKNOWN,
         .pss = SAMPLE_UNKNOWN,
         .summary = {.status = UNKNOWN, .signal = UNKNOWN}};

/* ---- truth: what one process has ---- */

/* What a file says now, until the next call. NULL: nothing, for what it tells of has gone. */
static const char *look(int file) {
    static char text[TEXT_BYTES];
    ssize_t length = pread(file, text, sizeof text - 1, 0);
    text[MAX(length, 0)] = '\0';
    return length > 0 ? text : NULL;
}

/* By key, for each kernel has other lines. A key begins with the newline before it: no process can
 * have one in its name. */
static int64_t number_after(const char *text, const char *key) {
    const char *at = text == NULL ? NULL : strstr(text, key);
    return at == NULL ? UNKNOWN : strtoll(at + strlen(key), NULL, 10);
}

/* Returns false when there is no memory: the process is about to end, or a zombie. */
static bool read_status(const struct process *process, struct sample *own) {
    const char *text = look(process->status);
    own->vm_size_kib = number_after(text, "\nVmSize:");
    own->vm_rss_kib = number_after(text, "\nVmRSS:");
    own->rss_anon_kib = number_after(text, "\nRssAnon:");
    own->rss_file_kib = number_after(text, "\nRssFile:");
    own->rss_shmem_kib = number_after(text, "\nRssShmem:");
    own->swap_kib = number_after(text, "\nVmSwap:");
    own->threads = number_after(text, "\nThreads:");
    run.highest_kib = MAX(run.highest_kib, number_after(text, "\nVmHWM:"));
    return own->vm_rss_kib != UNKNOWN;
}

static int open_in(int folder, const char *name) {
    return openat(folder, name, O_RDONLY | O_CLOEXEC);
}

static void close_file(int *file) {
    if (*file >= 0)
        close(*file);
    *file = -1;
}

/* Returns false when it has gone. The name is in brackets, and may hold some itself. */
static bool read_stat(struct process *process, struct sample *own) {
    const char *text = look(process->stat);
    return text != NULL &&
           sscanf(strrchr(text, ')'), ") %*c %d %*d %*d %*d %*d %u %" SCNd64 " %*d %" SCNd64,
                  &process->parent, &process->flags, &own->minor_faults, &own->major_faults) == 4;
}

/* Returns false when there is no memory any more. smaps_rollup belongs to the memory that it was
 * opened for: exec gives the process other memory, after which the file answers ESRCH.
 * The kernel walks all pages, 14 ms for 4 GiB. That is time on the processor; time on the clock
 * would be that of others as well. */
static bool read_pss(struct process *process, struct sample *own) {
    static bool told;
    clock_t before_us = clock();
    const char *text = look(process->smaps_rollup);
    if (text == NULL) {
        close_file(&process->smaps_rollup);
        process->smaps_rollup = open_in(process->folder, "smaps_rollup");
        text = process->smaps_rollup < 0 ? NULL : look(process->smaps_rollup);
    }
    run.pss_cost_us += clock() - before_us;
    own->pss_kib = number_after(text, "\nPss:");
    if (text == NULL && errno == EACCES && !told) {
        told = true;
        error_because("PSS", "process %d: %s", process->pid, strerror(errno));
    }
    return text != NULL || errno != ESRCH;
}

/* Between vfork(2) and exec, a child runs in its parent's memory, which would count twice. */
static bool is_guest(const struct process *process) {
    return options.tree && (process->flags & FORKED) &&
           syscall(SYS_kcmp, process->pid, process->parent, KCMP_VM, 0, 0) == 0;
}

/* Adds all that a process has, or nothing: half of one that is on its way out would be a lie.
 * Returns its threads, or -1 when it has gone. */
static int64_t add_process(struct process *process, struct sample *sum, bool with_pss) {
    struct sample own = SAMPLE_UNKNOWN;
    own.processes = 1;
    if (read_stat(process, &own) && read_status(process, &own) && !is_guest(process) &&
        (!with_pss || read_pss(process, &own)))
        sample_add(sum, &own);
    return own.threads;
}

/* ---- tree: who belongs to it ---- */

static struct process *find(pid_t pid) {
    struct process *process = TAILQ_FIRST(&run.processes);
    while (process != NULL && process->pid != pid)
        process = TAILQ_NEXT(process, links);
    return process;
}

static void forget(struct process *process) {
    TAILQ_REMOVE(&run.processes, process, links);
    close_file(&process->folder);
    close_file(&process->status);
    close_file(&process->stat);
    close_file(&process->smaps_rollup);
    close_file(&process->children);
    free(process);
}

/* The number may have changed hands since it was learnt: then its parent is a stranger as well.
 * Returns -1 with errno. */
static int watch(pid_t pid) {
    static bool told;
    struct sample unused;
    char path[64];
    struct process *process = calloc(1, sizeof *process);
    if (process == NULL)
        return -1;
    snprintf(path, sizeof path, "/proc/%d", pid);
    process->pid = pid;
    process->folder = open_in(AT_FDCWD, path);
    process->status = open_in(process->folder, "status");
    process->stat = open_in(process->folder, "stat");
    process->smaps_rollup = -1;
    snprintf(path, sizeof path, "task/%d/children", pid);
    process->children = open_in(process->folder, path);
    if (process->children < 0 && errno == EMFILE && !told) {
        told = true;
        error_because(options.what, "not all of its tree is seen: %s", strerror(errno));
    }
    TAILQ_INSERT_TAIL(&run.processes, process, links);
    if (read_stat(process, &unused) &&
        (pid == run.pid || process->parent == getpid() || find(process->parent) != NULL))
        return 0;
    forget(process);
    errno = ESRCH;
    return -1;
}

static void watch_listed(int children) {
    char text[LIST_BYTES + 1], *at, *end;
    off_t offset = 0;
    ssize_t length;
    do {
        length = pread(children, text, LIST_BYTES, offset);
        text[MAX(length, 0)] = '\0';
        pid_t pid;
        for (at = text; (pid = (pid_t)strtol(at, &end, 10)) > 0; at = end) {
            if (find(pid) == NULL)
                watch(pid);
        }
        offset += length;
    } while (length > LIST_BYTES / 2); /* less was all */
}

/* A child belongs to the thread that forked it. The main thread stays, others come and go. */
static void find_children(struct process *process, int64_t threads) {
    char name[300];
    if (threads == 1) {
        watch_listed(process->children);
        return;
    }
    DIR *task = fdopendir(open_in(process->folder, "task"));
    for (struct dirent *each; task != NULL && (each = readdir(task)) != NULL;) {
        snprintf(name, sizeof name, "%s/children", each->d_name);
        int children = isdigit(name[0]) ? open_in(dirfd(task), name) : -1;
        if (children >= 0) {
            watch_listed(children);
            close(children);
        }
    }
    if (task != NULL)
        closedir(task);
}

/* Who is found on the way is put last, and so comes into the same sample. */
static struct sample look_at_all(bool with_pss) {
    struct sample sum = {.pss_kib = with_pss ? 0 : UNKNOWN};
    struct process *next;
    if (run.orphans >= 0)
        watch_listed(run.orphans);
    for (struct process *process = TAILQ_FIRST(&run.processes); process != NULL; process = next) {
        int64_t threads = add_process(process, &sum, with_pss);
        if (options.tree && threads > 0)
            find_children(process, threads);
        next = TAILQ_NEXT(process, links);
        if (threads < 0)
            forget(process);
    }
    return sum;
}

/* ---- limit: what the control group says; what has no file is unknown ---- */

static int64_t number_in(int file) {
    const char *text = look(file);
    return text == NULL || !isdigit(*text) ? UNKNOWN : strtoll(text, NULL, 10);
}

static int64_t kib_in(int file) {
    int64_t bytes = number_in(file);
    return bytes == UNKNOWN ? UNKNOWN : bytes / 1024;
}

static void read_group(struct sample *sample) {
    sample->cgroup_kib = kib_in(run.current);
    sample->cgroup_max_kib = run.limit_kib;
    const char *events = look(run.events);
    sample->cgroup_oom_kills = number_after(events, "\noom_kill ");
    sample->cgroup_limit_hits = number_after(events, "\nmax ");
    if (run.hits >= 0)
        sample->cgroup_limit_hits = number_in(run.hits);
}

static void open_group(void) {
    struct memory_group group;
    struct sample before;
    memory_group_find(&group, run.pid);
    run.current = memory_group_open(&group, group.current);
    run.hits = memory_group_open(&group, group.hits);
    run.events = memory_group_open(&group, group.events);
    run.group_peak = memory_group_open(&group, group.peak);
    int limit = memory_group_open(&group, group.limit);
    run.limit_kib = kib_in(limit) < NO_LIMIT_KIB ? kib_in(limit) : UNKNOWN;
    close(limit);
    read_group(&before);
    run.kills_before = before.cgroup_oom_kills;
    run.peak_before_kib = kib_in(run.group_peak);
}

/* ---- formats: what is written ---- */

static void check(int written) {
    if (written == 0)
        return;
    error_errno(options.output != NULL ? options.output : "standard output");
    run.failed = true;
    run.slot_ns = INT64_MAX;            /* no more samples, */
    run.over = options.command == NULL; /* but a command is waited for as ever */
}

/* Of one process the kernel remembers the peak; of a tree its group does, if this is the highest
 * ever. Else it is what we saw, and no sum of resident sets: each counts what they share. */
static void write_summary(void) {
    struct summary *summary = &run.summary;
    bool by_pss = options.tree && run.pss.pss_kib >= 0;
    const struct sample *largest = by_pss ? &run.pss : &run.rss;
    int64_t of_group_kib = kib_in(run.group_peak);
    summary->peak_time_ns = largest->time_ns;
    summary->peak_kib = MAX(run.highest_kib, by_pss ? largest->pss_kib : largest->vm_rss_kib);
    if (options.tree && of_group_kib > run.peak_before_kib) {
        summary->peak_kib = of_group_kib;
        summary->peak_source = PEAK_CGROUP;
    } else {
        summary->peak_source = options.tree || options.command == NULL ? PEAK_SAMPLED : PEAK_WAIT4;
    }
    if (run.draws)
        check(chart_end(&run.chart));
    check(print_summary(run.output, options.format, summary));
}

/* ---- endings ---- */

static void keep_ending(int status) {
    struct sample after;
    read_group(&after); /* where a kill is counted before it is carried out */
    bool group_killed = run.kills_before >= 0 && after.cgroup_oom_kills > run.kills_before;
    run.summary.status = WIFEXITED(status) ? WEXITSTATUS(status) : UNKNOWN;
    run.summary.signal = WIFSIGNALED(status) ? WTERMSIG(status) : UNKNOWN;
    run.summary.ending = WIFEXITED(status)                               ? ENDING_EXITED
                         : group_killed && run.summary.signal == SIGKILL ? ENDING_OOM_KILLED
                                                                         : ENDING_KILLED;
}

/* Waits for all that have ended, orphans too: nobody else will. */
static void wait_for_children(void) {
    struct rusage usage;
    int status;
    for (pid_t pid; (pid = wait4(-1, &status, WNOHANG, &usage)) > 0;) {
        run.highest_kib = MAX(run.highest_kib, usage.ru_maxrss);
        if (pid == run.pid)
            keep_ending(status);
    }
}

/* Somebody else's child is a zombie until that one has waited for it: mostly a moment. */
static bool is_zombie(void) {
    struct pollfd reaped = {.fd = run.root}; /* POLLHUP, since Linux 6.9 */
    poll(&reaped, 1, ZOMBIE_MS);
    struct process *root = find(run.pid);
    return root != NULL && look(root->stat) != NULL;
}

/* Who is left of a tree is followed on. */
static void end_root(void) {
    if (options.command != NULL)
        wait_for_children();
    else
        run.summary.ending = is_zombie() ? ENDING_ZOMBIE : ENDING_ENDED;
    close(run.root);
    run.root = -1;
    run.over = !options.tree || look_at_all(false).processes == 0;
}

/* The terminal sends SIGINT to the command as well; SIGTERM came to us alone. */
static void take_signal(void) {
    struct signalfd_siginfo told;
    if (read(run.signals, &told, sizeof told) != sizeof told)
        return;
    if (told.ssi_signo == SIGCHLD) {
        wait_for_children();
    } else if (options.command == NULL || run.root < 0) {
        run.over = true;
        if (run.root >= 0)
            run.summary.ending = ENDING_STOPPED;
    } else if (told.ssi_signo == SIGTERM) {
        syscall(SYS_pidfd_send_signal, run.root, SIGTERM, NULL, 0);
    }
}

/* ---- sampling: fixed times, and one place to wait ---- */

static void take_sample(int64_t now_ns) {
    bool with_pss = now_ns >= run.pss_not_before_ns;
    run.pss_cost_us = 0;
    struct sample sample = look_at_all(with_pss);
    if (with_pss)
        run.pss_not_before_ns = now_ns + PSS_SHARE * run.pss_cost_us * US_IN_NS;
    if (sample.processes == 0) { /* about to end, which is no size of 0; or all of a tree has */
        run.over = run.root < 0;
        return;
    }
    sample.time_ns = now_ns - run.started_ns;
    read_group(&sample);
    run.rss = sample.vm_rss_kib > run.rss.vm_rss_kib ? sample : run.rss;
    run.pss = sample.pss_kib > run.pss.pss_kib ? sample : run.pss;
    run.summary.samples++;
    check(run.draws ? chart_add(&run.chart, &sample)
                    : print_sample(run.output, options.format, &sample));
}

/* Slots are counted from the start, so no delay adds up. Those that were missed are left out: many
 * samples of one moment tell nothing. */
static void wait_for_slot_or_end(void) {
    struct pollfd events[] = {{.fd = run.root, .events = POLLIN},
                              {.fd = run.signals, .events = POLLIN}};
    int64_t left_ns = MAX(run.slot_ns - monotonic_ns(), 0);
    struct timespec left = {.tv_sec = left_ns / S_IN_NS, .tv_nsec = left_ns % S_IN_NS};
    ppoll(events, 2, &left, NULL);
    if (events[1].revents != 0)
        take_signal();
    if (events[0].revents != 0)
        end_root();
    int64_t now_ns = monotonic_ns(), interval_ns = options.interval_ms * MS_IN_NS;
    if (run.over || now_ns < run.slot_ns)
        return;
    run.slot_ns += ((now_ns - run.slot_ns) / interval_ns + 1) * interval_ns;
    take_sample(now_ns);
}

/* ---- start ---- */

/* The command is started before all else, so it inherits nothing of ours. */
static int start(void) {
    bool is_ours = options.command != NULL;
    if (is_ours && options.tree)
        prctl(PR_SET_CHILD_SUBREAPER, 1); /* who loses his parent becomes our child */
    run.pid = is_ours ? command_start(options.command) : options.pid;
    run.root = run.pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, run.pid, 0);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max; /* a process takes five */
    setrlimit(RLIMIT_NOFILE, &files);
    if (run.root < 0 || watch(run.pid) < 0)
        return -1;
    if (is_ours && options.tree)
        run.orphans = open_in(AT_FDCWD, "/proc/thread-self/children");
    sigset_t told;
    sigemptyset(&told);
    sigaddset(&told, SIGINT);
    sigaddset(&told, SIGTERM);
    sigaddset(&told, SIGCHLD);
    sigprocmask(SIG_BLOCK, &told, NULL);
    run.signals = signalfd(-1, &told, SFD_CLOEXEC);
    signal(SIGPIPE, SIG_IGN);
    open_group();
    return 0;
}

static const char about[] = "What is memory, and who is counting?";

int main(int argc, char **argv) {
    rss_options_parse(&options, argc, argv, about);
    run.output = options.output == NULL ? stdout : fopen(options.output, "we");
    if (run.output == NULL || start() < 0) {
        error_errno(run.output == NULL ? options.output : options.what);
        return EXIT_FAILURE;
    }
    run.slot_ns = run.started_ns = monotonic_ns();
    run.draws = run.output == stdout && options.format == FORMAT_TABLE && isatty(STDOUT_FILENO);
    if (run.draws)
        chart_begin(&run.chart, run.output, options.what);
    else
        check(print_header(run.output, options.format));
    while (!run.over)
        wait_for_slot_or_end();
    if (!run.failed)
        write_summary();
    return run.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
