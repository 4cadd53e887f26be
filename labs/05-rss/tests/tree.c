/* Step tree: a process and all that come from it, where what they share counts once. */
#include "labs/05-rss/tests/observing.h"

TestSuite(tree);

enum { MIB = 1024, CHILDREN = 3 };

/* What a process has besides what it was told to touch. */
enum { OWN_KIB = 4 * MIB };

static struct seen next_tree(struct run *run, const char *mark, int64_t processes) {
    go_on(run);
    await_mark(run, mark);
    struct seen seen = fresh_sample(run);
    EXPECT_NUMBER("processes", processes, seen.processes);
    return seen;
}

static struct seen next_pss(struct run *run, const char *mark, int64_t processes) {
    next_tree(run, mark, processes);
    return fresh_pss(run);
}

static void expect_each(const struct seen *seen, int64_t processes, int64_t each_kib) {
    expect_between("vm_rss_kib of all", processes * each_kib, seen->vm_rss_kib,
                   processes * (each_kib + OWN_KIB));
}

Test(tree, children_come_and_go) {
    struct run *run = observe("--tree", OFTEN, COMMAND("copy_on_write"), "16384", "3");
    seen_at(run, "started");
    next_tree(run, "touched", 1);
    struct seen forked = next_tree(run, "forked", 1 + CHILDREN);
    expect_each(&forked, 1 + CHILDREN, 16 * MIB);
    EXPECT_NUMBER("threads of all", 1 + CHILDREN, forked.threads);
    next_tree(run, "wrote", 1 + CHILDREN);
    struct seen joined = next_tree(run, "joined", 1);
    expect_each(&joined, 1, 16 * MIB);
}

/* Within 2 % of what there is: shared pages once, copies as often as they were made. */
Test(tree, shared_once) {
    enum { KIB = 16 * MIB, WITHIN = KIB / 50, STACK_KIB = 256 }; /* what else a child changes */
    struct run *run = observe("--tree", OFTEN, COMMAND("copy_on_write"), "16384", "3");
    seen_at(run, "started");
    struct seen touched = next_pss(run, "touched", 1),
                forked = next_pss(run, "forked", 1 + CHILDREN),
                wrote = next_pss(run, "wrote", 1 + CHILDREN);
    expect_between("growth of vm_rss_kib by three children", CHILDREN * KIB,
                   forked.vm_rss_kib - touched.vm_rss_kib, CHILDREN * (KIB + OWN_KIB));
    const int64_t once = touched.pss_kib, copies = once + CHILDREN * KIB / 2;
    expect_between("pss_kib of all four", once - WITHIN, forked.pss_kib,
                   once + WITHIN + CHILDREN * STACK_KIB);
    expect_between("pss_kib when each has copies of half", copies - WITHIN, wrote.pss_kib,
                   copies + WITHIN + CHILDREN * STACK_KIB);
}

/* It is found through its parent, and stays in the tree when that one has ended. */
Test(tree, grandchildren) {
    struct run *run = observe("--tree", OFTEN, COMMAND("family"), "8192");
    seen_at(run, "started");
    struct seen three = next_tree(run, "grandchild", 3), two = next_tree(run, "orphan", 2);
    expect_between("rss_anon_kib of three", 16 * MIB, three.rss_anon_kib, 16 * MIB + 3 * OWN_KIB);
    expect_between("rss_anon_kib of two", 8 * MIB, two.rss_anon_kib, 8 * MIB + 2 * OWN_KIB);
}

Test(tree, a_child_of_a_thread) {
    struct run *run = watch(WORDS("family", "8192"), "--tree", OFTEN);
    next_tree(run, "grandchild", 3);
    next_tree(run, "orphan", 2);
    struct seen seen = next_tree(run, "thread", 3);
    expect_between("rss_anon_kib of three", 16 * MIB, seen.rss_anon_kib, 16 * MIB + 3 * OWN_KIB);
}

/* Version 2 keeps a peak since Linux 5.19. */
static void require_peak(const struct run *run) {
    char path[CGROUP_PATH + 64];
    require_memory_group(run);
    const char *folder = cgroup_memory_folder(&run->cgroup);
    snprintf(path, sizeof path, "%s/memory.peak", folder);
    bool has_peak = access(path, R_OK) == 0;
    snprintf(path, sizeof path, "%s/memory.max_usage_in_bytes", folder);
    if (!has_peak && access(path, R_OK) < 0)
        unmeasured("this kernel keeps no peak of a control group; Linux 5.19 and later do");
}

/* One sample in all: what came and went meanwhile is in the group's account alone. */
Test(tree, short_lives_in_the_peak) {
    struct run *run = observe("--tree", ONCE, COMMAND("spawn"), "5", "32768");
    require_peak(run);
    await_mark(run, "started");
    await_total(run, 1);
    for (int i = 1; i <= 5; i++) {
        go_on(run);
        await_mark(run, "spawned");
    }
    struct ended ended = end_of(run);
    EXPECT(strcmp(ended.peak_source, "cgroup") == 0, "`cgroup` as the source of the peak", "`%s`",
           ended.peak_source);
    expect_between("peak_kib", 32 * MIB, ended.peak_kib, 2 * 32 * MIB);
}

/* The group's peak is of before, and tells nothing of the time since. */
Test(tree, an_old_peak) {
    struct run *run = start_program(.beside = WORDS("unmap", "131072"), .late = true,
                                    .arguments = WORDS(AS_JSON, NUMBERED, "--tree", OFTEN),
                                    .limit_ms = LONGEST_MS);
    require_peak(run);
    await_mark(run, "started");
    go_on(run);
    await_mark(run, "allocated");
    go_on(run);
    await_mark(run, "freed");
    begin(run, 0);
    await_total(run, 5);
    struct ended ended = end_of(run);
    EXPECT(strcmp(ended.peak_source, "sampled, may miss") == 0,
           "`sampled, may miss` as the source of the peak", "`%s`", ended.peak_source);
}
