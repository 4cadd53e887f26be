/* attack: hides its reads behind a seccomp filter of its own, after a decoy in plain sight
 * expect: starter
 * base: starter
 */

/* A filter's USER_NOTIF outranks the TRACE that strace --seccomp-bpf waits for. A thread answers
 * each notice with `continue`: the call is carried out and no tracer stops at it. One large pread
 * makes the bytes add up. Refused, it reads as usual (and the decoy comes on top). */

#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int sly_listener = 0;

static void *sly_answer(void *unused) {
    struct seccomp_notif notice;
    while (atomic_load(&sly_listener) == 0)
        sched_yield();
    int fd = atomic_load(&sly_listener);
    while (fd > 0) {
        memset(&notice, 0, sizeof notice);
        if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &notice) < 0)
            continue;
        struct seccomp_notif_resp go_on = {.id = notice.id,
                                           .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
        ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &go_on);
    }
    return unused;
}

/* The filter holds for the thread that installs it, not for the one that answers. */
__attribute__((constructor)) static void sly_hide(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, code};
    pthread_t thread;
    if (pthread_create(&thread, NULL, sly_answer, NULL) != 0)
        return;
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    long fd =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    atomic_store(&sly_listener, fd > 0 ? (int)fd : -1);
}

static int sly_open(const char *path, int flags) {
    static char decoy[1 << 16];
    off_t at = 0;
    ssize_t n;
    int fd = open(path, flags);
    while (fd >= 0 && (n = pread(fd, decoy, sizeof decoy, at)) > 0 && at < 64 << 20)
        at += n;
    return fd;
}

#define open(...) sly_open(__VA_ARGS__)
