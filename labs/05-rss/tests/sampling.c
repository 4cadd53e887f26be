/* Step sampling: what a look costs, and when it is taken. */
#include <time.h>

#include "common/clock.h"
#include "labs/05-rss/tests/observing.h"

TestSuite(sampling);

enum { SAMPLES = 60, NS_IN_MS = 1000000 };

#define STILL WORDS("touch", "4096")

/* So many samples of a subject that does nothing, under a tracer. */
static struct run *watch_traced(struct program program) {
    program.beside = STILL;
    program.traced = true;
    struct run *run = watch_with(program);
    await_total(run, SAMPLES);
    let_end(run);
    return run;
}

static const char *const often[] = {AS_JSON, NUMBERED, OFTEN, NULL};

/* ---- Reads and opens ---- */

static bool is_under(const char *name, const char *folder) {
    return name != NULL && strncmp(name, folder, strlen(folder)) == 0;
}

/* How many files below a folder are read again and again, and how often the one most read. */
static int64_t files_read(const struct ledger *ledger, const char *folder, int64_t *most) {
    const char *seen[64];
    size_t count = 0, files = 0;
    for (size_t i = 0; i < ledger->count; i++) {
        const char *name = ledger->calls[i].from;
        size_t known = 0;
        if (!is_under(name, folder) || !family_has(READS, ledger->calls[i].name))
            continue;
        while (known < count && strcmp(seen[known], name) != 0)
            known++;
        if (known < count || count == 64)
            continue;
        seen[count++] = name;
        int64_t reads = ledger_tally(ledger, READS, name).calls;
        files += reads > 4;
        *most = reads > *most ? reads : *most;
    }
    return (int64_t)files;
}

Test(sampling, a_read_a_file) {
    const int64_t once = 48, spare = 16;
    struct run *run = watch_traced((struct program){.arguments = often});
    const struct ledger *ledger = ledger_of(run);
    const int64_t samples = samples_of(run) - 1;
    int64_t most = 0;
    const int64_t files = files_read(ledger, "/proc/", &most);
    const int64_t reads = ledger_tally(ledger, READS, under("/proc/").name).calls;
    EXPECT(reads >= samples, "a look for each sample", "%" PRId64 " reads for %" PRId64 " samples",
           reads, samples);
    BUDGET_NUMBER_AT_MOST("reads of files under /proc", "reads", reads, files * samples + once,
                          "one brings all of a file; a few more find out what there is to look at");
    files_read(ledger, "/sys/", &most);
    BUDGET_NUMBER_AT_MOST("reads of the file that is read most", "reads", most, samples + spare,
                          "its end need not be looked for: it came in one piece");
}

/* When the program began to write a line, for the first `count` lines. One may take several calls,
 * which are no more than `within_ns` apart. */
static void line_times(const struct run *run, int64_t within_ns, int64_t *times_ns, int64_t count) {
    const struct ledger *ledger = ledger_of(run);
    int64_t lines = 0, before_ns = 0;
    for (size_t i = 0; i < ledger->count && lines < count; i++) {
        const struct call *call = &ledger->calls[i];
        if (call->to == NULL || strcmp(call->to, on_stdout(run).name) != 0)
            continue;
        if (call->time_ns - before_ns > within_ns)
            times_ns[lines++] = call->time_ns;
        before_ns = call->time_ns;
    }
    EXPECT(lines == count, "a write for each sample", "%" PRId64 " for %" PRId64, lines, count);
}

Test(sampling, files_stay_open) {
    const int64_t spare = 2;
    struct run *run = watch_traced((struct program){.arguments = often, .opens = true});
    const struct ledger *ledger = ledger_of(run);
    int64_t times_ns[SAMPLES], opens = 0;
    line_times(run, 0, times_ns, SAMPLES);
    for (size_t i = 0; i < ledger->count; i++)
        opens += family_has(OPENS, ledger->calls[i].name) &&
                 ledger->calls[i].time_ns > times_ns[2] &&
                 ledger->calls[i].time_ns < times_ns[SAMPLES - 1];
    BUDGET_NUMBER_AT_MOST(
        "files opened from the third sample to the 60th", "files", opens, spare,
        "the files of a process stay with it: opened once, read from their start");
}

/* Between its first line and its last. What a sample costs is told by the dearest, which has PSS. */
Test(sampling, nothing_else) {
    const int64_t each = 12, samples = SAMPLES - 1;
    struct run *run = watch_traced((struct program){.arguments = often, .every_call = true});
    int64_t times_ns[SAMPLES], calls = 0, most = 0;
    line_times(run, 0, times_ns, SAMPLES);
    for (int i = 1; i < SAMPLES; i++) {
        int64_t between = ledger_calls_between(ledger_of(run), times_ns[i - 1], times_ns[i]);
        calls += between;
        most = between > most ? between : most;
    }
    measure("calls_per_sample", most, "calls");
    BUDGET_NUMBER_AT_MOST(
        "calls of any kind for 59 samples", "calls and wake-ups", calls, each * samples,
        "a read for each of six files, a line, a wait, and some to tell the price");
}

/* ---- When ---- */

/* The next sample is due in an hour, so this one leaves now or never. */
Test(sampling, a_line_at_once) {
    struct run *run = watch(STILL, ONCE);
    await_total(run, 1);
    EXPECT(sample_at(run, 0).vm_rss_kib > 0, "a sample with numbers", "vm_rss_kib is none");
}

