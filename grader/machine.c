/* Probing by doing: what works for `true` works for a submission. */
#include "grader/machine.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "common/errors.h"
#include "grader/engine/process.h"

enum { PROBE_LIMIT_MS = 10 * 1000 };

/* Runs `true` behind what a grading puts before a program. Empty `why` when it worked. */
static void try_true(enum sandbox_tier tier, bool traced, bool sizes_tmp, const char *filter,
                     char *why, size_t why_bytes) {
    struct arguments arguments = {0};
    int low_fd = open(filter, O_RDONLY | O_CLOEXEC);
    int filter_fd = fcntl(low_fd, F_DUPFD_CLOEXEC, 10); /* sandbox_add_outer wants the low ones */
    close(low_fd);
    const struct sandbox sandbox = {.tier = tier,
                                    .directory = "/tmp",
                                    .filter_fd = filter_fd,
                                    .tools = true,
                                    .tmp_mib = sizes_tmp};
    sandbox_add_outer(&arguments, tier, NULL);
    if (traced)
        arguments_add_all(&arguments,
                          (const char *const[]){"strace", "-f", "-qq", "--seccomp-bpf",
                                                "--decode-pids=pidns", "-e", "trace=execve", "-o",
                                                "/dev/null", "--", NULL});
    sandbox_add_inner(&arguments, &sandbox);
    arguments_add(&arguments, "/usr/bin/true");
    struct process process;
    const struct process_options options = {.arguments = arguments.words,
                                            .keep = &filter_fd,
                                            .keep_count = filter_fd >= 0,
                                            .limit_ms = PROBE_LIMIT_MS};
    why[0] = '\0';
    if (process_run(&process, &options) < 0)
        snprintf(why, why_bytes, "no process could be started");
    else if (process.end != PROCESS_ENDED)
        snprintf(why, why_bytes, "it hangs");
    else if (!WIFEXITED(process.wait_status) || WEXITSTATUS(process.wait_status) != 0)
        snprintf(why, why_bytes, "%.*s",
                 (int)strcspn(process.errors.length > 0 ? process.errors.data : "it failed", "\n"),
                 process.errors.length > 0 ? process.errors.data : "it failed");
    process_release(&process);
    arguments_release(&arguments);
    if (filter_fd >= 0)
        close(filter_fd);
}

static int write_filter(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || sandbox_write_filter(fd) < 0) {
        error_errno(path);
        return -1;
    }
    return close(fd);
}

bool machine_may_want(const char *wanted) {
    return strcmp(wanted, "auto") == 0 || strcmp(wanted, "strict") == 0 ||
           strcmp(wanted, "none") == 0;
}

int machine_probe(struct machine *machine, const char *wanted, const struct workspace *workspace) {
    *machine = (struct machine){.tier = SANDBOX_STRICT};
    if (write_filter(workspace->filter) < 0)
        return -1;
    if (strcmp(wanted, "none") != 0) {
        /* first all at once, which is what mostly works */
        try_true(SANDBOX_STRICT, true, true, workspace->filter, machine->why_no_trace,
                 sizeof machine->why_no_trace);
        machine->sizes_tmp = strstr(machine->why_no_trace, "--size") == NULL;
        if (!machine->sizes_tmp)
            try_true(SANDBOX_STRICT, true, false, workspace->filter, machine->why_no_trace,
                     sizeof machine->why_no_trace);
        if (machine->why_no_trace[0] == '\0')
            return 0;
        try_true(SANDBOX_STRICT, false, machine->sizes_tmp, workspace->filter,
                 machine->why_not_strict, sizeof machine->why_not_strict);
        if (machine->why_not_strict[0] == '\0')
            return 0;
        if (strcmp(wanted, "strict") == 0) {
            error_because("--sandbox strict", "it does not work here: %s", machine->why_not_strict);
            return -1;
        }
    }
    machine->tier = SANDBOX_NONE;
    try_true(SANDBOX_NONE, true, false, workspace->filter, machine->why_no_trace,
             sizeof machine->why_no_trace);
    return 0;
}
