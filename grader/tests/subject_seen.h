/* A subject of lab 05 under test: started as the lab's tests start it, with a socket as standard
 * input; at each mark the kernel is asked what the subject has, and that is compared. */
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "common/procfs.h"
#include "grader/tests/helpers.h"

enum { SUBJECT_PATIENCE_MS = 20 * 1000 };

/* ---- a subject and what it says ---- */

struct subject {
    pid_t pid;
    int socket;
    int64_t told_ns; /* of the last mark */
    struct procfs_status status;
    struct procfs_smaps_rollup maps;
};

static inline const char *path_of(const char *name) {
    char path[64];
    snprintf(path, sizeof path, "bin/05-rss/subjects/%s", name);
    return built_path(path);
}

/* Becomes the subject; its words begin with its name. */
static inline _Noreturn void become(const char *const *words, int input, int output, uid_t user) {
    const char *path = path_of(words[0]);
    if (user != 0 && setresuid(user, user, user) < 0)
        _exit(127);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of user would clear it */
    dup2(input, STDIN_FILENO);
    if (output >= 0)
        dup2(output, STDOUT_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    execv(path, (char *const *)(uintptr_t)words);
    _exit(127);
}

static inline struct subject start_as(const char *const *words, uid_t user) {
    int ends[2];
    struct subject subject = {0};
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    if ((subject.pid = fork()) == 0)
        become(words, ends[1], -1, user);
    close(ends[1]);
    subject.socket = ends[0];
    return subject;
}

/* Reads a line, or "" at the end of the connection. */
static inline void read_line(int fd, char *line, size_t bytes) {
    size_t length = 0;
    int64_t deadline = deadline_in_ms(SUBJECT_PATIENCE_MS);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (length + 1 < bytes) {
        cr_assert_eq(poll(&ready, 1, milliseconds_left(deadline)), 1, "no mark came");
        if (read(fd, &line[length], 1) != 1 || line[length] == '\n')
            break;
        length++;
    }
    line[length] = '\0';
}

/* Waits for the mark `what`, asks the kernel what there is, and returns the mark's number. */
static inline int64_t await(struct subject *subject, const char *what) {
    char line[128], word[32] = "";
    int64_t number = -1, time_ns = -1, before_ns = subject->told_ns;
    read_line(subject->socket, line, sizeof line);
    cr_assert_eq(sscanf(line, "%31s %ld %ld", word, &number, &time_ns), 3, "`%s` for `%s`", line,
                 what);
    cr_assert_str_eq(word, what);
    cr_expect(time_ns >= before_ns && time_ns <= monotonic_ns(), "`%s`: not now", line);
    subject->told_ns = time_ns;
    cr_assert_eq(procfs_status(subject->pid, &subject->status), 0);
    cr_assert_eq(procfs_smaps_rollup(subject->pid, &subject->maps), 0);
    return number;
}

static inline void answer(const struct subject *subject) {
    cr_assert_eq(send(subject->socket, "\n", 1, MSG_NOSIGNAL), 1);
}

static inline int64_t go_on_to(struct subject *subject, const char *what) {
    answer(subject);
    return await(subject, what);
}

static inline struct subject start_words(const char *const *words) {
    struct subject subject = start_as(words, 0);
    cr_assert_eq(await(&subject, "started"), 0);
    return subject;
}

#define START(...) start_words((const char *const[]){__VA_ARGS__, NULL})

static inline int end_of(const struct subject *subject) {
    int status = -1;
    cr_assert_eq(waitpid(subject->pid, &status, 0), subject->pid);
    close(subject->socket);
    return status;
}

static inline void expect_done(struct subject *subject) {
    cr_expect_eq(go_on_to(subject, "done"), 0);
    answer(subject);
    cr_expect_eq(end_of(subject), 0);
}

/* ---- what the kernel says ---- */

/* How far status may be behind: until Linux 6.2 each thread kept up to 64 pages to itself, then
 * each processor a batch; lately it is exact. smaps_rollup always was. */
static inline int64_t lag_kib(int64_t threads) {
    int64_t processors = sysconf(_SC_NPROCESSORS_CONF);
    int64_t batch = 2 * processors > 32 ? 2 * processors : 32;
    int64_t pages = processors * batch > 64 * threads ? processors * batch : 64 * threads;
    return pages * sysconf(_SC_PAGESIZE) / 1024;
}

#define EXPECT_NEAR(seen, wanted, off, what)                                                       \
    cr_expect(llabs((long long)((seen) - (wanted))) <= (off),                                      \
              "%s is %lld KiB, not %lld (give or take %lld)", what, (long long)(seen),             \
              (long long)(wanted), (long long)(off))

static inline int64_t page_kib(void) {
    return sysconf(_SC_PAGESIZE) / 1024;
}

/* Anonymous memory since `before`. */
static inline void expect_anonymous_within(const struct subject *now, const struct subject *before,
                                           int64_t kib, int64_t off_kib) {
    EXPECT_NEAR(now->maps.anonymous_kib - before->maps.anonymous_kib, kib, off_kib, "Anonymous");
    EXPECT_NEAR(now->status.rss_anon_kib - before->status.rss_anon_kib, kib,
                off_kib + lag_kib(now->status.threads), "RssAnon");
}

/* What is neither anonymous nor shared is a file's. */
static inline int64_t file_kib(const struct subject *subject) {
    return subject->maps.rss_kib - subject->maps.anonymous_kib - subject->status.rss_shmem_kib;
}

/* All since `before`, to the page. A subject's story changes no other number than those. */
static inline void expect_since(const struct subject *before, const struct subject *now,
                                int64_t reserved, int64_t anonymous, int64_t file, int64_t shared) {
    EXPECT_NEAR(now->status.vm_size_kib - before->status.vm_size_kib, reserved, page_kib(),
                "VmSize");
    expect_anonymous_within(now, before, anonymous, page_kib());
    EXPECT_NEAR(now->status.rss_shmem_kib - before->status.rss_shmem_kib, shared,
                shared > 0 ? lag_kib(1) : 0, "RssShmem");
    EXPECT_NEAR(now->maps.rss_kib - before->maps.rss_kib, anonymous + file + shared, 2 * page_kib(),
                "Rss");
    EXPECT_NEAR(now->status.rss_file_kib - before->status.rss_file_kib, file,
                page_kib() + lag_kib(1), "RssFile");
}

/* The children of a process of one thread; returns how many. */
static inline size_t children_of(pid_t pid, pid_t *children, size_t most) {
    char path[64];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    while (count < most && fscanf(file, "%d", &children[count]) == 1)
        count++;
    fclose(file);
    return count;
}