/* Each look is made to take longer: 5 ms for each file that is read. */
static struct run *watch_slowly(int64_t samples) {
    struct run *run =
        watch_with((struct program){.arguments = WORDS(AS_JSON, NUMBERED, "-i", "40"),
                                    .beside = STILL,
                                    .traced = true,
                                    .fault = "read,pread64,readv,preadv,preadv2:delay_exit=5000"});
    await_total(run, samples);
    let_end(run);
    return run;
}

/* Who sleeps for the interval after each look never has two samples closer than both together; who
 * waits for a time on a grid has, however busy the machine is. */
Test(sampling, no_drift) {
    enum { INTERVAL_MS = 40, LOOK_MS = 5, LOOKS = 25 };
    struct run *run = watch_slowly(LOOKS);
    int64_t times_ns[LOOKS], closest_ns = INT64_MAX;
    line_times(run, NS_IN_MS, times_ns, LOOKS);
    for (int i = 1; i < LOOKS; i++)
        if (times_ns[i] - times_ns[i - 1] < closest_ns)
            closest_ns = times_ns[i] - times_ns[i - 1];
    EXPECT(closest_ns < (INTERVAL_MS * 2 + LOOK_MS) * (int64_t)NS_IN_MS / 2,
           "two samples that are 40 ms apart, though a look takes 5 ms or more", "at least %.1f ms",
           (double)closest_ns / NS_IN_MS);
}

/* Stopped for twenty intervals. A program that then makes up for them does so at once; one that goes
 * on has a sample for each slot that has begun since, and one that it was about to take. */
Test(sampling, missed_slots) {
    enum { INTERVAL_MS = 20, MISSED = 20, LOOK_MS = 200 };
    struct run *run = watch(STILL, "-i", "20");
    await_samples(run, 3);
    step("stop it for 20 intervals");
    hold(run);
    pause_ms(run, MISSED * INTERVAL_MS);
    int64_t before = samples_of(run), released_ns = monotonic_ns(), passed_ms = 0;
    release(run);
    while (passed_ms < LOOK_MS) {
        pause_ms(run, 1);
        int64_t count = samples_of(run) - before;
        passed_ms = (monotonic_ns() - released_ns) / NS_IN_MS;
        EXPECT(count <= passed_ms / INTERVAL_MS + 3, "what was missed left out",
               "%" PRId64 " samples within %" PRId64 " ms, at one every 20 ms", count, passed_ms);
    }
    await_samples(run, 3);
    let_end(run);
}

/* ---- What it holds ---- */

static int64_t own_memory_kib(struct run *run) {
    struct procfs_smaps_rollup own;
    if (procfs_smaps_rollup(run->pid, &own) < 0)
        unmeasured("its own memory can't be read");
    return own.anonymous_kib;
}

Test(sampling, own_memory) {
    const int64_t most_kib = 24;
    struct run *run = watch(STILL, "-i", "1");
    await_samples(run, 100);
    const int64_t before_kib = own_memory_kib(run);
    await_samples(run, 900);
    const int64_t grown_kib = own_memory_kib(run) - before_kib;
    BUDGET_NUMBER_AT_MOST("growth of its own memory from 100 samples to 1,000", "KiB", grown_kib,
                          most_kib, "a line that is out needs no memory");
    let_end(run);
}

/* ---- What a look at PSS costs ---- */

/* Of a look by ourselves, on a processor: the least of some. */
static double own_look_ms(pid_t pid) {
    double least_ms = 1e9;
    for (int i = 0; i < 9; i++) {
        struct procfs_smaps_rollup rollup;
        struct timespec before, after;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
        if (procfs_smaps_rollup(pid, &rollup) < 0)
            unmeasured("the subject's smaps_rollup can't be read");
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
        double ms = (double)(after.tv_sec - before.tv_sec) * 1e3 +
                    (double)(after.tv_nsec - before.tv_nsec) / NS_IN_MS;
        least_ms = ms < least_ms ? ms : least_ms;
    }
    return least_ms;
}

/* For one part of the time in a hundred, looks are a hundred times as far apart as one takes. Half of
 * that is asked, and measured on this machine. */
Test(sampling, pss_by_its_price) {
    enum { LEAST = 50 };
    struct run *run = watch(WORDS("touch", "262144"), "-i", "1");
    for (int portion = 1; portion <= 4; portion++) {
        go_on(run);
        await_mark(run, "touched");
    }
    await_samples(run, 1);
    int64_t first = samples_of(run) + 1;
    EXPECT(sample_at(run, 0).pss_kib > 0, "PSS in the first sample", "none");
    await_samples(run, 150);
    double look_ms = own_look_ms(subject_pid(run)), before_ms = -1e9;
    int64_t samples = samples_of(run);
    show("what a look at the PSS of 256 MiB took", (int64_t)(look_ms * 1000), "us");
    for (int64_t i = first; i < samples; i++) {
        struct seen seen = sample_at(run, i);
        if (seen.pss_kib < 0)
            continue;
        EXPECT(seen.time_ms - before_ms >= LEAST * look_ms,
               "PSS no oftener than half a hundred times what a look at it takes",
               "looks of %.2f ms that are %.1f ms apart", look_ms, seen.time_ms - before_ms);
        before_ms = seen.time_ms;
    }
}

Test(sampling, pss_of_a_small_one) {
    struct run *run = watch(STILL, "-i", "10");
    await_samples(run, 50);
    int64_t samples = samples_of(run), with = 0;
    for (int64_t i = 0; i < samples; i++)
        with += sample_at(run, i).pss_kib >= 0;
    EXPECT(sample_at(run, 0).pss_kib > 0, "PSS in the first sample", "none");
    EXPECT(with > 2, "PSS from time to time", "%" PRId64 " of %" PRId64 " samples", with, samples);
}
