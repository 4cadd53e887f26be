/* What a lab's tests are written in.
 *
 * A test drives the submission's executable from outside: arguments, pipes, signals, and what the
 * kernel reports of it. It reads as sentences:
 *
 *     Test(whole_file, in_chunks) {
 *         const int64_t size = 65536, chunk = 4096;
 *         make_text("input", size);
 *         struct run *run = run_traced("sum", "--chunk", "4096", "input");
 *         EXPECT_EXIT(run, 0);
 *         BUDGET_AT_MOST(ledger_of(run), READS, on_path("input"), ceil_div(size, chunk) + 1,
 *                        "one call a chunk, and one that finds the end");
 *     }
 *
 * Every action adds a numbered step, and a failure prints the steps that led there. The first
 * failed EXPECT ends the test; a failed budget is noted and the test goes on, so that all are
 * counted. Memory that these functions return belongs to the kit and lives until the test ends.
 * Tests are run by `grade`, which tells them through a file what to run and in which sandbox. */
#pragma once

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grader/engine/process.h"
#include "grader/sandbox/cgroup.h"
#include "grader/testkit/ledger.h"

/* ---- Starting the submission's program ---- */

/* For a fault in whichever call a program reads with; mmap can't be interrupted. */
#define ALL_READS "read,readv,pread64,preadv,preadv2,sendfile,splice,copy_file_range"

/* What to start. Zero stands for the usual in every field. */
struct program {
    const char *const *arguments; /* WORDS("sum", "input"): those after the program's name */
    const char *input; /* standard input, whole; NULL: an empty pipe, open until finished */
    size_t input_bytes;
    const char *stdout_path;   /* a file instead of the pipe, such as "/dev/full" */
    int terminal;              /* STDOUT_FILENO or STDERR_FILENO: that one is a terminal of 80
                                * columns and 24 lines; output() or complaints() has what was
                                * written to it, byte for byte, and screen_of() shows it */
    bool traced;               /* count its calls; never for memory, switches or concurrency */
    const char *fault;         /* strace's words: ALL_READS ":error=EINTR:when=1+2"; if no call
                                * meets it, the test fails */
    const char *fault_path;    /* the scratch file whose calls meet it; NULL: all calls do, the
                                * loader's and the sandbox's too */
    bool every_call;           /* traced: all calls there are, not just those that budgets name */
    bool opens;                /* traced: the calls that open files, too */
    const char *const *beside; /* words of a subject that runs beside it: see subject.h */
    bool talks;                /* it starts a subject by itself: see subject.h */
    bool late;                 /* `beside`: it starts when begin() says so, see subject.h; or the
                                * subject's calls may be in its ledger */
    int64_t memory_kib; /* that its control group is limited to; usually above the lab's limit */
    bool serves;        /* sleeping is no hang: see server.h */
    bool awaits_others; /* likewise, for a client: see origin.h */
    int64_t call_limit; /* traced: end it after about so many calls */
    int limit_ms;       /* a hang, not a speed; usually 3 s */
    size_t output_limit_bytes; /* usually 4 MiB */
};

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* What the kernel said of a program that has ended. */
struct usage {
    int64_t max_rss_kib; /* getrusage(2) */
    int64_t voluntary;   /* context switches */
    int64_t involuntary;
    bool left_behind; /* it left children running */
};

/* One program, running or ended. */
struct run {
    struct process process;
    struct program program;
    bool traced;     /* as asked for, unless the build is instrumented */
    pid_t pid;       /* the submission's own, as we see it; 0 before its exec */
    int port;        /* that it listens on, where it is a server (server.h) */
    int wait_status; /* the submission's own, wait(2) */
    bool reported;   /* `wait_status` and `usage` hold */
    struct usage usage;
    struct ledger ledger;
    int64_t fed_bytes;
    int report_fd;
    int talk_fd;   /* with its subject (subject.h); 0: none */
    pid_t subject; /* as we see it; 0 before its first mark */
    bool finished;
    char log_directory[256];
    struct cgroup cgroup;
    struct run *next;
};

/* Starts the program and returns when it has ended, or its limit ended it: that fails the test. */
#define run_program(...) run_to_its_end((struct program){__VA_ARGS__})
#define run_with(...)    run_program(.arguments = WORDS(__VA_ARGS__))
#define run_traced(...)  run_program(.arguments = WORDS(__VA_ARGS__), .traced = true)
struct run *run_to_its_end(struct program program);

/* Starts the program and returns at once, for a conversation. */
#define start_program(...) start((struct program){__VA_ARGS__})
struct run *start(struct program program);

/* Writes to its standard input and waits until it has read all of it, so that what is fed at once
 * is read at once: this makes short reads. Returns the bytes taken. */
size_t feed(struct run *run, const void *data, size_t size_bytes);
void close_input(struct run *run);

/* Waits until it has written at least so many bytes, or has ended. */
void await_output(struct run *run, size_t size_bytes);
/* The same for so many bytes more than it has written by now, whether we have taken them or not. */
void await_new_output(struct run *run, size_t size_bytes);
/* Goes away as a reader: its next write meets SIGPIPE. */
void close_output(struct run *run);

/* Waits, without reading, until its standard output's pipe is full and it sleeps in a write; then
 * stops and continues it, which cuts that write short (pipe(7), signal(7)). Returns whether it did
 * so; that a write came up short is for the ledger to say (`cut_short`): one of up to PIPE_BUF
 * bytes never does. */
bool cut_a_write_short(struct run *run);

/* Waits for its end and takes what it left. */
void finish(struct run *run);

