/* launch: starts one program, waits for it, reports what it used, and leaves nothing running.
 *
 *     launch REPORT_FD MOST_PROCESSES [--talk FD] [--beside COUNT WORD...] [--late]
 *            PROGRAM [ARGUMENT...]
 *
 * With --beside the COUNT words are another program, which is started first, for the one under test
 * to look at: an argument SUBJECT_PID becomes its number. --talk is the other's standard input, or
 * the program's own where there is no other. With --late the program starts when a number comes on
 * REPORT_FD, which SUBJECT_PID then stands for; 0 leaves it the subject's.
 *
 * It is the first process of the sandbox (PID 1 of its namespace), so that the program is not: to
 * PID 1 the kernel delivers no signal that it has no handler for, and SIGPIPE would not kill it.
 * Being small, it also keeps peak memory honest: ru_maxrss is inherited across exec from whoever
 * forked. It leaves out every limit that a watcher outside can hold better. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grader/sandbox/launch.h"

static void send_message(int fd, const struct launch_message *message) {
    while (send(fd, message, sizeof *message, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

/* Root without these is anyone: it can't read what it has no permission for. Without the
 * secure bits, exec would give root its capabilities back (capabilities(7)). */
static void drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};
    prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED);
    syscall(SYS_capset, &header, none);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* What it is asked to start, and how they are connected. */
struct command {
    int report_fd;
    int talk_fd; /* -1: none */
    rlim_t most_processes;
    char **program;
    char **subject; /* NULL: none */
    pid_t subject_pid;
    bool late;
};

/* What holds for everybody that is started. */
static void go_apart(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* outside a PID namespace a server would outlive its test */
    setsid();                         /* what it sends to its process group reaches no one else */
    drop_capabilities();
}

static _Noreturn void execute(char **arguments) {
    execv(arguments[0], arguments);
    fprintf(stderr, "launch: %s: %s\n", arguments[0], strerror(errno));
    _exit(127);
}

static _Noreturn void become_subject(const struct command *command) {
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    go_apart();
    dup2(command->talk_fd, STDIN_FILENO);
    dup2(null, STDOUT_FILENO); /* the program's output is the program's alone */
    execute(command->subject);
}

/* The program's view of the subject's number is ours: we share its namespace. */
static void name_subject(char **arguments, pid_t subject) {
    static char number[16];
    snprintf(number, sizeof number, "%d", subject);
    for (; *arguments != NULL; arguments++)
        if (strcmp(*arguments, "SUBJECT_PID") == 0)
            *arguments = number;
}

/* The test says when, and may name another process than the subject: its child, for example. */
static pid_t await_word(const struct command *command) {
    int32_t number = 0;
    if (recv(command->report_fd, &number, sizeof number, 0) != (ssize_t)sizeof number)
        _exit(1);
    return number > 0 ? number : command->subject_pid;
}

static _Noreturn void become_program(const struct command *command) {
    go_apart();
    if (command->talk_fd >= 0 && command->subject == NULL)
        dup2(command->talk_fd, STDIN_FILENO);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    /* in a user namespace of our own this counts no one else's processes; root is exempt */
    if (getppid() == 1)
        setrlimit(RLIMIT_NPROC, &(struct rlimit){command->most_processes, command->most_processes});
    /* or a tracer without privileges could not read the name in the exec that it counts from */
    prctl(PR_SET_DUMPABLE, 1);
    pid_t subject = command->late ? await_word(command) : command->subject_pid;
    if (subject > 0)
        name_subject(command->program, subject);
    send_message(command->report_fd, &(struct launch_message){.kind = LAUNCH_STARTS});
    execute(command->program);
}

/* Kills what the program left running, and reaps it, so that its memory is in the account. Outside
 * a PID namespace nobody else would: as their subreaper, all of them become our children once their
 * parents are gone (prctl(2), PR_SET_CHILD_SUBREAPER). */
