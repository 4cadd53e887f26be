/* Starting the submission's program, talking with it, and taking what the kernel said of it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grader/sandbox/launch.h"
#include "grader/testkit/kit.h"

enum {
    USUAL_LIMIT_MS = 3 * 1000,
    ASLEEP_LIMIT_MS = 1000, /* nothing outside the program would wake it: it hangs */
    USUAL_OUTPUT_BYTES = 4 << 20,
    LOG_LIMIT_BYTES = 64 << 20, /* a log that large ends the run */
    LOG_LINE_BYTES = 64,        /* about the shortest line of a log */
    LEAST_PROCESSES = 512,      /* that a sandbox may hold before the kernel refuses more */
};

static struct run *runs; /* of this test; freed with its process */

static size_t run_count(void) {
    size_t count = 0;
    for (const struct run *run = runs; run != NULL; run = run->next)
        count++;
    return count;
}

/* Every call that can move bytes, and those that start programs and threads. */
static const char traced_calls[] =
    "trace=read,readv,pread64,preadv,preadv2,recvfrom,recvmsg,mmap,write,writev,pwrite64,pwritev,"
    "pwritev2,sendto,sendmsg,sendmmsg,recvmmsg,sendfile,splice,tee,vmsplice,copy_file_range,"
    "execve,clone,clone3,fork,vfork,accept,accept4,epoll_wait,epoll_pwait,epoll_pwait2,epoll_ctl,"
    "poll,ppoll,select,pselect6,timerfd_settime,setitimer,nanosleep,clock_nanosleep,connect";
static const char opening_calls[] = "open,openat,openat2";

static void add_tracer(struct arguments *arguments, const struct run *run) {
    static const char *const words[] = {"strace",
                                        "-A" /* a number used twice is one log */,
                                        "-ff",
                                        "-ttt",
                                        "-yy",
                                        "-s",
                                        "0",
                                        "-qq",
                                        "--decode-pids=pidns",
                                        "-e",
                                        "signal=none",
                                        NULL};
    arguments_add_all(arguments, words);
    if (!run->program.every_call) { /* calls that nobody asked about are then free */
        arguments_add(arguments, "--seccomp-bpf");
        arguments_add(arguments, "-e");
        arguments_add(arguments, "%s%s%s", traced_calls, run->program.opens ? "," : "",
                      run->program.opens ? opening_calls : "");
    }
    if (run->program.fault_path != NULL) {
        arguments_add(arguments, "-P");
        arguments_add(arguments, "%s", program_path(run->program.fault_path));
    }
    if (run->program.fault != NULL) {
        arguments_add(arguments, "-e");
        arguments_add(arguments, "inject=%s", run->program.fault);
    }
    arguments_add(arguments, "-o");
    arguments_add(arguments, "%s/t", run->log_directory);
    arguments_add(arguments, "--");
}

/* The kernel's limit stands above the lab's, so that the watcher, who can say what happened, comes
 * first. */
static int least_rlimit(int process_limit) {
    return process_limit * 2 > LEAST_PROCESSES ? process_limit * 2 : LEAST_PROCESSES;
}

/* What the sandbox shows besides the system's libraries. Returns how many. */
static size_t choose_mounts(struct sandbox_mount *mounts, const struct run *run) {
    static char executable[512], directory[512], output_folder[1200], own_view[1024];
    size_t count = 0;
    snprintf(executable, sizeof executable, "%s", program_executable());
    snprintf(directory, sizeof directory, "%s", program_directory());
    mounts[count++] = (struct sandbox_mount){kit()->program, executable, false};
    mounts[count++] = (struct sandbox_mount){kit()->launch, "/launch", false};
    mounts[count++] = (struct sandbox_mount){scratch_path(""), directory, false};
    if (output_folder_name()[0] != '\0') {
        snprintf(output_folder, sizeof output_folder, "%s", output_path(""));
        snprintf(own_view, sizeof own_view, "%s", program_path(output_folder_name()));
        mounts[count++] = (struct sandbox_mount){output_folder, own_view, true};
    }
    if (has_subject(&run->program)) {
        const char *group = cgroup_memory_folder(&run->cgroup);
        mounts[count++] = subjects_mount();
        if (group != NULL)
            mounts[count++] = (struct sandbox_mount){group, cgroup_memory_mount(), false};
    }
    return count;
}

