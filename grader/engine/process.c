/* Starting a program and moving its bytes. What its limits are and how it is ended is in limits.c.
 */
#include "grader/engine/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "grader/engine/limits.h"

enum { TICK_MS = 20, READ_BYTES = 64 * 1024 };

/* The three ends of a pipe that matter to us: the child's, ours, and what names it in a trace. */
struct channel {
    int child;
    int ours;
    ino_t inode;
};

int bytes_append(struct bytes *bytes, const void *data, size_t size_bytes) {
    if (bytes->length + size_bytes + 1 > bytes->capacity) {
        size_t capacity = (bytes->length + size_bytes + 1) * 2;
        char *grown = realloc(bytes->data, capacity);
        if (grown == NULL)
            return -1;
        bytes->data = grown;
        bytes->capacity = capacity;
    }
    memcpy(bytes->data + bytes->length, data, size_bytes);
    bytes->length += size_bytes;
    bytes->data[bytes->length] = '\0';
    return 0;
}

void bytes_release(struct bytes *bytes) {
    free(bytes->data);
    *bytes = (struct bytes){0};
}

static int open_channel(struct channel *channel, const char *path, bool child_writes) {
    *channel = (struct channel){.child = -1, .ours = -1};
    if (path != NULL) {
        int mode = child_writes ? O_WRONLY : O_RDONLY;
        channel->child = open(path, mode | O_CLOEXEC | O_NOCTTY); /* a terminal is not ours */
        return channel->child < 0 ? -1 : 0;
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    channel->child = ends[child_writes ? 1 : 0];
    channel->ours = ends[child_writes ? 0 : 1];
    struct stat status;
    if (fstat(channel->ours, &status) == 0)
        channel->inode = status.st_ino;
    return fcntl(channel->ours, F_SETFL, O_NONBLOCK);
}

static void close_if_open(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* A traced call is a wake-up from one process to another; across processors that costs ten times
 * as much. Staying where we are spreads parallel tests over the processors. */
static void pin_to_this_cpu(void) {
    int cpu = sched_getcpu();
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu < 0 ? 0 : (size_t)cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* A test runner may ignore signals or block them, and both survive exec. */
static void reset_signals(void) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
}

static void keep_only(const int *keep, size_t keep_count) {
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    for (size_t i = 0; i < keep_count; i++)
        fcntl(keep[i], F_SETFD, 0);
}

static _Noreturn void become(const struct process_options *options, int in, int out, int err) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    reset_signals();
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(options->join_stderr_to_stdout ? out : err, STDERR_FILENO);
    keep_only(options->keep, options->keep_count);
    if (options->pin_to_one_cpu)
        pin_to_this_cpu();
    if (options->enter != NULL)
        options->enter(options->group);
    if (options->file_limit_bytes > 0) {
        rlim_t most = (rlim_t)options->file_limit_bytes;
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){most, most});
    }
    if (options->directory == NULL || chdir(options->directory) == 0) {
        if (options->environment != NULL)
            execvpe(options->arguments[0], options->arguments, options->environment);
        else
            execvp(options->arguments[0], options->arguments);
    }
    dprintf(STDERR_FILENO, "%s: %s\n", options->arguments[0], strerror(errno));
    _exit(127);
}

