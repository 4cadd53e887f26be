/* The system-call filter of the strict tier, by libseccomp.
 *
 * It denies what could move bytes past the tracer, reach another process, or change what the
 * process is; everything else a program under test may do, for the namespaces bound it already.
 * Calls of a foreign architecture (int 80h, x32) kill: a filter for one sees nothing of the other.
 */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "grader/sandbox/sandbox.h"

struct denial {
    int call;
    int error; /* what the caller is told */
};

static const struct denial denials[] = {
    /* I/O that strace would not see: the work happens in a ring, without a call */
    {SCMP_SYS(io_uring_setup), ENOSYS},
    {SCMP_SYS(io_uring_enter), ENOSYS},
    {SCMP_SYS(io_uring_register), ENOSYS},
    {SCMP_SYS(io_setup), ENOSYS},
    {SCMP_SYS(io_submit), ENOSYS},
    /* its flags lie behind a pointer, where a filter can't look; the C library falls back to clone
     */
    {SCMP_SYS(clone3), ENOSYS},
    /* other processes' memory, descriptors and calls */
    {SCMP_SYS(ptrace), EPERM},
    {SCMP_SYS(process_vm_readv), EPERM},
    {SCMP_SYS(process_vm_writev), EPERM},
    {SCMP_SYS(pidfd_getfd), EPERM},
    {SCMP_SYS(kcmp), EPERM},
    /* memory that is in no process's resident set, and so escapes the watch */
    {SCMP_SYS(memfd_create), EPERM},
    {SCMP_SYS(memfd_secret), EPERM},
    {SCMP_SYS(shmget), EPERM},
    /* queues that carry bytes by calls which nobody counts */
    {SCMP_SYS(msgget), EPERM},
    {SCMP_SYS(mq_open), EPERM},
    /* namespaces and mounts of its own */
    {SCMP_SYS(unshare), EPERM},
    {SCMP_SYS(setns), EPERM},
    {SCMP_SYS(mount), EPERM},
    {SCMP_SYS(umount2), EPERM},
    {SCMP_SYS(pivot_root), EPERM},
    {SCMP_SYS(chroot), EPERM},
    {SCMP_SYS(open_tree), EPERM},
    {SCMP_SYS(move_mount), EPERM},
    {SCMP_SYS(fsopen), EPERM},
    {SCMP_SYS(fsmount), EPERM},
    /* the kernel's own programming interfaces, and its keyrings */
    {SCMP_SYS(bpf), EPERM},
    {SCMP_SYS(perf_event_open), EPERM},
    {SCMP_SYS(userfaultfd), EPERM},
    {SCMP_SYS(keyctl), EPERM},
    {SCMP_SYS(add_key), EPERM},
    {SCMP_SYS(request_key), EPERM},
    /* a filter that answers in the program's stead, or hides calls from the tracer's */
    {SCMP_SYS(seccomp), EPERM},
};

/* A thread made with any of these would be out of the tracer's sight, or in a world of its own. */
static const unsigned long denied_clone_flags[] = {CLONE_UNTRACED, CLONE_NEWUSER,  CLONE_NEWPID,
                                                   CLONE_NEWNS,    CLONE_NEWNET,   CLONE_NEWIPC,
                                                   CLONE_NEWUTS,   CLONE_NEWCGROUP};

static int deny_clone_flags(scmp_filter_ctx filter) {
    for (size_t i = 0; i < sizeof denied_clone_flags / sizeof *denied_clone_flags; i++) {
        unsigned long flag = denied_clone_flags[i];
        if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag)) < 0)
            return -1;
    }
    /* a thread with descriptors of its own: /proc/PID/fd and a limit on them would miss those */
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_FILES, CLONE_THREAD));
}

int sandbox_write_filter(int fd) {
    int status = -1;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL)
        return -1;
    if (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) < 0)
        goto out;
    for (size_t i = 0; i < sizeof denials / sizeof *denials; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)denials[i].error), denials[i].call,
                             0) < 0)
            goto out;
    if (deny_clone_flags(filter) < 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 1,
                         SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffu, PR_SET_SECCOMP)) < 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
                         SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, TIOCSTI)) < 0)
        goto out;
    status = seccomp_export_bpf(filter, fd) < 0 ? -1 : 0;
out:
    seccomp_release(filter);
    return status;
}
