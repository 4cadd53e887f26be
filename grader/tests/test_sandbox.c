/* The strict sandbox, from within: a probe runs behind the very words and the filter that a grading
 * puts before a program, and tells what it sees and what it is denied. Skipped, with the reason,
 * where namespaces are not to be had. */
#include "grader/sandbox/sandbox.h"

#include <asm/unistd.h>
#include <dirent.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "grader/engine/process.h"
#include "grader/tests/helpers.h"

TestSuite(sandbox, .timeout = 60);

enum { LIMIT_MS = 30 * 1000, TMP_MIB = 2 };

/* ---- Probes: each prints what it found; the tests know what it should be ---- */

static int probe_processes(int argc, char **argv) {
    (void)argc, (void)argv;
    DIR *folder = opendir("/proc");
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        if (atoi(entry->d_name) > 0)
            printf("%s ", entry->d_name);
    printf("me %d\n", getpid());
    return fflush(stdout);
}

static int probe_tracer(int argc, char **argv) {
    (void)argc, (void)argv;
    char *status = file_text("/proc/self/status");
    char *line = status == NULL ? NULL : strstr(status, "TracerPid:");
    printf("%.*s\n", line == NULL ? 0 : (int)strcspn(line, "\n"), line == NULL ? "" : line);
    return fflush(stdout);
}

/* Tries to make a file in each place. */
static int probe_write(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/new", argv[i]);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        printf("%s %s\n", argv[i], fd >= 0 ? "writable" : strerror(errno));
    }
    return fflush(stdout);
}

static int probe_exists(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        printf("%d", access(argv[i], F_OK) == 0);
    return fflush(stdout);
}

/* How many KiB go into a file there. */
static int probe_fill(int argc, char **argv) {
    static char chunk[1024];
    (void)argc;
    int fd = open(argv[1], O_WRONLY | O_CREAT, 0600), kib = 0;
    while (kib < 1 << 20 && write(fd, chunk, sizeof chunk) == (ssize_t)sizeof chunk)
        kib++;
    printf("%d\n", kib);
    return fflush(stdout);
}

/* Its network namespace, and how many interfaces that has. */
static int probe_network(int argc, char **argv) {
    char space[64] = "";
    int lines = 0;
    (void)argc, (void)argv;
    for (char *c = file_text("/proc/net/dev"); c != NULL && *c != '\0'; c++)
        lines += *c == ':';
    if (readlink("/proc/self/ns/net", space, sizeof space - 1) < 0)
        return 1;
    printf("%s\n%d\n", space, lines);
    return fflush(stdout);
}

static int probe_who(int argc, char **argv) {
    char name[65] = "";
    (void)argc, (void)argv;
    gethostname(name, sizeof name - 1);
    printf("%d %d %d\n", getuid(), getgid(), sethostname("x", 1) == 0);
    return fflush(stdout);
}

static void tell(const char *call, long result) {
    printf("%s %s\n", call, result >= 0 ? "done" : strerrorname_np(errno));
    if (result == 0 && strncmp(call, "clone", 5) == 0 && getpid() != getppid())
        fflush(stdout);
}

/* A clone with those flags; the child is gone at once. */
static long try_clone(unsigned long flags) {
    long result = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (result == 0)
        _exit(0);
    return result;
}

static int probe_denied(int argc, char **argv) {
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    char parameters[256] = {0};
    (void)argc, (void)argv;
    tell("clone3", syscall(SYS_clone3, &arguments, sizeof arguments));
    tell("io_uring_setup", syscall(SYS_io_uring_setup, 1, parameters));
    tell("io_setup", syscall(SYS_io_setup, 1, parameters));
    tell("unshare", unshare(CLONE_NEWUSER));
    tell("ptrace", syscall(SYS_ptrace, 0, 0, 0, 0));
    tell("process_vm_readv", syscall(SYS_process_vm_readv, getpid(), 0, 0, 0, 0, 0));
    tell("mount", mount("x", "/tmp", "tmpfs", 0, NULL));
    tell("seccomp", syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &(int){0}));
    tell("prctl", syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0, 0, 0));
    tell("prctl_with_high_bits", /* of an int the kernel looks at 32 bits only */
         syscall(SYS_prctl, (1UL << 32) | PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0, 0, 0));
    tell("TIOCSTI", ioctl(0, TIOCSTI, "x"));
    tell("TIOCSTI_with_high_bits", syscall(SYS_ioctl, 0, (1UL << 32) | TIOCSTI, "x"));
    tell("bpf", syscall(SYS_bpf, 0, 0, 0));
    tell("memfd_create", syscall(SYS_memfd_create, "x", 0));
    tell("clone_untraced", try_clone(CLONE_UNTRACED));
    tell("clone_newuser", try_clone(CLONE_NEWUSER));
    tell("clone_newpid", try_clone(CLONE_NEWPID));
    tell("clone", try_clone(0));
    return fflush(stdout);
}