static void build_command(struct arguments *arguments, const struct run *run, int report_fd,
                          int talk_fd, int filter_fd) {
    struct sandbox_mount mounts[6];
    size_t count = choose_mounts(mounts, run);
    const struct sandbox sandbox = {.tier = kit()->tier,
                                    .mounts = mounts,
                                    .mount_count = count,
                                    .directory = program_directory(),
                                    .filter_fd = filter_fd,
                                    .share_network = kit()->share_network,
                                    .tools = kit()->instrument != NULL,
                                    .tmp_mib = kit()->tmp_mib};
    if (run->traced)
        add_tracer(arguments, run);
    sandbox_add_inner(arguments, &sandbox);
    arguments_add(arguments, "%s", kit()->tier == SANDBOX_STRICT ? "/launch" : kit()->launch);
    arguments_add(arguments, "%d", report_fd);
    arguments_add(arguments, "%d", least_rlimit(kit()->process_limit));
    if (has_subject(&run->program))
        subject_add_words(arguments, &run->program, talk_fd);
    arguments_add_all(arguments, instrument_words());
    arguments_add(arguments, "%s", program_executable());
    arguments_add_all(arguments, run->program.arguments);
}

const struct run *run_of(const struct ledger *ledger) {
    const struct run *run = runs;
    while (run != NULL && &run->ledger != ledger)
        run = run->next;
    return run;
}

static int64_t log_bytes(const char *directory) {
    int64_t total = 0;
    DIR *folder = opendir(directory);
    if (folder == NULL)
        return 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        struct stat status;
        if (fstatat(dirfd(folder), entry->d_name, &status, 0) == 0 && S_ISREG(status.st_mode))
            total += status.st_size;
    }
    closedir(folder);
    return total;
}

static bool log_has_room(void *context) {
    struct run *run = context;
    int64_t limit = LOG_LIMIT_BYTES;
    if (run->program.call_limit > 0)
        limit = run->program.call_limit * LOG_LINE_BYTES;
    return log_bytes(run->log_directory) < limit;
}

/* "`reads sum --chunk 4096 input` under strace" */
static void step_start(const struct run *run) {
    char words[256] = "";
    for (const char *const *word = run->program.arguments; *word != NULL; word++) {
        size_t length = strlen(words);
        snprintf(words + length, sizeof words - length, " %s", *word);
    }
    step("run `%s%s`%s%s%s%s%s", kit()->program_name, words,
         run->program.stdout_path != NULL ? " > " : "",
         run->program.stdout_path != NULL ? run->program.stdout_path : "",
         run->traced ? " under strace" : "", run->program.fault != NULL ? ", which injects " : "",
         run->program.fault != NULL ? run->program.fault : "");
}

static int open_report(int ends[2]) {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    return setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int));
}

static void enter_group(const void *group) {
    cgroup_enter(group);
}

/* Shadow memory and quarantines are the instrument's. */
static int64_t memory_limit_kib(void) {
    return kit()->instrument == NULL ? kit()->memory_limit_kib : kit()->memory_limit_kib * 16;
}

/* Above what is watched, so that the watcher, who can say what happened, comes first; unless the
 * test wants to see the kernel's own limit at work. */
static int64_t group_limit_kib(const struct run *run) {
    return run->program.memory_kib > 0 ? run->program.memory_kib
                                       : memory_limit_kib() + memory_limit_kib() / 2;
}

static void make_group(struct run *run) {
    char name[128];
    snprintf(name, sizeof name, "%s.%s.%zu", strrchr(kit()->scratch, '/') + 1,
             strrchr(scratch_path(""), '/') + 1, run_count());
    for (char *c = name; *c != '\0'; c++)
        if (*c == '/')
            *c = '.';
    if (kit()->tier == SANDBOX_STRICT)
        cgroup_make(&run->cgroup, name, kit()->process_limit * 2, group_limit_kib(run));
}

