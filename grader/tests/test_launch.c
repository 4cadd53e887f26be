/* launch: the small parent of what is measured. What it reports, what it takes from the program,
 * and what it leaves running. The programs are probes in this very binary (helpers.h). */
#include "grader/sandbox/launch.h"

#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "common/procfs.h"
#include "grader/engine/process.h"
#include "grader/tests/helpers.h"

TestSuite(launch, .timeout = 60);

enum { LIMIT_MS = 30 * 1000, TOUCHED_MIB = 64 };

/* ---- Probes ---- */

static int probe_exit(int argc, char **argv) {
    (void)argc;
    return atoi(argv[1]);
}

static int probe_die(int argc, char **argv) {
    (void)argc;
    raise(atoi(argv[1]));
    return 1;
}

static int probe_touch(int argc, char **argv) {
    (void)argc;
    size_t bytes = (size_t)atoi(argv[1]) << 20;
    volatile char *memory = malloc(bytes + 1);
    for (size_t at = 0; memory != NULL && at < bytes; at += 1024)
        memory[at] = 1;
    return 0;
}

/* Leaves a child, in a session of its own, that writes its number and sleeps. */
static int probe_leave(int argc, char **argv) {
    int ready[2];
    char byte;
    (void)argc, (void)argv;
    if (pipe(ready) < 0)
        return 1;
    if (fork() == 0) {
        setsid();
        dprintf(1, "%d\n", getpid());
        if (write(ready[1], "", 1) == 1)
            for (;;)
                pause();
    }
    return read(ready[0], &byte, 1) == 1 ? 0 : 1;
}

/* Prints: descriptors above 2, effective capabilities, no_new_privs, whether a core may be dumped,
 * whether it leads its session, whether it may look into its parent. */
static int probe_self(int argc, char **argv) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    struct rlimit core;
    char path[64], target[64];
    int open_ones = 0;
    (void)argc, (void)argv;
    for (int fd = 3; fd < 256; fd++)
        open_ones += fcntl(fd, F_GETFD) >= 0;
    syscall(SYS_capget, &header, data);
    getrlimit(RLIMIT_CORE, &core);
    snprintf(path, sizeof path, "/proc/%d/fd/1", getppid());
    dprintf(1, "%d %x%x%x %d %d %d %d\n", open_ones, data[0].effective, data[0].permitted,
            data[1].effective, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), core.rlim_max == 0,
            getsid(0) == getpid(), readlink(path, target, sizeof target) >= 0);
    return 0;
}

static int probe_open(int argc, char **argv) {
    (void)argc;
    return open(argv[1], O_RDONLY) < 0;
}

static const struct probe probes[] = {{"exit", probe_exit},
                                      {"die", probe_die},
                                      {"touch", probe_touch},
                                      {"leave", probe_leave},
                                      {"self", probe_self},
                                      {"open", probe_open},
                                      {0}};
PROBES(probes)

/* ---- Running ---- */

struct launched {
    struct process process;
    struct launch_message starts; /* kind 0: did not come */
    struct launch_message ends;
    pid_t pid; /* of the program, as the socket's credentials say */
};

static bool take(int fd, struct launch_message *message, pid_t *pid) {
    char control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec into = {message, sizeof *message};
    struct msghdr header = {.msg_iov = &into,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control};
    if (recvmsg(fd, &header, MSG_DONTWAIT) != (ssize_t)sizeof *message)
        return false;
    const struct cmsghdr *credentials = CMSG_FIRSTHDR(&header);
    cr_assert(credentials != NULL && credentials->cmsg_type == SCM_CREDENTIALS);
    *pid = ((const struct ucred *)(const void *)CMSG_DATA(credentials))->pid;
    return true;
}

static struct launched launch_words(const char *program, const char *const *words) {
    struct launched launched = {0};
    int ends[2];
    char number[16];
    pid_t launcher = 0;
    const char *arguments[16] = {built_path("launch"), number, "512", program};
    for (size_t i = 0; words[i] != NULL; i++)
        arguments[i + 4] = words[i];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    cr_assert_eq(setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)), 0);
    snprintf(number, sizeof number, "%d", ends[1]);
    const struct process_options options = {.arguments = (char *const *)(uintptr_t)arguments,
                                            .keep = &ends[1],
                                            .keep_count = 1,
                                            .limit_ms = LIMIT_MS};
    cr_assert_eq(process_run(&launched.process, &options), 0);
    close(ends[1]);
    if (take(ends[0], &launched.starts, &launched.pid))
        take(ends[0], &launched.ends, &launcher);
    struct launch_message more;
    cr_expect(!take(ends[0], &more, &launcher), "two messages, no more");
    close(ends[0]);
    return launched;
}

#define LAUNCH(...) launch_words(own_path(), (const char *const[]){"probe", __VA_ARGS__, NULL})

