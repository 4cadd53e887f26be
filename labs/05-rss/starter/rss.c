/*
 * rss: what is memory, and who is counting? The program that lab 05 begins with.
 *
 * It looks at one process, and takes VmSize for its memory. The marks TODO(step) say what to change,
 * in the order of the steps: make one change, run `make check`, look at what was counted. The command line and the form of what is printed stay as they are.
 */
#define _GNU_SOURCE 1
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/command.h"
#include "common/errors.h"
#include "common/rss_options.h"
#include "common/sample.h"

static struct rss_options options;
static pid_t pid;
static FILE *output;
static int64_t started_ns;
static struct summary summary = {.status = UNKNOWN,
                                 .signal = UNKNOWN,
                                 .peak_kib = UNKNOWN,
                                 .peak_time_ns = UNKNOWN,
                                 .peak_source = PEAK_SAMPLED};

/* ---- truth: what a process has ---- */

/*
 * TODO(truth): VmSize is what a process has reserved: addresses, with or without memory behind them.
 * What it has touched and still holds is VmRSS, in three parts: RssAnon, RssFile, RssShmem; VmSwap
 * has left. What it shares with others is counted in each of them: Pss, in smaps_rollup, divides it.
 * The faults are in /proc/PID/stat, whose second field is a name and may hold spaces and brackets.
 * TODO(sampling): open a file once, and read it again with pread(2) at offset 0: a look is then one
 * call. smaps_rollup walks all pages, 14 ms for 4 GiB: look there more seldom, so that it takes at
 * most a hundredth of the time, and leave pss_kib unknown in between.
 * TODO(endings): a process may end between two lines of this. Then there is no sample to print.
 */
static void read_memory(struct sample *sample) {
    char path[64], line[256];
    long long kib;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmSize: %lld", &kib) == 1)
            sample->vm_size_kib = sample->vm_rss_kib = kib;
        if (sscanf(line, "Threads: %lld", &kib) == 1)
            sample->threads = kib;
    }
    if (file != NULL)
        fclose(file);
}

/*
 * TODO(tree): with --tree, sum over the process and all that descend from it. Their numbers are in
 * /proc/PID/task/TID/children, a file for each thread. A child whose parent ends becomes another's:
 * go on watching whom you have found, and make yourself the one who gets them (prctl(2),
 * PR_SET_CHILD_SUBREAPER). Shared pages count once in the sum of Pss, not in that of VmRSS.
 * TODO(limit): common/memory_group.h finds the control group and names its files: what it uses,
 * page cache included, its limit, how often that was hit, and how many it has killed.
 * TODO(formats): on a terminal, draw the table's numbers instead of printing them: common/chart.h.
 * TODO(endings): look at what print_sample returns. A full disk is a message and exit status 1.
 */
static void take_sample(void) {
    struct sample sample = SAMPLE_UNKNOWN;
    sample.time_ns = monotonic_ns() - started_ns;
    sample.processes = 1;
    read_memory(&sample);
    print_sample(output, options.format, &sample);
    summary.samples++;
    if (sample.vm_size_kib > summary.peak_kib) {
        summary.peak_kib = sample.vm_size_kib;
        summary.peak_time_ns = sample.time_ns;
    }
}

/* ---- endings: how long, and how it ended ---- */

/*
 * TODO(endings): a number without a process can be given to another one. pidfd_open(2) gives you a
 * descriptor for this one, which poll(2) finds readable as soon as it has ended, zombies included.
 * A child of yours can be waited for; how somebody else's ended is not for you to know.
 * TODO(limit): killed by SIGKILL, and the group's count of kills has risen: ENDING_OOM_KILLED. The
 * kernel knows the peak: wait4(2) has that of a child, the group's file that of a tree.
 */
static bool has_ended(void) {
    int status = 0;
    if (options.command == NULL) {
        summary.ending = ENDING_ENDED;
        return kill(pid, 0) < 0;
    }
    if (waitpid(pid, &status, WNOHANG) == 0)
        return false;
    summary.ending = WIFEXITED(status) ? ENDING_EXITED : ENDING_KILLED;
    if (WIFEXITED(status))
        summary.status = WEXITSTATUS(status);
    else
        summary.signal = WTERMSIG(status);
    return true;
}

/*
 * TODO(sampling): the time that a sample takes comes on top of the interval, so 200 of them end
 * late. Wait until a time that is counted from the start, and leave out what was missed.
 * TODO(endings): SIGINT and SIGTERM end this without a summary. Take them, an end and the time in
 * one place: signalfd(2), pidfd_open(2), ppoll(2). A command gets its own SIGINT from the terminal;
 * SIGTERM is for you to pass on.
 */
static void observe(void) {
    started_ns = monotonic_ns();
    print_header(output, options.format);
    while (!has_ended()) {
        take_sample();
        usleep((useconds_t)options.interval_ms * 1000);
    }
    print_summary(output, options.format, &summary);
}

int main(int argc, char **argv) {
    rss_options_parse(&options, argc, argv, "What is memory, and who is counting?");
    output = options.output == NULL ? stdout : fopen(options.output, "we");
    pid = options.command == NULL ? options.pid : command_start(options.command);
    if (output == NULL || pid < 0) {
        error_errno(output == NULL ? options.output : options.what);
        return EXIT_FAILURE;
    }
    observe();
    return EXIT_SUCCESS;
}
