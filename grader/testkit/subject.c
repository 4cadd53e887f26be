/* Subjects: how they are started, and the conversation with them. */
#include "grader/testkit/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "grader/testkit/kit.h"
#include "grader/testkit/patience.h"

enum { END_LIMIT_MS = 2000 };

/* They are built beside the lab's tests, which is us. */
static const char *subjects_folder(void) {
    static char folder[PATH_MAX];
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length <= 0)
        unmeasured("our own path is not known: %s", strerror(errno));
    own[length] = '\0';
    *strrchr(own, '/') = '\0';
    if (snprintf(folder, sizeof folder, "%s/subjects", own) >= (int)sizeof folder)
        unmeasured("our own path is too long");
    return folder;
}

bool has_subject(const struct program *program) {
    return program->beside != NULL || program->talks;
}

struct sandbox_mount subjects_mount(void) {
    if (kit()->tier != SANDBOX_STRICT)
        unmeasured("a subject and its observer need a sandbox that they share");
    return (struct sandbox_mount){subjects_folder(), "/subjects", false};
}

/* Each message comes with its sender's number as we see it (unix(7), SO_PASSCRED). */
int subject_connect(struct run *run) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ||
        setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) < 0)
        unmeasured("no socket pair: %s", strerror(errno));
    run->talk_fd = ends[0];
    return ends[1];
}

void subject_add_words(struct arguments *arguments, const struct program *program, int talk_fd) {
    size_t count = 0;
    arguments_add(arguments, "--talk");
    arguments_add(arguments, "%d", talk_fd);
    if (program->beside == NULL)
        return;
    while (program->beside[count] != NULL)
        count++;
    arguments_add(arguments, "--beside");
    arguments_add(arguments, "%zu", count);
    arguments_add(arguments, "/subjects/%s", program->beside[0]);
    arguments_add_all(arguments, program->beside + 1);
    if (program->late)
        arguments_add(arguments, "--late");
}

/* ---- Marks ---- */

/* Whether that process runs one of our subjects, and not a program that speaks for it. */
static bool is_subject(pid_t pid) {
    char path[PATH_MAX + 64], name[256];
    struct stat runs, ours;
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    ssize_t length = readlink(path, name, sizeof name - 1);
    if (length <= 0 || stat(path, &runs) < 0)
        return false;
    name[length] = '\0';
    snprintf(path, sizeof path, "%s/%s", subjects_folder(), strrchr(name, '/') + 1);
    return stat(path, &ours) == 0 && ours.st_dev == runs.st_dev && ours.st_ino == runs.st_ino;
}

/* Takes one mark: its word, cut off, and its KiB. Returns false when there is none yet. */
static bool take_mark(struct run *run, char *mark, size_t size, int64_t *kib) {
    char control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec into = {mark, size - 1};
    struct msghdr header = {.msg_iov = &into,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control};
    ssize_t got = recvmsg(run->talk_fd, &header, MSG_DONTWAIT);
    struct cmsghdr *credentials = got > 0 ? CMSG_FIRSTHDR(&header) : NULL;
    if (credentials == NULL || credentials->cmsg_type != SCM_CREDENTIALS)
        return false;
    pid_t sender = ((struct ucred *)(void *)CMSG_DATA(credentials))->pid;
    if (!is_subject(sender))
        fail_test("marks from the subject alone", "one from another program");
    if (run->subject == 0)
        run->subject = sender;
    mark[got] = '\0';
    char *number = strchrnul(mark, ' ');
    *kib = strtoll(number, NULL, 10);
    *number = '\0';
    return true;
}

int64_t await_mark(struct run *run, const char *what) {
    char mark[128], owed[160];
    int64_t kib;
    snprintf(owed, sizeof owed, "the subject's word `%s`", what);
    if (!run->program.late)
        await_start(run); /* from now on the program's own number is known */
    struct patience patience = patience_with(run, owed);
    while (!take_mark(run, mark, sizeof mark, &kib))
        patience_pump(&patience, 2);
    patience_end(&patience);
    if (strcmp(mark, what) != 0)
        fail_test(owed, "`%s`", mark);
    step("the subject says `%s %lld`", what, (long long)kib);
    return kib;
}

