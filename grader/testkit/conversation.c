/* Talking with the submission's program through its pipes while it runs. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/procfs.h"
#include "grader/testkit/kit.h"

enum {
    PIPE_BYTES = 4096,  /* the least a pipe can be made to hold (fcntl(2), F_SETPIPE_SZ) */
    PATIENCE_MS = 5000, /* for what takes microseconds on a free machine */
    LOOKS = 20,         /* in a row, a millisecond apart, that find it asleep */
};

/* Whether the pipe to its standard input is empty: then it has read everything. */
static bool has_read_all(const struct run *run) {
    int waiting = 0;
    return run->process.stdin_fd < 0 || ioctl(run->process.stdin_fd, FIONREAD, &waiting) < 0 ||
           waiting == 0;
}

size_t feed(struct run *run, const void *data, size_t size_bytes) {
    size_t fed = process_feed(&run->process, data, size_bytes);
    run->fed_bytes += (int64_t)fed;
    while (!has_read_all(run) && process_pump(&run->process, 1))
        ;
    return fed;
}

void close_input(struct run *run) {
    step("close its standard input");
    process_close_input(&run->process);
}

void await_output(struct run *run, size_t size_bytes) {
    while (run->process.output.length < size_bytes && process_pump(&run->process, 5))
        ;
}

void await_new_output(struct run *run, size_t size_bytes) {
    int waiting = 0;
    ioctl(run->process.stdout_fd, FIONREAD, &waiting);
    await_output(run, run->process.output.length + (size_t)waiting + size_bytes);
}

void close_output(struct run *run) {
    step("close our end of its standard output");
    process_close_output(&run->process);
}

/* The state letter of the program's first thread (proc(5), /proc/PID/status). */
static char state_of(const struct run *run) {
    struct procfs_status status;
    return procfs_status(run->pid, &status) == 0 ? status.state : '?';
}

/* A traced process that is stopped shows `t` for its tracer in place of `T`. */
static bool await_stop(const struct run *run, int64_t deadline) {
    for (char state = state_of(run); state != 'T' && state != 't'; state = state_of(run))
        if (milliseconds_left(deadline) == 0)
            return false;
        else
            usleep(200);
    return true;
}

static int waiting_output(const struct run *run) {
    int waiting = 0;
    return ioctl(run->process.stdout_fd, FIONREAD, &waiting) == 0 ? waiting : 0;
}

/* Waits until its output waits to be read, as much as before, and it sleeps, at every look. A pipe
 * can be full with fewer bytes than it holds at most: what is left of a page serves small writes
 * alone. */
static bool await_full_pipe(const struct run *run, int64_t deadline) {
    for (int looks = 0, before = 0; looks < LOOKS; usleep(1000)) {
        int waiting = waiting_output(run);
        looks = waiting > 0 && waiting == before && state_of(run) == 'S' ? looks + 1 : 0;
        before = waiting;
        bool has_ended = strchr("ZX?", state_of(run)) != NULL;
        if (has_ended || milliseconds_left(deadline) == 0)
            return false;
    }
    return true;
}

/* Whoever of the program's processes does the writing. */
static void signal_tree(pid_t root, int number) {
    pid_t pids[64];
    size_t count = process_tree(root, pids, 64);
    for (size_t i = 0; i < count; i++)
        kill(pids[i], number);
}

bool cut_a_write_short(struct run *run) {
    int room = fcntl(run->process.stdout_fd, F_SETPIPE_SZ, PIPE_BYTES);
    int64_t deadline = deadline_in_ms(PATIENCE_MS);
    if (room < 0 || await_start(run) == 0 || !await_full_pipe(run, deadline))
        return false;
    step("let its output's pipe fill, stop and continue it in its write");
    signal_tree(run->pid, SIGSTOP);
    bool stopped = await_stop(run, deadline);
    signal_tree(run->pid, SIGCONT);
    return stopped;
}