int process_start(struct process *process, const struct process_options *options) {
    *process = (struct process){.pid = -1, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
    process->options = *options;
    struct channel in, out = {.child = -1, .ours = -1}, err = {.child = -1, .ours = -1};
    int status = -1;
    if (open_channel(&in, options->stdin_path, false) < 0 ||
        open_channel(&out, options->stdout_path, true) < 0 ||
        open_channel(&err, options->stderr_path, true) < 0)
        goto out;
    pid_t pid = fork();
    if (pid < 0)
        goto out;
    if (pid == 0)
        become(options, in.child, out.child, err.child);
    process->pid = pid;
    process->stdin_fd = in.ours;
    process->stdout_fd = out.ours;
    process->stderr_fd = err.ours;
    process->stdin_inode = in.inode;
    process->stdout_inode = out.inode;
    process->stderr_inode = err.inode;
    process->started_ns = process->watched_since_ns = monotonic_ns();
    process->next_tick_ns = deadline_in_ms(TICK_MS);
    process->limit_ns = (int64_t)options->limit_ms * 1000000;
    process->deadline_ns = options->limit_ms > 0 ? deadline_in_ms(options->limit_ms) : INT64_MAX;
    status = 0;
out:
    close_if_open(&in.child);
    close_if_open(&out.child);
    close_if_open(&err.child);
    if (status < 0) {
        close_if_open(&in.ours);
        close_if_open(&out.ours);
        close_if_open(&err.ours);
    }
    return status;
}

/* Takes what is there now. Closes our end at the end of file. */
static void take(struct process *process, int *fd, struct bytes *into) {
    char chunk[READ_BYTES];
    ssize_t got = read(*fd, chunk, sizeof chunk);
    if (got > 0)
        bytes_append(into, chunk, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        close_if_open(fd);
    size_t limit = process->options.output_limit_bytes;
    if (limit > 0 && into->length > limit && process->end == PROCESS_RUNNING)
        limits_end(process, PROCESS_OUT_OF_OUTPUT);
}

static void notice_end(struct process *process) {
    if (process->end == PROCESS_RUNNING &&
        waitpid(process->pid, &process->wait_status, WNOHANG) == process->pid) {
        process->end = PROCESS_ENDED;
        process->ended_ns = monotonic_ns();
    }
}

bool process_pump(struct process *process, int wait_ms) {
    struct pollfd watched[] = {{.fd = process->stdout_fd, .events = POLLIN},
                               {.fd = process->stderr_fd, .events = POLLIN}};
    int until_tick_ms = milliseconds_left(process->next_tick_ns);
    if (process->end != PROCESS_RUNNING)
        wait_ms = 0;
    if (process->stdout_fd < 0 && process->stderr_fd < 0 && wait_ms > 1)
        wait_ms = 1; /* nothing to poll: look for the end often */
    poll(watched, 2, wait_ms < until_tick_ms ? wait_ms : until_tick_ms);
    if (watched[0].revents != 0)
        take(process, &process->stdout_fd, &process->output);
    if (watched[1].revents != 0)
        take(process, &process->stderr_fd, &process->errors);
    notice_end(process);
    if (process->end == PROCESS_RUNNING && monotonic_ns() >= process->next_tick_ns) {
        limits_check(process);
        process->next_tick_ns = deadline_in_ms(TICK_MS);
    }
    return process->end == PROCESS_RUNNING;
}

size_t process_feed(struct process *process, const void *data, size_t size_bytes) {
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignore, &before); /* a closed input is an answer here, not our death */
    size_t fed = 0;
    while (fed < size_bytes && process->stdin_fd >= 0) {
        ssize_t wrote = write(process->stdin_fd, (const char *)data + fed, size_bytes - fed);
        if (wrote > 0)
            fed += (size_t)wrote;
        else if (errno != EAGAIN && errno != EINTR)
            close_if_open(&process->stdin_fd);
        if (!process_pump(process, wrote > 0 ? 0 : 1))
            break;
    }
    sigaction(SIGPIPE, &before, NULL);
    return fed;
}

void process_close_input(struct process *process) {
    close_if_open(&process->stdin_fd);
}

void process_close_output(struct process *process) {
    close_if_open(&process->stdout_fd);
}

void process_finish(struct process *process) {
    process_close_input(process);
    while (process_pump(process, TICK_MS))
        ;
    /* What it left in the pipes. Whoever it started may hold them open: take only what is there. */
    for (int *fd = &process->stdout_fd; fd != NULL;
         fd = fd == &process->stdout_fd ? &process->stderr_fd : NULL) {
        struct bytes *into = fd == &process->stdout_fd ? &process->output : &process->errors;
        struct pollfd ready = {.fd = *fd, .events = POLLIN};
        size_t before = into->length;
        int there = 0;
        poll(&ready, 1, 0); /* what was written to a terminal arrives when somebody looks */
        ioctl(*fd, FIONREAD, &there);
        while (*fd >= 0 && into->length - before < (size_t)there && poll(&ready, 1, 0) == 1)
            take(process, fd, into);
        close_if_open(fd);
    }
}

void process_kill(struct process *process) {
    if (process->end == PROCESS_RUNNING)
        limits_end(process, PROCESS_STOPPED_BY_TICK);
}

void process_release(struct process *process) {
    if (process->pid > 0)
        process_kill(process);
    close_if_open(&process->stdin_fd);
    close_if_open(&process->stdout_fd);
    close_if_open(&process->stderr_fd);
    bytes_release(&process->output);
    bytes_release(&process->errors);
}

int process_run(struct process *process, const struct process_options *options) {
    if (process_start(process, options) < 0)
        return -1;
    process_finish(process);
    return 0;
}
