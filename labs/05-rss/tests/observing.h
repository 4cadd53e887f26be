/* What the tests of the observer share: starting it, reading its samples as they come, and what the
 * kernel says of the subject at the same moment. A subject waits after each mark, so nothing changes
 * while it is looked at, and no test depends on how fast anybody is. */
#pragma once

#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "grader/testkit/kit.h"
#include "grader/testkit/patience.h"
#include "grader/testkit/subject.h"

enum {
    PAGE_KIB = 4,
    LONGEST_MS = 20000, /* a run that hangs is ended then */
    AN_HOUR_MS = 3600000,
};

/* ---- Starting ---- */

#define OFTEN      "-i", "5"
#define AS_JSON    "--format", "json"
#define ONCE       "-i", "3600000" /* one sample, and none before the test is over */
#define NUMBERED   "-p", "SUBJECT_PID"
#define COMMAND(n) "--", (SUBJECT(n))

/* A program that starts the subject by itself. */
#define observe(...)                                                                               \
    start_program(.arguments = WORDS(AS_JSON, __VA_ARGS__), .talks = true, .limit_ms = LONGEST_MS)
/* One that looks at a subject that is there already: it starts when that one has. */
static inline struct run *watch_with(struct program program) {
    program.late = true;
    program.limit_ms = LONGEST_MS;
    struct run *run = start(program);
    await_mark(run, "started");
    begin(run, 0);
    return run;
}

/* `subject` are its words. */
#define watch(subject, ...)                                                                        \
    watch_with(                                                                                    \
        (struct program){.beside = (subject), .arguments = WORDS(AS_JSON, NUMBERED, __VA_ARGS__)})

/* ---- Samples ---- */

/* One sample as it was read; -1 for null. `kib` is what the mark before it said. */
struct seen {
    double time_ms;
    int64_t vm_size_kib, vm_rss_kib, rss_anon_kib, rss_file_kib, rss_shmem_kib, pss_kib, swap_kib,
        minor_faults, major_faults, threads, processes, cgroup_kib, cgroup_max_kib,
        cgroup_limit_hits, cgroup_oom_kills;
    int64_t kib;
};

static inline json_t *parse_line(const char *line) {
    json_error_t error;
    size_t length = strcspn(line, "\n");
    json_t *object = json_loadb(line, length, 0, &error);
    EXPECT(json_is_object(object), "a JSON object a line", "`%.*s`",
           (int)(length < 100 ? length : 100), line);
    return object;
}

static inline int64_t number_or_null(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    EXPECT(json_is_number(value) || json_is_null(value), key, "none, or one that is no number");
    return json_is_null(value) ? -1 : (int64_t)json_number_value(value);
}

static inline struct seen sample_from(const char *line) {
    json_t *object = parse_line(line);
    EXPECT(json_is_number(json_object_get(object, "time_ms")), "time_ms in each sample", "`%.80s`",
           line);
    struct seen seen = {.time_ms = json_number_value(json_object_get(object, "time_ms")),
                        .vm_size_kib = number_or_null(object, "vm_size_kib"),
                        .vm_rss_kib = number_or_null(object, "vm_rss_kib"),
                        .rss_anon_kib = number_or_null(object, "rss_anon_kib"),
                        .rss_file_kib = number_or_null(object, "rss_file_kib"),
                        .rss_shmem_kib = number_or_null(object, "rss_shmem_kib"),
                        .pss_kib = number_or_null(object, "pss_kib"),
                        .swap_kib = number_or_null(object, "swap_kib"),
                        .minor_faults = number_or_null(object, "minor_faults"),
                        .major_faults = number_or_null(object, "major_faults"),
                        .threads = number_or_null(object, "threads"),
                        .processes = number_or_null(object, "processes"),
                        .cgroup_kib = number_or_null(object, "cgroup_kib"),
                        .cgroup_max_kib = number_or_null(object, "cgroup_max_kib"),
                        .cgroup_limit_hits = number_or_null(object, "cgroup_limit_hits"),
                        .cgroup_oom_kills = number_or_null(object, "cgroup_oom_kills")};
    json_decref(object);
    return seen;
}

/* Whole lines so far: while it runs, each is a sample. */
static inline int64_t samples_of(const struct run *run) {
    int64_t count = 0;
    for (const char *c = output(run); (c = strchr(c, '\n')) != NULL; c++)
        count++;
    return count;
}

