/* One engine for processes: start a program, move bytes between it and us, watch its limits, end
 * it.
 *
 * Builds, test runs and the programs under test all go through here, so that every one of them has
 * a deadline, a cap on output, on memory and on processes, and dies whole. What surrounds the
 * program (namespaces, strace) is put in front of its arguments by sandbox/sandbox.h; this file
 * knows nothing of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes that grow as they come, always followed by a NUL that `length` does not count. */
struct bytes {
    char *data;
    size_t length;
    size_t capacity;
};

/* Why a program is no longer running. */
enum process_end {
    PROCESS_RUNNING,
    PROCESS_ENDED,          /* by itself: see `wait_status` */
    PROCESS_OUT_OF_TIME,    /* reached `limit_ms` */
    PROCESS_STARVED,        /* the same, but it waited for a processor for over half of that time */
    PROCESS_ASLEEP,         /* all its threads slept for `asleep_limit_ms`: nothing will wake it */
    PROCESS_OUT_OF_OUTPUT,  /* wrote more than `output_limit_bytes` */
    PROCESS_OUT_OF_MEMORY,  /* its processes together exceeded `memory_limit_kib` */
    PROCESS_TOO_MANY,       /* more than `process_limit` processes and threads at once */
    PROCESS_STOPPED_BY_TICK /* the caller's `tick` said so */
};

/* What to start. Zero means "none" for every limit. */
struct process_options {
    char *const *arguments;     /* arguments[0] is found on PATH; NULL-terminated */
    char *const *environment;   /* NULL: ours */
    const char *directory;      /* working directory; NULL: ours */
    const char *stdin_path;     /* opened for reading instead of a pipe */
    const char *stdout_path;    /* opened for writing instead of a pipe */
    const char *stderr_path;    /* likewise */
    const int *keep;            /* descriptors that the program inherits under their own numbers; */
    size_t keep_count;          /*   every other descriptor above 2 is closed */
    bool pin_to_one_cpu;        /* the program and all that it starts share one processor */
    bool join_stderr_to_stdout; /* one stream, in the order written */
    int limit_ms;
    int asleep_limit_ms;       /* time in which no thread of it ran or wanted to */
    size_t output_limit_bytes; /* of standard output, and the same again of standard error */
    int64_t file_limit_bytes;  /* of any one file that it writes (setrlimit(2), RLIMIT_FSIZE) */
    int64_t memory_limit_kib;  /* proportional set size, summed over all its processes */
    int process_limit;
    void (*enter)(const void *group); /* called in the child before exec, with `group` */
    const void *group;
    bool (*tick)(void *context); /* called about every 20 ms; false ends the program */
    void *context;
};

struct process {
    pid_t pid;
    int stdin_fd;  /* our end; -1 when closed or a path */
    int stdout_fd; /* likewise */
    int stderr_fd;
    ino_t stdin_inode; /* of the pipes, by which a trace names them; 0 when a path */
    ino_t stdout_inode;
    ino_t stderr_inode;
    struct bytes output;
    struct bytes errors;
    enum process_end end;
    int wait_status;          /* wait(2), of the outermost program */
    int64_t started_ns;       /* monotonic */
    int64_t ended_ns;         /* monotonic */
    int64_t limit_ns;         /* on its time; 0: none */
    int64_t deadline_ns;      /* monotonic */
    int64_t watched_since_ns; /* monotonic; since when its limits on time hold */
    int64_t queued_before_ns; /* the longest that a thread of it had been runnable by then */
    int64_t next_tick_ns;
    int64_t asleep_since_ns; /* monotonic; 0: some thread ran lately */
    int64_t cpu_ns;          /* that its processes had used when last looked at */
    struct process_options options;
};

/* Starts a program. Returns 0, or -1 with errno when no process could be made; a program that can't
 * be executed ends with status 127 and a line on its standard error. */
int process_start(struct process *process, const struct process_options *options);

/* Moves bytes once: takes what the program wrote, checks the limits, notices its end.
 * Waits at most `wait_ms`. Returns whether the program still runs. */
bool process_pump(struct process *process, int wait_ms);

/* Sets the limits on time anew, from now on: for a server, which may idle for as long as nobody asks
 * it for anything. 0: none. */
void process_limit_time(struct process *process, int limit_ms, int asleep_limit_ms);

/* Writes to the program's standard input, reading its output meanwhile.
 * Returns the bytes it took: fewer than `size_bytes` when it closed its input or ended. */
size_t process_feed(struct process *process, const void *data, size_t size_bytes);

/* Closes the program's standard input: its next read past what was fed is the end of file. */
void process_close_input(struct process *process);

/* Stops reading the program's output and closes our end: its next write meets SIGPIPE. */
void process_close_output(struct process *process);

/* Pumps until the program has ended and its pipes are drained. */
void process_finish(struct process *process);

/* Ends the program and all that it started, whatever they do about it. */
void process_kill(struct process *process);

/* Frees the buffers and closes what is open; kills a program that still runs. */
void process_release(struct process *process);

/* Starts, finishes: for a program that needs no conversation. As process_start. */
int process_run(struct process *process, const struct process_options *options);

/* The process and its descendants, parents before children; at most `limit` of their threads are
 * looked at (proc(5), /proc/PID/task/TID/children). Returns how many; at most `limit` are stored.
 */
size_t process_tree(pid_t root, pid_t *pids, size_t limit);

/* Appends bytes. Returns 0, or -1 when memory is out. */
int bytes_append(struct bytes *bytes, const void *data, size_t size_bytes);
void bytes_release(struct bytes *bytes);