/* Exit status, or 128 + the number of the signal that killed it. */
int exit_status(const struct run *run);
/* Whether it was killed by that signal. */
bool killed_by(const struct run *run, int signal_number);
const char *output(const struct run *run);
const char *complaints(const struct run *run); /* its standard error */

/* What stands on its terminal after the first so many bytes written there, as a person sees it:
 * lines without the blanks at their ends, each with a newline, down to the last that has any
 * character. Knows CR, LF, BS, TAB, and of the CSI sequences K, J, A to D, G and H; others change
 * nothing. Static buffer. */
const char *screen_of(const struct run *run, size_t written_bytes);
/* How many bytes were written there so far. */
size_t shown_bytes(const struct run *run);

/* ---- Files for it to work on: in a folder of this test's own, the program's working directory
 * ---- */

void make_file(const char *name, const void *data, size_t size_bytes);
/* Lines of varying lengths, always the same for the same size; ends with a newline. Returns its
 * bytes. */
const char *make_text(const char *name, size_t size_bytes);
/* Takes no room on a tmpfs; the test is unmeasured where there is none. */
void make_sparse(const char *name, int64_t size_bytes);
void append_to(const char *name, const void *data, size_t size_bytes);
void make_directory(const char *name);
void make_unreadable(const char *name);

/* A folder that the program may write to, and the test look into; one a test. On disk, for it may
 * become large; with a size it is a disk of its own of so many KiB, which gets full. */
void make_output_folder(const char *name, int64_t size_kib);
/* Our path of a file in it; "" is the folder. Static buffer. */
const char *output_path(const char *name);

/* ---- Expectations ---- */

#define EXPECT_EXIT(run, status)            expect_exit(run, status)
#define EXPECT_OUTPUT(run, text)            expect_output(run, text)
#define EXPECT_COMPLAINT(run, mention)      expect_complaint(run, mention)
#define EXPECT_NUMBER(what, expected, seen) expect_number(what, expected, seen)
#define EXPECT(condition, expected, ...)                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_test(expected, __VA_ARGS__);                                                      \
    } while (0)

void expect_exit(struct run *run, int status);
/* Whole standard output; a failure shows the first line that differs. */
void expect_output(struct run *run, const char *text);
/* One line on standard error, beginning "PROGRAM: " and naming `mention`. */
void expect_complaint(struct run *run, const char *mention);
void expect_number(const char *what, int64_t expected, int64_t seen);
_Noreturn void fail_test(const char *expected, const char *seen, ...)
    __attribute__((format(printf, 2, 3)));

/* Ends the test without a verdict: the machine could not measure; say what is missing. */
_Noreturn void unmeasured(const char *why, ...) __attribute__((format(printf, 1, 2)));
/* The same where measuring was possible, and the measurements say nothing. */
_Noreturn void inconclusive(const char *why, ...) __attribute__((format(printf, 1, 2)));

/* Adds a step of the test's own to the numbered list. */
void step(const char *what, ...) __attribute__((format(printf, 1, 2)));

/* ---- Budgets ---- */

/* Which calls of a family a budget is about. `least_bytes` is what the kit knows to have passed:
 * the size of the file, what was fed, what came out. A budget whose calls moved fewer bytes fails.
 */
struct target {
    char name[512];  /* as the ledger has it */
    char shown[128]; /* as the test calls it */
    int64_t least_bytes;
};

struct target on_path(const char *name);
/* All paths below a folder of the system's, such as "/proc/". */
struct target under(const char *folder);
struct target on_stdin(const struct run *run);
struct target on_stdout(const struct run *run);
/* Calls on anything: for families that move no bytes. */
struct target anywhere(void);

/* The ledger of a traced run that has ended; ends the test as unmeasured when there is none. */
const struct ledger *ledger_of(const struct run *run);

#define BUDGET_AT_MOST(ledger, family, target, limit, why)                                         \
    budget(ledger, family, target, BUDGET_MOST, #limit, limit, why)
#define BUDGET_AT_LEAST(ledger, family, target, limit, why)                                        \
    budget(ledger, family, target, BUDGET_LEAST, #limit, limit, why)
#define BUDGET_EQUAL(ledger, family, target, limit, why)                                           \
    budget(ledger, family, target, BUDGET_EXACT, #limit, limit, why)
enum budget_relation { BUDGET_MOST, BUDGET_LEAST, BUDGET_EXACT };
void budget(const struct ledger *ledger, enum call_family family, struct target target,
            enum budget_relation relation, const char *formula, int64_t limit, const char *why);

/* The same for a number that is no count of calls, such as kibibytes of memory. */
#define BUDGET_NUMBER_AT_MOST(what, unit, counted, limit, why)                                     \
    budget_number(what, unit, counted, #limit, limit, why)
void budget_number(const char *what, const char *unit, int64_t counted, const char *formula,
                   int64_t limit, const char *why);

/* Shows the ledger, call by call and target by target, in every report under that title. */
void publish_ledger(const struct run *run, const char *title);

/* Publishes a number under a name that the manifest's predictions can ask for. */
void measure(const char *name, int64_t value, const char *unit);

/* Shows a number under its test in every report, whatever the verdict: for what is measured and not
 * judged. `what` says in words what was measured. */
void show(const char *what, int64_t value, const char *unit);

/* How many connections, or repetitions, an instrumented build is asked to bear: at most 400. */
int64_t connections_for(int64_t wanted);

static inline int64_t ceil_div(int64_t amount, int64_t by) {
    return (amount + by - 1) / by;
}