/* A server's time is limited while it owes something, and so is a client's: see patience.h. */
static bool may_sleep(const struct program *program) {
    return program->serves || program->awaits_others || has_subject(program);
}

static int time_limit_ms(const struct program *program) {
    if (program->limit_ms == 0 && may_sleep(program))
        return 0;
    return limit_for(program->limit_ms > 0 ? program->limit_ms : USUAL_LIMIT_MS);
}

static struct process_options options_for(struct run *run, struct arguments *arguments,
                                          const int *keep, size_t keep_count) {
    const struct program *program = &run->program;
    return (struct process_options){
        .arguments = arguments->words,
        .environment = instrument_environment(),
        .directory = program_directory()[0] == '/' && kit()->tier == SANDBOX_NONE
                         ? program_directory()
                         : NULL,
        .stdout_path = program->stdout_path,
        .keep = keep,
        .keep_count = keep_count,
        .pin_to_one_cpu = run->traced,
        .limit_ms = time_limit_ms(program),
        .asleep_limit_ms = may_sleep(program) ? 0 : limit_for(ASLEEP_LIMIT_MS),
        .output_limit_bytes =
            program->output_limit_bytes > 0 ? program->output_limit_bytes : USUAL_OUTPUT_BYTES,
        .enter = enter_group,
        .group = &run->cgroup,
        .memory_limit_kib = memory_limit_kib(),
        .process_limit = kit()->process_limit,
        .tick = run->traced ? log_has_room : NULL,
        .context = run};
}

static struct run *new_run(struct program program) {
    static int numbers;
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL)
        unmeasured("out of memory");
    run->program = program;
    run->traced = program.traced && kit()->instrument == NULL;
    run->next = runs;
    runs = run;
    if (program.fault != NULL && kit()->instrument != NULL)
        unmeasured("faults are not injected into an instrumented build");
    if (run->traced && kit()->no_trace != NULL)
        unmeasured("calls can't be counted here: %s", kit()->no_trace);
    snprintf(run->log_directory, sizeof run->log_directory, "%s/%s.%d", kit()->logs,
             strrchr(scratch_path(""), '/') + 1, numbers++);
    if (run->traced && mkdir(run->log_directory, 0700) < 0)
        unmeasured("no folder for the trace: %s", strerror(errno));
    return run;
}

struct run *start(struct program program) {
    struct run *run = new_run(program);
    struct arguments arguments = {0};
    int report[2], keep[3], talk_fd = -1;
    step_start(run);
    if (open_report(report) < 0)
        unmeasured("no socket pair: %s", strerror(errno));
    int filter_fd = kit()->filter == NULL ? -1 : open(kit()->filter, O_RDONLY | O_CLOEXEC);
    size_t keep_count = 0;
    keep[keep_count++] = report[1];
    if (filter_fd >= 0)
        keep[keep_count++] = filter_fd;
    if (has_subject(&program))
        keep[keep_count++] = talk_fd = subject_connect(run);
    make_group(run);
    build_command(&arguments, run, report[1], talk_fd, filter_fd);
    struct process_options options = options_for(run, &arguments, keep, keep_count);
    int terminal = terminal_open(&options, program.terminal);
    if (arguments.failed || process_start(&run->process, &options) < 0)
        unmeasured("no process could be started: %s", strerror(errno));
    terminal_connect(&run->process, program.terminal, terminal);
    arguments_release(&arguments);
    close(report[1]);
    if (talk_fd >= 0)
        close(talk_fd);
    if (filter_fd >= 0)
        close(filter_fd);
    run->report_fd = report[0];
    return run;
}

/* Takes one message of the launcher's; returns its kind, 0 when there is none yet, -1 at the end.
 */
