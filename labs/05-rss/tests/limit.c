/* Step limit: what a control group counts, what it allows, and what happens at its limit. */
#include <signal.h>

#include "labs/05-rss/tests/observing.h"

TestSuite(limit);

enum { MIB = 1024, LIMIT_KIB = 64 * MIB };

/* Pages of libraries are charged to the group that read them first. */
enum { LIBRARIES_KIB = 4 * MIB };

/* Starts a subject in a group of that limit. */
#define observe_limited(...)                                                                       \
    start_program(.arguments = WORDS(AS_JSON, __VA_ARGS__), .talks = true,                         \
                  .memory_kib = LIMIT_KIB, .limit_ms = LONGEST_MS)

/* The kernel charges a group for some pages of each processor in advance. */
static int64_t in_advance_kib(void) {
    return sysconf(_SC_NPROCESSORS_ONLN) * 64 * PAGE_KIB + MIB;
}

Test(limit, what_is_allowed) {
    struct run *run = observe_limited(OFTEN, COMMAND("touch"), "16384");
    require_memory_group(run);
    struct seen before = seen_at(run, "started");
    EXPECT_NUMBER("cgroup_max_kib", LIMIT_KIB, before.cgroup_max_kib);
    EXPECT_NUMBER("cgroup_oom_kills", 0, before.cgroup_oom_kills);
    for (int portion = 1; portion <= 4; portion++) {
        struct seen touched = next(run, "touched");
        expect_close("growth of cgroup_kib", touched.kib, touched.cgroup_kib - before.cgroup_kib,
                     in_advance_kib());
    }
}

/* Written to a file: memory of the group's, and of no process. */
Test(limit, page_cache) {
    make_output_folder("out", 0);
    struct run *run = observe_limited(OFTEN, COMMAND("page_cache"), "out/file", "32768");
    require_memory_group(run);
    struct seen before = seen_at(run, "started"), wrote = next(run, "wrote");
    next(run, "read");
    struct seen dropped = next(run, "dropped");
    expect_between("growth of cgroup_kib", 32 * MIB - in_advance_kib(),
                   wrote.cgroup_kib - before.cgroup_kib, 40 * MIB);
    expect_close("growth of vm_rss_kib", 0, wrote.vm_rss_kib - before.vm_rss_kib, 2 * MIB);
    if (dropped.kib > 0)
        unmeasured("the page cache was not dropped here");
    expect_between("growth of cgroup_kib when it was dropped", -in_advance_kib(),
                   dropped.cgroup_kib - before.cgroup_kib, 8 * MIB);
}

Test(limit, killed_for_memory) {
    struct run *run =
        start_program(.arguments = WORDS(AS_JSON, OFTEN, COMMAND("leak"), "1024", "5"),
                      .talks = true, .memory_kib = LIMIT_KIB, .limit_ms = LONGEST_MS);
    require_memory_group(run);
    await_mark(run, "started");
    go_on(run);
    await_its_end(run);
    struct ended ended = summary_of(run);
    expect_ending(&ended, "oom_killed");
    EXPECT_NUMBER("signal", SIGKILL, ended.signal);
    struct seen last = sample_at(run, ended.samples - 1);
    expect_between("vm_rss_kib of the last sample", LIMIT_KIB / 2, last.vm_rss_kib,
                   LIMIT_KIB + LIBRARIES_KIB);
    measure("vm_rss_before_oom", (ended.peak_kib + MIB / 2) / MIB, "MiB");
}

/* The same signal by another hand. */
Test(limit, killed_by_hand) {
    make_output_folder("out", 0);
    struct run *run = observe_limited(OFTEN, COMMAND("page_cache"), "out/file", "98304");
    require_memory_group(run);
    seen_at(run, "started");
    next(run,
         "wrote"); /* more than the group may have: it has reached its limit, and nobody died */
    step("kill the subject");
    kill(subject_pid(run), SIGKILL);
    await_its_end(run);
    struct ended ended = summary_of(run);
    expect_ending(&ended, "killed");
    EXPECT_NUMBER("signal", SIGKILL, ended.signal);
}

/* It leaks, and is killed, between two samples. */
Test(limit, killed_between_two_samples) {
    struct run *run = start_program(.arguments = WORDS(AS_JSON, ONCE, COMMAND("leak"), "1024", "5"),
                                    .talks = true, .memory_kib = LIMIT_KIB, .limit_ms = LONGEST_MS);
    require_memory_group(run);
    await_mark(run, "started");
    await_total(run, 1);
    go_on(run);
    await_its_end(run);
    struct ended ended = summary_of(run);
    expect_ending(&ended, "oom_killed");
}
