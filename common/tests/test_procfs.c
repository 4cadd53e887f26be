/*
 * Tests of common/procfs on live processes: the caller, forked children, zombies, and processes
 * that are gone. Numbers that move are held between two readings of another source.
 */
#define _GNU_SOURCE 1 /* RUSAGE_THREAD */
#include "common/procfs.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20, BLOCK_MIB = 32, BLOCK_KIB = BLOCK_MIB * 1024 };

/* The kernel adds up resident pages lazily, by batches that grow with the number of CPUs. */
enum { SLACK_KIB = BLOCK_KIB / 4 };

TestSuite(procfs, .timeout = 60);

/* Returns 0 in the child, which dies with its parent so that a failed test leaves nothing. */
static pid_t fork_child(void) {
    pid_t child = fork();
    cr_assert(child != -1);
    if (child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return child;
}

static void end_child(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static pid_t sleeping_child(void) {
    pid_t child = fork_child();
    if (child == 0)
        for (;;)
            pause();
    return child;
}

static struct procfs_status status_of(pid_t pid) {
    struct procfs_status status;
    int result = procfs_status(pid, &status);
    cr_assert(result == 0, "procfs_status(%d): %s", pid, strerror(errno));
    return status;
}

static struct procfs_smaps_rollup rollup_of(pid_t pid) {
    struct procfs_smaps_rollup rollup;
    int result = procfs_smaps_rollup(pid, &rollup);
    cr_assert(result == 0, "procfs_smaps_rollup(%d): %s", pid, strerror(errno));
    return rollup;
}

static struct procfs_schedstat schedstat_of(pid_t pid) {
    struct procfs_schedstat schedstat;
    int result = procfs_schedstat(pid, &schedstat);
    cr_assert(result == 0, "procfs_schedstat(%d): %s", pid, strerror(errno));
    return schedstat;
}

static char *touched_block(void) {
    char *block =
        mmap(NULL, BLOCK_MIB * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(block != MAP_FAILED);
    memset(block, 1, BLOCK_MIB * MIB);
    return block;
}

Test(procfs, status_of_the_caller_is_that_of_its_own_pid) {
    struct procfs_status self = status_of(0);
    struct procfs_status named = status_of(getpid());
    cr_expect(self.state == 'R' && named.state == 'R');
    cr_expect(self.threads >= 1 && self.threads == named.threads);
    cr_expect(self.vm_size_kib > 0 && self.vm_rss_kib > 0 && self.vm_swap_kib >= 0);
    cr_expect(self.vm_size_kib <= self.vm_peak_kib);
    cr_expect(self.vm_rss_kib <= self.vm_hwm_kib);
}

Test(procfs, resident_set_is_the_sum_of_its_three_kinds) {
    pid_t child = sleeping_child();
    struct procfs_status status = status_of(child);
    cr_expect(status.rss_anon_kib >= 0 && status.rss_file_kib >= 0 && status.rss_shmem_kib >= 0);
    cr_expect(status.vm_rss_kib ==
              status.rss_anon_kib + status.rss_file_kib + status.rss_shmem_kib);
    end_child(child);
}

Test(procfs, touching_memory_raises_the_resident_set_and_freeing_leaves_the_peak) {
    struct procfs_status before = status_of(0);
    char *block = touched_block();
    struct procfs_status touched = status_of(0);
    munmap(block, BLOCK_MIB * MIB);
    struct procfs_status freed = status_of(0);

    int64_t grown = touched.vm_rss_kib - before.vm_rss_kib;
    cr_expect(grown > BLOCK_KIB - SLACK_KIB && grown < BLOCK_KIB + SLACK_KIB,
              "touched %d KiB, grew %" PRId64 " KiB", BLOCK_KIB, grown);
    cr_expect(touched.rss_anon_kib - before.rss_anon_kib > BLOCK_KIB - SLACK_KIB);
    cr_expect(touched.vm_size_kib - before.vm_size_kib >= BLOCK_KIB);
    cr_expect(freed.vm_rss_kib < touched.vm_rss_kib - BLOCK_KIB + SLACK_KIB);
    cr_expect(freed.vm_hwm_kib >= touched.vm_rss_kib - SLACK_KIB, "the peak stays");
    cr_expect(freed.vm_peak_kib >= touched.vm_size_kib);
}

static pthread_barrier_t all_started;

static void *start_and_stay(void *unused) {
    pthread_barrier_wait(&all_started);
    pause();
    return unused;
}

Test(procfs, threads_are_counted) {
    enum { EXTRA = 5 };
    int64_t before = status_of(0).threads; /* Criterion runs a thread of its own here */
    pthread_barrier_init(&all_started, NULL, EXTRA + 1);
    for (int i = 0; i < EXTRA; i++) {
        pthread_t thread;
        cr_assert(pthread_create(&thread, NULL, start_and_stay, NULL) == 0);
    }
    pthread_barrier_wait(&all_started);
    int64_t seen = status_of(0).threads;
    cr_expect(seen == before + EXTRA, "expected %" PRId64 ", seen %" PRId64, before + EXTRA, seen);
}

Test(procfs, context_switches_agree_with_getrusage) {
    struct rusage before;
    struct rusage after;
    cr_assert(getrusage(RUSAGE_THREAD, &before) == 0);
    struct procfs_status status = status_of(0);
    cr_assert(getrusage(RUSAGE_THREAD, &after) == 0);
    cr_expect(before.ru_nvcsw <= status.voluntary_switches &&
              status.voluntary_switches <= after.ru_nvcsw);
    cr_expect(before.ru_nivcsw <= status.involuntary_switches &&
              status.involuntary_switches <= after.ru_nivcsw);
}

/* Only a child that has gone to sleep is woken, so each round trip is one voluntary switch. */
Test(procfs, each_wait_is_a_voluntary_switch) {
    enum { ROUNDS = 20 };
    int ends[2];
    cr_assert(pipe(ends) == 0);
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        while (read(ends[0], &byte, 1) == 1)
            ;
        _exit(0);
    }
    int64_t first = -1;
    int64_t last = -1;
    for (int i = 0; i <= ROUNDS; i++) {
        struct procfs_status status;
        int64_t reached = last;
        do
            status = status_of(child);
        while (status.state != 'S' || status.voluntary_switches == reached);
        last = status.voluntary_switches;
        if (i == 0)
            first = last;
        cr_assert(write(ends[1], "x", 1) == 1);
    }
    cr_expect(last - first >= ROUNDS, "expected %d switches, seen %" PRId64, ROUNDS, last - first);
    end_child(child);
}

Test(procfs, a_process_cannot_forge_a_line_by_its_name) {
    pid_t child = fork_child();
    if (child == 0) {
        prctl(PR_SET_NAME, "\nThreads:\t777");
        for (;;)
            pause();
    }
    while (status_of(child).state != 'S')
        sched_yield();
    cr_expect(status_of(child).threads == 1);
    end_child(child);
}

/* A child that has ended and that nobody has waited for. */
static pid_t zombie(void) {
    pid_t child = fork_child();
    if (child == 0)
        _exit(0);
    siginfo_t info;
    cr_assert(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
    return child;
}

Test(procfs, a_zombie_has_a_state_and_switches_but_no_memory) {
    pid_t child = zombie();
    struct procfs_status status = status_of(child);
    cr_expect(status.state == 'Z', "seen '%c'", status.state);
    cr_expect(status.vm_rss_kib == -1 && status.vm_hwm_kib == -1);
    cr_expect(status.vm_size_kib == -1 && status.vm_peak_kib == -1 && status.vm_swap_kib == -1);
    cr_expect(status.rss_anon_kib == -1 && status.rss_file_kib == -1 && status.rss_shmem_kib == -1);
    cr_expect(status.threads == 1);
    cr_expect(status.voluntary_switches >= 0 && status.involuntary_switches >= 0);

    struct procfs_smaps_rollup rollup;
    errno = 0;
    cr_expect(procfs_smaps_rollup(child, &rollup) == -1);
    cr_expect(errno == ESRCH, "expected ESRCH, seen %s", strerror(errno));
    cr_expect(schedstat_of(child).timeslices >= 1);
    waitpid(child, NULL, 0);
}

static void expect_errno_from_all(pid_t pid, int expected) {
    struct procfs_status status;
    struct procfs_smaps_rollup rollup;
    struct procfs_schedstat schedstat;
    errno = 0;
    cr_expect(procfs_status(pid, &status) == -1 && errno == expected, "status: %s",
              strerror(errno));
    errno = 0;
    cr_expect(procfs_smaps_rollup(pid, &rollup) == -1 && errno == expected, "smaps_rollup: %s",
              strerror(errno));
    errno = 0;
    cr_expect(procfs_schedstat(pid, &schedstat) == -1 && errno == expected, "schedstat: %s",
              strerror(errno));
}

Test(procfs, a_process_that_is_gone_is_ESRCH) {
    pid_t child = zombie();
    waitpid(child, NULL, 0);
    expect_errno_from_all(child, ESRCH);
}

Test(procfs, a_process_id_out_of_range_is_ESRCH_and_a_negative_one_EINVAL) {
    expect_errno_from_all(INT32_MAX, ESRCH);
    expect_errno_from_all(-1, EINVAL);
}

Test(procfs, no_descriptor_is_left_open) {
    int before = dup(STDIN_FILENO);
    close(before);
    status_of(0);
    rollup_of(0);
    schedstat_of(0);
    expect_errno_from_all(INT32_MAX, ESRCH);
    int after = dup(STDIN_FILENO);
    cr_expect(after == before, "the next free descriptor was %d and is %d", before, after);
}

Test(procfs, rollup_splits_the_resident_set_into_shared_and_private_clean_and_dirty) {
    pid_t child = sleeping_child();
    struct procfs_smaps_rollup rollup = rollup_of(child);
    cr_expect(rollup.rss_kib > 0);
    cr_expect(rollup.rss_kib == rollup.shared_clean_kib + rollup.shared_dirty_kib +
                                    rollup.private_clean_kib + rollup.private_dirty_kib);
    cr_expect(rollup.pss_kib > 0 && rollup.pss_kib <= rollup.rss_kib);
    cr_expect(rollup.anonymous_kib > 0 && rollup.swap_kib >= 0);
    if (rollup.pss_anon_kib != -1) {
        /* Each part loses under a KiB in rounding. */
        int64_t parts = rollup.pss_anon_kib + rollup.pss_file_kib + rollup.pss_shmem_kib;
        cr_expect(parts <= rollup.pss_kib && rollup.pss_kib < parts + 3);
    }
    end_child(child);
}

Test(procfs, rollup_counts_memory_shared_with_a_child_half_in_each) {
    char *block = touched_block();
    struct procfs_smaps_rollup alone = rollup_of(0);
    pid_t child = sleeping_child();
    struct procfs_smaps_rollup shared = rollup_of(0);

    cr_expect(alone.private_dirty_kib >= BLOCK_KIB);
    cr_expect(shared.shared_dirty_kib >= BLOCK_KIB, "after fork the block is shared");
    cr_expect(shared.rss_kib >= BLOCK_KIB && shared.anonymous_kib >= BLOCK_KIB);
    int64_t saved = alone.pss_kib - shared.pss_kib;
    cr_expect(saved > BLOCK_KIB / 2 - 1024, "pss fell by %" PRId64 " KiB", saved);
    end_child(child);
    munmap(block, BLOCK_MIB * MIB);
}

static int64_t own_cpu_ns(void) {
    struct timespec used;
    cr_assert(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0);
    return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

Test(procfs, time_on_cpu_agrees_with_the_threads_own_clock) {
    int64_t start = own_cpu_ns();
    while (own_cpu_ns() < start + 20000000)
        ;
    int64_t before = own_cpu_ns();
    int64_t seen = schedstat_of(0).on_cpu_ns;
    int64_t after = own_cpu_ns();
    cr_expect(before <= seen && seen <= after,
              "%" PRId64 " is not between %" PRId64 " and %" PRId64, seen, before, after);
}

static pid_t spinning_child(int cpu) {
    pid_t child = fork_child();
    if (child == 0) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET((size_t)cpu, &one);
        sched_setaffinity(0, sizeof one, &one);
        for (;;)
            ;
    }
    return child;
}

/*
 * A wait that ends puts the thread on a CPU, so timeslices must have grown by the next reading.
 * That it was preempted can only be awaited: its first wait may come before it ever ran.
 */
Test(procfs, two_spinners_on_one_cpu_wait_for_it_and_say_so) {
    int cpu = sched_getcpu();
    pid_t first = spinning_child(cpu);
    pid_t second = spinning_child(cpu);
    struct procfs_schedstat before = schedstat_of(first);
    while (schedstat_of(first).runnable_ns < before.runnable_ns + 20000000)
        sched_yield();
    struct procfs_schedstat after = schedstat_of(first);
    cr_expect(after.timeslices > before.timeslices);
    cr_expect(after.on_cpu_ns >= before.on_cpu_ns);
    while (status_of(first).involuntary_switches == 0)
        sched_yield();
    end_child(first);
    end_child(second);
}

static bool moved_during_20_ms_of_work(pid_t pid) {
    struct procfs_schedstat before = schedstat_of(pid);
    int64_t start = own_cpu_ns();
    while (own_cpu_ns() < start + 20000000)
        ;
    struct procfs_schedstat after = schedstat_of(pid);
    return memcmp(&before, &after, sizeof before) != 0;
}

/* State S is shown a moment before the CPU is left, so the first comparison may still see it move.
 */
Test(procfs, a_sleeper_comes_to_rest_and_does_not_wait_for_a_cpu) {
    pid_t child = sleeping_child();
    while (status_of(child).state != 'S')
        sched_yield();
    while (moved_during_20_ms_of_work(child))
        ;
    end_child(child);
}
