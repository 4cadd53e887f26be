/*
 * What the kernel tells of one process through /proc: memory, threads, context switches, and time
 * spent waiting for a CPU.
 *
 * Each call opens, reads and closes one file. Left out: anything summed over processes or over
 * threads, and walks through /proc. A process ID can be taken by another process once its parent
 * has waited for it, so ask only about your own children or yourself.
 *
 * In all three functions `pid` is an ID in the PID namespace that /proc was mounted for
 * (pid_namespaces(7)), and 0 means the calling process. Each returns 0, or -1 with `*out` undefined
 * and errno: ESRCH when there is no such process, EACCES when it is not ours to look at (ptrace(2),
 * "Ptrace access mode checking"), EINVAL for a negative pid, ENOENT when /proc is not mounted or
 * this kernel has no such file, EBADMSG when the file does not look as documented, or what open(2)
 * and read(2) set. Numbers are KiB where named so (the kernel's "kB" is 1024 bytes), and -1 stands
 * for a key that the file does not have.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/*
 * Zombies and kernel threads have no memory of their own, so no Vm and Rss lines: those fields
 * are then -1, the others hold. The kernel adds up resident pages lazily, so resident sizes can be
 * off by hundreds of KiB, on a machine with many CPUs by MiB; procfs_smaps_rollup is exact, and far
 * slower.
 */
struct procfs_status {
    char state;                   /* State: R S D T t Z X I, as in ps(1) */
    int64_t threads;              /* Threads: of the whole process */
    int64_t vm_peak_kib;          /* VmPeak: largest address space so far */
    int64_t vm_size_kib;          /* VmSize: address space, touched or not */
    int64_t vm_hwm_kib;           /* VmHWM: largest resident set so far */
    int64_t vm_rss_kib;           /* VmRSS: resident set, the sum of the next three */
    int64_t rss_anon_kib;         /* RssAnon: heap, stacks, private pages written to */
    int64_t rss_file_kib;         /* RssFile: pages of mapped files */
    int64_t rss_shmem_kib;        /* RssShmem: shared memory and tmpfs */
    int64_t vm_swap_kib;          /* VmSwap: swapped out, shared memory not included */
    int64_t voluntary_switches;   /* voluntary_ctxt_switches: it waited; of this thread alone */
    int64_t involuntary_switches; /* nonvoluntary_ctxt_switches: it was preempted; likewise */
};

/*
 * Reads /proc/PID/status. The context switches are those of the thread whose ID is `pid` (the main
 * thread for a process ID); a thread ID is accepted too. Source: proc(5), "/proc/pid/status".
 */
int procfs_status(pid_t pid, struct procfs_status *out);

/*
 * Sums over all mappings. rss = shared_clean + shared_dirty + private_clean + private_dirty; pss
 * counts each page as 1/n when n processes map it, so that the pss of all processes can be added
 * up. Older kernels do not split it: pss_anon, pss_file and pss_shmem are then -1.
 */
struct procfs_smaps_rollup {
    int64_t rss_kib;
    int64_t pss_kib;
    int64_t pss_anon_kib;
    int64_t pss_file_kib;
    int64_t pss_shmem_kib;
    int64_t shared_clean_kib;
    int64_t shared_dirty_kib;
    int64_t private_clean_kib;
    int64_t private_dirty_kib;
    int64_t anonymous_kib;
    int64_t swap_kib;
};

/*
 * Reads /proc/PID/smaps_rollup. The kernel walks every page of the process with its memory map
 * locked: milliseconds for a large one, which slow it down, so do not poll this tightly. A zombie
 * or kernel thread has nothing to sum and is ESRCH.
 * Source: Linux Documentation/ABI/testing/procfs-smaps_rollup; proc(5), "/proc/pid/smaps".
 */
int procfs_smaps_rollup(pid_t pid, struct procfs_smaps_rollup *out);

/* Of one thread. All three only grow. */
struct procfs_schedstat {
    int64_t on_cpu_ns;   /* time running */
    int64_t runnable_ns; /* time ready to run but waiting for a CPU: what a busy machine costs */
    int64_t timeslices;  /* times it was put on a CPU */
};

/*
 * Reads /proc/PID/schedstat: the thread whose ID is `pid`, which for a process ID is the main
 * thread only; other threads are asked by their own IDs. The kernel adds a wait to runnable_ns only
 * when it ends (a thread that is starved right now does not show it yet), and running time at its
 * ticks. All three are 0 where the kernel keeps no such account.
 * Source: Linux Documentation/scheduler/sched-stats.rst, "/proc/<pid>/schedstat".
 */
int procfs_schedstat(pid_t pid, struct procfs_schedstat *out);