static void end_what_was_left(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    for (int round = 0; round < 1000; round++) {
        FILE *children = fopen(path, "re");
        int pid, count = 0;
        while (children != NULL && fscanf(children, "%d", &pid) == 1) {
            kill(pid, SIGKILL);
            count++;
        }
        if (children != NULL)
            fclose(children);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (count == 0)
            return;
        usleep(1000);
    }
}

static int64_t microseconds(struct timeval time) {
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

/* The largest peak of the program, its descendants, and what it left (getrusage(2),
 * RUSAGE_CHILDREN: of those that were waited for, the maximum). */
static int64_t largest_of_all(void) {
    struct rusage used;
    return getrusage(RUSAGE_CHILDREN, &used) == 0 ? used.ru_maxrss : -1;
}

/* Whether anyone is left, once those that have ended are reaped. */
static bool others_live(void) {
    pid_t ended;
    while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
        ;
    return ended == 0;
}

/* Reaps whatever ends until the program does, and then ends the subject, which it did not start. */
static struct launch_message wait_for(pid_t program, pid_t subject) {
    struct rusage used;
    int status;
    pid_t ended;
    do {
        ended = wait4(-1, &status, 0, &used);
        if (ended == subject)
            subject = -1; /* its number may be another's from now on */
    } while (ended != program && (ended > 0 || errno == EINTR));
    if (subject > 0) {
        kill(subject, SIGKILL);
        waitpid(subject, NULL, 0);
    }
    return (struct launch_message){.kind = LAUNCH_ENDED,
                                   .wait_status = status,
                                   .voluntary = used.ru_nvcsw,
                                   .involuntary = used.ru_nivcsw,
                                   .user_us = microseconds(used.ru_utime),
                                   .system_us = microseconds(used.ru_stime),
                                   .left_behind = others_live()};
}

static pid_t start(const struct command *command, void (*become)(const struct command *command)) {
    pid_t pid = fork();
    if (pid == 0)
        become(command);
    if (pid < 0) {
        fprintf(stderr, "launch: fork: %s\n", strerror(errno));
        exit(1);
    }
    return pid;
}

/* The subject's words lie before the program's; copied, for a NULL to follow them. */
static struct command parse(char **argv) {
    static char *subject[64];
    struct command command = {.report_fd = atoi(argv[1]),
                              .talk_fd = -1,
                              .most_processes = (rlim_t)atol(argv[2]),
                              .program = argv + 3};
    if (strcmp(command.program[0], "--talk") == 0) {
        command.talk_fd = atoi(command.program[1]);
        fcntl(command.talk_fd, F_SETFD, FD_CLOEXEC);
        command.program += 2;
    }
    if (strcmp(command.program[0], "--beside") == 0) {
        size_t count = (size_t)atoi(command.program[1]);
        for (size_t i = 0; i < count && i < 63; i++)
            subject[i] = command.program[2 + i];
        command.subject = subject;
        command.program += 2 + count;
    }
    command.late = strcmp(command.program[0], "--late") == 0;
    command.program += command.late;
    return command;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: launch REPORT_FD MOST_PROCESSES [--talk FD] [--beside COUNT "
                        "WORD...] [--late] PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    struct command command = parse(argv);
    fcntl(command.report_fd, F_SETFD, FD_CLOEXEC);
    prctl(PR_SET_DUMPABLE, 0); /* or the program could read our descriptors through /proc */
    prctl(PR_SET_CHILD_SUBREAPER, 1);

    pid_t subject = command.subject == NULL ? -1 : start(&command, become_subject);
    command.subject_pid = subject;
    pid_t program = start(&command, become_program);
    if (command.talk_fd >= 0)
        close(command.talk_fd); /* whoever talks is to see the other's end */
    struct launch_message report = wait_for(program, subject);
    if (report.left_behind)
        end_what_was_left();
    report.max_rss_kib = largest_of_all();
    send_message(command.report_fd, &report);
    if (WIFSIGNALED(report.wait_status))
        return 128 + WTERMSIG(report.wait_status);
    return WEXITSTATUS(report.wait_status);
}