/* Prints when a foreign call came back; should have been killed by then. */
static int probe_x32(int argc, char **argv) {
    (void)argc, (void)argv;
#ifdef __x86_64__
    syscall(0x40000000 | __NR_getpid);
#endif
    puts("alive");
    return fflush(stdout);
}

static int probe_int80(int argc, char **argv) {
    (void)argc, (void)argv;
#ifdef __x86_64__
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
#endif
    puts("alive");
    return fflush(stdout);
}

static const struct probe probes[] = {{"processes", probe_processes},
                                      {"tracer", probe_tracer},
                                      {"write", probe_write},
                                      {"exists", probe_exists},
                                      {"fill", probe_fill},
                                      {"network", probe_network},
                                      {"who", probe_who},
                                      {"denied", probe_denied},
                                      {"x32", probe_x32},
                                      {"int80", probe_int80},
                                      {0}};
PROBES(probes)

/* ---- Running ---- */

static struct process run_in_sandbox(const char *const *words, const char *const *tracer) {
    struct arguments arguments = {0};
    struct process process;
    const char *in = own_file("in");
    int filter = open(own_file("filter"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert_eq(sandbox_write_filter(filter), 0);
    lseek(filter, 0, SEEK_SET);
    filter = fcntl(filter, F_DUPFD_CLOEXEC, 10); /* 3 to 5 do not pass through */
    mkdir(in, 0755);
    const struct sandbox_mount mounts[] = {{own_path(), "/probe", false}, {in, "/in", false}};
    const struct sandbox sandbox = {.tier = SANDBOX_STRICT,
                                    .mounts = mounts,
                                    .mount_count = 2,
                                    .directory = "/in",
                                    .filter_fd = filter,
                                    .tmp_mib = TMP_MIB};
    const char *const kept[OUTER_KEEPS] = {root_path(""), own_file(""), own_file("")};
    sandbox_add_outer(&arguments, SANDBOX_STRICT, kept);
    if (tracer != NULL)
        arguments_add_all(&arguments, tracer);
    sandbox_add_inner(&arguments, &sandbox);
    arguments_add_all(&arguments, (const char *const[]){"/probe", "probe", NULL});
    arguments_add_all(&arguments, words);
    cr_assert(!arguments.failed);
    const struct process_options options = {.arguments = arguments.words,
                                            .environment = sandbox_environment,
                                            .keep = &filter,
                                            .keep_count = 1,
                                            .limit_ms = LIMIT_MS};
    cr_assert_eq(process_run(&process, &options), 0);
    arguments_release(&arguments);
    close(filter);
    return process;
}

/* What the probe prints; skips where no sandbox can be had, which `who` has no other way to fail.
 */
static const char *seen(const char *const *words) {
    struct process works = run_in_sandbox((const char *const[]){"who", NULL}, NULL);
    if (works.wait_status != 0)
        cr_skip_test("no strict sandbox here: %s", works.errors.data);
    process_release(&works);
    struct process process = run_in_sandbox(words, NULL);
    return process.output.data == NULL ? "" : process.output.data;
}

#define SEEN(...) seen((const char *const[]){__VA_ARGS__, NULL})

static void expect_line(const char *text, const char *line) {
    cr_expect_not_null(strstr(text, line), "\"%s\" is not in: %s", line, text);
}

Test(sandbox, shows_no_process_but_its_own) {
    cr_expect_str_eq(SEEN("processes"), "1 me 1\n");
}

Test(sandbox, hides_the_tracer) {
    static const char *const tracer[] = {"strace", "-f",           "-qq", "-o", "/dev/null",
                                         "-e",     "trace=execve", "--",  NULL};
    SEEN("who");
    struct process process = run_in_sandbox((const char *const[]){"tracer", NULL}, tracer);
    if (process.output.length == 0)
        cr_skip_test("nothing can be traced here: %s", process.errors.data);
    cr_expect_str_eq(process.output.data, "TracerPid:\t0\n");
    process_release(&process);
}

Test(sandbox, can_be_written_to_in_tmp_and_dev_shm_alone) {
    const char *text = SEEN("write", "/", "/in", "/usr", "/usr/lib", "/dev", "/proc", "/proc/self",
                            "/tmp", "/dev/shm");
    expect_line(text, "/ Read-only file system\n");
    expect_line(text, "/in Read-only file system\n");
    expect_line(text, "/usr Read-only file system\n");
    expect_line(text, "/usr/lib Read-only file system\n");
    expect_line(text, "/dev Read-only file system\n");
    expect_line(text, "/tmp writable\n");
    expect_line(text, "/dev/shm writable\n");
    cr_expect_null(strstr(text, "/proc writable"), "%s", text);
    cr_expect_null(strstr(text, "/proc/self writable"), "%s", text);
}

Test(sandbox, has_writable_places_of_limited_size) {
    cr_expect_leq(atoi(SEEN("fill", "/tmp/x")), TMP_MIB * 1024);
    cr_expect_geq(atoi(SEEN("fill", "/tmp/x")), TMP_MIB * 1024 - 64);
    cr_expect_leq(atoi(SEEN("fill", "/dev/shm/x")), TMP_MIB * 1024);
}

Test(sandbox, shows_neither_home_nor_repository_nor_other_peoples_files) {
    cr_expect_str_eq(SEEN("exists", "/in", "/probe", "/usr/lib"), "111");
    cr_expect_str_eq(SEEN("exists", "/home", "/root", "/etc/passwd", "/var", "/work", "/mnt",
                          "/sys", root_path("labs"), root_path("build"), own_file("filter"),
                          "/usr/bin/strace", "/bin/sh"),
                     "000000000000");
}

/* Not even the one that the test's own servers live in. */
Test(sandbox, has_no_network_but_a_loopback_of_its_own) {
    static const char *const before[] = {"/bin/sh", "-c", "readlink /proc/self/ns/net; exec \"$@\"",
                                         "sh", NULL};
    char outer[64] = "", inner[64] = "";
    int interfaces = 0;
    SEEN("who");
    struct process process = run_in_sandbox((const char *const[]){"network", NULL}, before);
    cr_assert_eq(sscanf(process.output.data, "%63s %63s %d", outer, inner, &interfaces), 3, "%s",
                 process.output.data);
    cr_expect_str_neq(inner, outer);
    cr_expect_eq(interfaces, 1);
    process_release(&process);
}

Test(sandbox, makes_whoever_runs_it_user_1000) {
    cr_expect_str_eq(SEEN("who"), "1000 1000 0\n");
}

Test(sandbox, denies_what_would_escape_the_tracer_or_the_sandbox) {
    static const char *const expected[] = {"clone3 ENOSYS",
                                           "io_uring_setup ENOSYS",
                                           "io_setup ENOSYS",
                                           "unshare EPERM",
                                           "ptrace EPERM",
                                           "process_vm_readv EPERM",
                                           "mount EPERM",
                                           "seccomp EPERM",
                                           "prctl EPERM",
                                           "prctl_with_high_bits EPERM",
                                           "TIOCSTI EPERM",
                                           "TIOCSTI_with_high_bits EPERM",
                                           "bpf EPERM",
                                           "memfd_create EPERM",
                                           "clone_untraced EPERM",
                                           "clone_newuser EPERM",
                                           "clone_newpid EPERM",
                                           "clone done"};
    const char *text = SEEN("denied");
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        char line[64];
        snprintf(line, sizeof line, "%s\n", expected[i]);
        expect_line(text, line);
    }
}

#ifdef __x86_64__
Test(sandbox, kills_calls_of_a_foreign_architecture) {
    SEEN("who");
    static const char *const calls[] = {"x32", "int80"};
    for (size_t i = 0; i < 2; i++) {
        struct process process = run_in_sandbox((const char *const[]){calls[i], NULL}, NULL);
        cr_expect_eq(process.output.length, 0, "%s: %s", calls[i], process.output.data);
        cr_expect_eq(WEXITSTATUS(process.wait_status), 128 + SIGSYS);
        process_release(&process);
    }
}
#endif

Test(sandbox, argument_vectors_say_when_they_are_full) {
    struct arguments arguments = {0};
    for (int i = 0; i < ARGUMENTS_LIMIT; i++)
        arguments_add(&arguments, "word %d", i);
    cr_expect(!arguments.failed);
    cr_expect_str_eq(arguments.words[ARGUMENTS_LIMIT - 1], "word 511");
    cr_expect_null(arguments.words[ARGUMENTS_LIMIT]);
    arguments_add(&arguments, "one too many");
    cr_expect(arguments.failed);
    cr_expect_eq(arguments.count, ARGUMENTS_LIMIT);
    arguments_release(&arguments);
}

Test(sandbox, of_the_none_tier_adds_no_words) {
    struct arguments arguments = {0};
    const struct sandbox sandbox = {.tier = SANDBOX_NONE, .directory = "/", .filter_fd = -1};
    sandbox_add_outer(&arguments, SANDBOX_NONE, NULL);
    sandbox_add_inner(&arguments, &sandbox);
    cr_expect_eq(arguments.count, 0);
    cr_expect_str_eq(sandbox_tier_name(SANDBOX_NONE), "none");
    cr_expect_str_eq(sandbox_tier_name(SANDBOX_STRICT), "strict");
}