/* The line of that number, from 0 on. */
static inline const char *line_at(const struct run *run, int64_t number) {
    const char *line = output(run);
    for (; number > 0 && line != NULL; number--) {
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    EXPECT(line != NULL && strchr(line, '\n') != NULL, "another line", "the end of the output");
    return line;
}

static inline struct seen sample_at(const struct run *run, int64_t number) {
    return sample_from(line_at(run, number));
}

static inline struct seen last_sample(const struct run *run) {
    return sample_at(run, samples_of(run) - 1);
}

/* Waits until there are so many samples. */
static inline void await_total(struct run *run, int64_t total) {
    int64_t seen = samples_of(run);
    struct patience patience = patience_with(run, "another sample");
    while (seen < total) {
        patience_pump(&patience, 2);
        if (samples_of(run) == seen)
            continue;
        seen = samples_of(run);
        patience_end(&patience); /* it begins anew with each that comes */
        patience = patience_with(run, "another sample");
    }
    patience_end(&patience);
}

/* Waits for so many more. */
static inline void await_samples(struct run *run, int64_t count) {
    await_total(run, samples_of(run) + count);
}

/* A sample that was taken after now. A line that comes next may tell of a look before; the one after
 * it was taken when that line was out. */
static inline struct seen fresh_sample(struct run *run) {
    size_t before;
    do {
        before = run->process.output.length;
        process_pump(&run->process, 0);
    } while (run->process.output.length > before);
    await_samples(run, 2);
    return last_sample(run);
}

/* ---- What must be so ---- */

static inline void expect_between(const char *what, int64_t least, int64_t seen, int64_t most) {
    char expected[160];
    snprintf(expected, sizeof expected, "%s from %" PRId64 " to %" PRId64, what, least, most);
    EXPECT(seen >= least && seen <= most, expected, "%" PRId64, seen);
}

static inline void expect_close(const char *what, int64_t expected, int64_t seen, int64_t within) {
    expect_between(what, expected - within, seen, expected + within);
}

/* While the subject waits, what the program says of it is what the kernel says, to the page. */
static inline void expect_as_kernel(struct run *run, const struct seen *seen) {
    struct procfs_status status;
    if (procfs_status(subject_pid(run), &status) < 0)
        unmeasured("the subject's own status can't be read");
    EXPECT_NUMBER("vm_size_kib", status.vm_size_kib, seen->vm_size_kib);
    EXPECT_NUMBER("vm_rss_kib", status.vm_rss_kib, seen->vm_rss_kib);
    EXPECT_NUMBER("rss_anon_kib", status.rss_anon_kib, seen->rss_anon_kib);
    EXPECT_NUMBER("rss_file_kib", status.rss_file_kib, seen->rss_file_kib);
    EXPECT_NUMBER("rss_shmem_kib", status.rss_shmem_kib, seen->rss_shmem_kib);
    EXPECT_NUMBER("swap_kib", status.vm_swap_kib, seen->swap_kib);
    EXPECT_NUMBER("threads", status.threads, seen->threads);
}

/* Waits for that mark and looks at what it tells of. */
static inline struct seen seen_at(struct run *run, const char *mark) {
    int64_t kib = await_mark(run, mark);
    struct seen seen = fresh_sample(run);
    seen.kib = kib;
    return seen;
}

/* Lets the subject go on to that mark, and looks. */
static inline struct seen next(struct run *run, const char *mark) {
    go_on(run);
    return seen_at(run, mark);
}

/* The same, for one process: what is said must be the kernel's word. */
static inline struct seen next_as_kernel(struct run *run, const char *mark) {
    struct seen seen = next(run, mark);
    expect_as_kernel(run, &seen);
    return seen;
}

/* A sample that carries PSS, taken after now. */
static inline struct seen fresh_pss(struct run *run) {
    enum { MANY = 2000 };
    struct seen seen = fresh_sample(run);
    EXPECT(sample_at(run, 0).pss_kib >= 0, "PSS in the first sample", "none");
    for (int i = 0; seen.pss_kib < 0 && i < MANY; i++) {
        await_samples(run, 1);
        seen = last_sample(run);
    }
    EXPECT(seen.pss_kib >= 0, "PSS from time to time", "none in 2,000 samples");
    return seen;
}

/* How far resident sizes may be off: each processor adds up so many pages by itself before it tells
 * (Linux 6.2, include/linux/percpu_counter.h; before that each thread did, 64 pages). */
static inline int64_t batching_kib(void) {
    const int64_t processors = sysconf(_SC_NPROCESSORS_ONLN);
    const int64_t batch = processors * 2 > 32 ? processors * 2 : 32;
    return (batch * processors > 64 ? batch * processors : 64) * PAGE_KIB;
}

/* ---- The end ---- */

struct ended {
    int64_t samples, status, signal, peak_kib;
    double peak_time_ms;
    char ending[32], peak_source[32];
};

static inline void take_text(const json_t *object, const char *key, char *text, size_t size) {
    const char *value = json_string_value(json_object_get(object, key));
    EXPECT(value != NULL, key, "none in the summary");
    snprintf(text, size, "%s", value);
}

/* The last line, of a program that has ended; as many samples must stand before it as it says. */
static inline struct ended summary_of(struct run *run) {
    EXPECT_EXIT(run, 0);
    struct ended ended = {0};
    EXPECT(samples_of(run) >= 1, "a summary as the last line", "no line");
    json_t *object = parse_line(line_at(run, samples_of(run) - 1));
    take_text(object, "ending", ended.ending, sizeof ended.ending);
    take_text(object, "peak_source", ended.peak_source, sizeof ended.peak_source);
    ended.samples = number_or_null(object, "samples");
    ended.status = number_or_null(object, "status");
    ended.signal = number_or_null(object, "signal");
    ended.peak_kib = number_or_null(object, "peak_kib");
    ended.peak_time_ms = json_number_value(json_object_get(object, "peak_time_ms"));
    json_decref(object);
    EXPECT_NUMBER("samples by the summary", samples_of(run) - 1, ended.samples);
    return ended;
}

static inline void expect_ending(const struct ended *ended, const char *ending) {
    EXPECT(strcmp(ended->ending, ending) == 0, ending, "`%s` as the ending", ended->ending);
}

/* Waits for the program's end, which is due now: it hangs when it sleeps on, or runs on. */
static inline void await_its_end(struct run *run) {
    enum { LIMIT_MS = 3000, ASLEEP_MS = 1000 };
    process_limit_time(&run->process, limit_for(LIMIT_MS), limit_for(ASLEEP_MS));
    finish(run);
}

/* Nobody answers the subject any more, and it ends; then so does the program. */
static inline void let_end(struct run *run) {
    step("the subject ends");
    shutdown(run->talk_fd, SHUT_RDWR);
    await_its_end(run);
}

static inline struct ended end_of(struct run *run) {
    let_end(run);
    return summary_of(run);
}