static int take_message(struct run *run, bool wait) {
    struct launch_message message;
    char control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec into = {&message, sizeof message};
    struct msghdr header = {.msg_iov = &into,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control};
    ssize_t got = recvmsg(run->report_fd, &header, wait ? 0 : MSG_DONTWAIT);
    if (got != (ssize_t)sizeof message)
        return got < 0 && errno == EAGAIN ? 0 : -1;
    struct cmsghdr *credentials = CMSG_FIRSTHDR(&header);
    if (message.kind == LAUNCH_STARTS && credentials != NULL &&
        credentials->cmsg_type == SCM_CREDENTIALS)
        run->pid = ((struct ucred *)(void *)CMSG_DATA(credentials))->pid;
    if (message.kind == LAUNCH_ENDED) {
        run->reported = true;
        run->wait_status = message.wait_status;
        run->usage = (struct usage){message.max_rss_kib, message.voluntary, message.involuntary,
                                    message.left_behind != 0};
    }
    return message.kind;
}

pid_t await_start(struct run *run) {
    while (run->pid == 0 && take_message(run, true) > 0)
        ;
    return run->pid;
}

static void take_ledger(struct run *run) {
    bool whole =
        run->program.fault_path != NULL; /* the trace has that path's calls and nothing else */
    if (ledger_read(&run->ledger, run->log_directory, program_executable(), whole) < 0)
        snprintf(run->ledger.why_not, sizeof run->ledger.why_not, "the log can't be read: %s",
                 strerror(errno));
    if (!run->ledger.measured && run->process.errors.length > 0)
        snprintf(run->ledger.why_not, sizeof run->ledger.why_not, "%.*s",
                 (int)strcspn(run->process.errors.data, "\n"), run->process.errors.data);
}

/* Words of the sandbox's on standard error, when the program never ran. */
static void require_a_start(struct run *run) {
    if (run->pid != 0 || run->process.end != PROCESS_ENDED)
        return;
    unmeasured("the sandbox did not start the program: %.150s",
               run->process.errors.data == NULL ? "" : run->process.errors.data);
}

void finish(struct run *run) {
    if (run->finished)
        return;
    run->finished = true;
    process_finish(&run->process);
    cgroup_remove(&run->cgroup);
    while (take_message(run, false) > 0)
        ;
    close(run->report_fd);
    record("run", json_pack("{sb sf}", "traced", run->traced, "seconds",
                            (double)(run->process.ended_ns - run->process.started_ns) / 1e9));
    if (run->traced)
        take_ledger(run);
    require_no_finding(run);
    require_a_start(run);
    require_own_end(run);
    if (run->program.serves && run->usage.left_behind)
        fail_test("one process", "an end that left others running"); /* nobody counts those */
    if (run->program.fault != NULL && run->ledger.measured && run->ledger.injected == 0)
        fail_test("calls that can be interrupted", "none met the fault");
    if (!run->reported && run->process.end == PROCESS_ENDED)
        fail_test("an end of its own", "the program's launcher was killed with it");
}

/* A run that starved on a busy machine is repeated once; what it says then holds. Not where an origin
 * has seen the first one: that would be two runs to it. */
struct run *run_to_its_end(struct program program) {
    if (program.limit_ms == 0)
        program.limit_ms = USUAL_LIMIT_MS;
    for (int attempt = test_has_origin() ? 1 : 0;; attempt++) {
        struct run *run = start(program);
        if (program.input != NULL)
            run->fed_bytes =
                (int64_t)process_feed(&run->process, program.input, program.input_bytes);
        process_finish(&run->process);
        if (run->process.end == PROCESS_STARVED && attempt == 0) {
            cgroup_remove(&run->cgroup);
            continue;
        }
        finish(run);
        return run;
    }
}

int exit_status(const struct run *run) {
    int status = run->wait_status;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool killed_by(const struct run *run, int signal_number) {
    return WIFSIGNALED(run->wait_status) && WTERMSIG(run->wait_status) == signal_number;
}

const char *output(const struct run *run) {
    return run->process.output.data == NULL ? "" : run->process.output.data;
}

const char *complaints(const struct run *run) {
    return run->process.errors.data == NULL ? "" : run->process.errors.data;
}