int64_t next_mark(struct run *run, int wait_ms) {
    char mark[128];
    int64_t kib = -1, deadline = deadline_in_ms(wait_ms);
    while (!take_mark(run, mark, sizeof mark, &kib) && milliseconds_left(deadline) > 0)
        pause_ms(run, 2);
    return kib;
}

void go_on(struct run *run) {
    if (send(run->talk_fd, "\n", 1, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
        unmeasured("the subject can't be told to go on: %s", strerror(errno));
}

void begin(struct run *run, pid_t inside) {
    int32_t number = inside;
    step("start the program");
    if (send(run->report_fd, &number, sizeof number, MSG_NOSIGNAL) < 0)
        unmeasured("the program can't be told to start: %s", strerror(errno));
    await_start(run);
}

/* ---- Its number, and who else may get it ---- */

pid_t subject_pid(const struct run *run) {
    return run->subject;
}

/* The last number of a line "NSpid:\t4711\t12\t3" is the innermost one (proc(5)). */
pid_t subject_pid_inside(const struct run *run) {
    char path[64], line[256];
    pid_t inside = 0;
    snprintf(path, sizeof path, "/proc/%d/status", run->subject);
    FILE *status = fopen(path, "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "NSpid:", 6) == 0)
            inside = atoi(strrchr(line, '\t') + 1);
    if (status != NULL)
        fclose(status);
    if (inside == 0)
        unmeasured("the subject's number inside is not known");
    return inside;
}

void await_subject_end(struct run *run) {
    int64_t deadline = deadline_in_ms(limit_for(END_LIMIT_MS));
    while (kill(run->subject, 0) == 0 && milliseconds_left(deadline) > 0)
        pause_ms(run, 2);
    if (kill(run->subject, 0) == 0)
        unmeasured("the subject did not end");
}

/* Touches its memory and waits for its end, which comes with the namespace's. */
static _Noreturn void be_the_next(int64_t kib, int ready_fd) {
    size_t size = (size_t)kib * 1024;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; memory != MAP_FAILED && i < size; i += 4096)
        memory[i] = 1;
    if (write(ready_fd, "\n", 1) == 1)
        for (;;)
            pause();
    _exit(0);
}

/* A process of the namespace's, which alone can be given a number in it (clone(2), set_tid). */
static void clone_with(pid_t inside, int64_t kib, int ready_fd) {
    struct clone_args how = {
        .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&inside, .set_tid_size = 1};
    long pid = syscall(SYS_clone3, &how, sizeof how);
    if (pid == 0)
        be_the_next(kib, ready_fd);
    _exit(pid < 0 ? errno : 0);
}

/* Enters the PID namespace of a process, as one who may give out its numbers: that is up to the user
 * namespace that owns it (ioctl_ns(2)), which need not be the process's own. */
static int enter_namespace_of(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/pid", pid);
    int numbers = open(path, O_RDONLY | O_CLOEXEC);
    int owner = numbers < 0 ? -1 : ioctl(numbers, NS_GET_USERNS);
    if (owner < 0 || setns(owner, CLONE_NEWUSER) < 0)
        return -1;
    return setns(numbers, CLONE_NEWPID);
}

/* Entering a PID namespace holds for children: hence two forks, one for each side of that door. */
void take_pid(struct run *run, pid_t inside, int64_t kib) {
    int ready[2], status = 0;
    char byte;
    step("another process, of %lld KiB, gets its number", (long long)kib);
    if (pipe2(ready, O_CLOEXEC) < 0)
        unmeasured("no pipe: %s", strerror(errno));
    pid_t door = fork();
    if (door == 0) {
        if (enter_namespace_of(run->pid) < 0)
            _exit(errno);
        pid_t child = fork();
        if (child == 0)
            clone_with(inside, kib, ready[1]);
        waitpid(child, &status, 0);
        _exit(WEXITSTATUS(status));
    }
    close(ready[1]);
    waitpid(door, &status, 0);
    bool taken = WEXITSTATUS(status) == 0 && read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    if (!taken)
        unmeasured("no process can be given that number: %s", strerror(WEXITSTATUS(status)));
}

void require_memory_group(const struct run *run) {
    if (cgroup_memory_folder(&run->cgroup) == NULL)
        unmeasured("no memory control group can be made here; as root, or below one that is "
                   "delegated to you, it can (cgroups(7))");
}