Test(launch, reports_the_start_with_the_programs_own_number_and_the_end) {
    struct launched launched = LAUNCH("leave");
    cr_expect_eq(launched.starts.kind, LAUNCH_STARTS);
    cr_expect_eq(launched.ends.kind, LAUNCH_ENDED);
    cr_expect_gt(launched.pid, 0);
    cr_expect_neq(launched.pid, launched.process.pid, "it is not launch's own");
    process_release(&launched.process);
}

Test(launch, passes_an_exit_status_on) {
    struct launched launched = LAUNCH("exit", "41");
    cr_expect(WIFEXITED(launched.ends.wait_status));
    cr_expect_eq(WEXITSTATUS(launched.ends.wait_status), 41);
    cr_expect_eq(WEXITSTATUS(launched.process.wait_status), 41);
    cr_expect_eq(launched.ends.left_behind, 0);
    process_release(&launched.process);
}

Test(launch, passes_a_signal_on) {
    static const int numbers[] = {SIGKILL, SIGSEGV, SIGPIPE, SIGTERM};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", numbers[i]);
        struct launched launched = LAUNCH("die", number);
        cr_expect(WIFSIGNALED(launched.ends.wait_status));
        cr_expect_eq(WTERMSIG(launched.ends.wait_status), numbers[i]);
        cr_expect_eq(WEXITSTATUS(launched.process.wait_status), 128 + numbers[i]);
        process_release(&launched.process);
    }
}

Test(launch, says_when_the_program_can_not_be_executed) {
    struct launched launched = launch_words("/no/such/program", (const char *const[]){NULL});
    cr_expect_eq(WEXITSTATUS(launched.ends.wait_status), 127);
    cr_expect_str_eq(launched.process.errors.data,
                     "launch: /no/such/program: No such file or directory\n");
    process_release(&launched.process);
}

/* Peak memory is inherited from whoever forks; the small launcher in between keeps it honest. */
Test(launch, reports_the_programs_peak_memory_and_not_ours) {
    size_t bytes = (size_t)4 * TOUCHED_MIB << 20;
    volatile char *ours = malloc(bytes);
    cr_assert_not_null(ours);
    for (size_t at = 0; at < bytes; at += 1024)
        ours[at] = 1;
    struct launched small = LAUNCH("exit", "0"), large = LAUNCH("touch", "64");
    cr_expect_lt(small.ends.max_rss_kib, TOUCHED_MIB * 1024);
    cr_expect_geq(large.ends.max_rss_kib, TOUCHED_MIB * 1024);
    cr_expect_lt(large.ends.max_rss_kib, 3 * TOUCHED_MIB * 1024);
    cr_expect_geq(large.ends.user_us + large.ends.system_us, 1);
    process_release(&small.process);
    process_release(&large.process);
    free((void *)(uintptr_t)ours);
}

static bool is_gone(pid_t pid) {
    struct procfs_status status;
    return procfs_status(pid, &status) < 0 || status.state == 'Z' || status.state == 'X';
}

Test(launch, tells_of_children_left_behind_and_ends_them) {
    struct launched launched = LAUNCH("leave");
    cr_assert_not_null(launched.process.output.data);
    pid_t left = atoi(launched.process.output.data);
    int64_t deadline = deadline_in_ms(LIMIT_MS);
    cr_expect_eq(launched.ends.left_behind, 1);
    cr_expect_eq(WEXITSTATUS(launched.ends.wait_status), 0);
    while (!is_gone(left) && milliseconds_left(deadline) > 0)
        sched_yield();
    cr_expect(is_gone(left));
    process_release(&launched.process);
}

Test(launch, takes_from_the_program_what_it_needs_not_have) {
    struct launched launched = LAUNCH("self");
    cr_expect_str_eq(launched.process.output.data, "0 000 1 1 1 0\n",
                     "descriptors, capabilities, no_new_privs, core, session, parent: %s",
                     launched.process.output.data);
    process_release(&launched.process);
}

Test(launch, makes_root_anyone_who_can_not_read_what_is_not_his) {
    const char *secret = make_own_file("secret", "secret\n");
    cr_assert_eq(chmod(secret, 0), 0);
    struct launched launched = LAUNCH("open", secret);
    cr_expect_eq(WEXITSTATUS(launched.ends.wait_status), 1);
    process_release(&launched.process);
}

Test(launch, shows_its_usage) {
    struct process process;
    char *const words[] = {(char *)(uintptr_t)built_path("launch"), NULL};
    const struct process_options options = {.arguments = words, .limit_ms = LIMIT_MS};
    cr_assert_eq(process_run(&process, &options), 0);
    cr_expect_eq(WEXITSTATUS(process.wait_status), 2);
    cr_expect_eq(count_lines(process.errors.data), 1);
    process_release(&process);
}
