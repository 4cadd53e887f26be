/* grade doctor: what this machine can and can't measure, a line each, with the remedy.
 *
 * It tries things rather than asking for versions where it can. Checks marked "needed" decide the
 * exit status: without them some tests would be unmeasured. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/errors.h"
#include "grader/engine/process.h"
#include "grader/grading.h"
#include "grader/machine.h"
#include "grader/options.h"
#include "grader/report/terminal.h"
#include "grader/result.h"
#include "grader/verbs.h"

enum { WANTED_DESCRIPTORS = 10240, VERSION_LIMIT_MS = 5000 };

struct checkup {
    json_t *findings; /* [{check, ok, needed, found, remedy}] */
};

static void note(struct checkup *checkup, const char *check, bool ok, bool needed,
                 const char *found, const char *remedy) {
    json_array_append_new(checkup->findings,
                          json_pack("{ss sb sb ss ss}", "check", check, "ok", ok, "needed", needed,
                                    "found", found, "remedy", ok ? "" : remedy));
}

/* The first line that a command prints; empty when it can't be run. */
static void first_line(char *const *command, char *line, size_t size) {
    struct process process;
    const struct process_options options = {.arguments = command,
                                            .stdin_path = "/dev/null",
                                            .join_stderr_to_stdout = true,
                                            .limit_ms = VERSION_LIMIT_MS};
    line[0] = '\0';
    if (process_run(&process, &options) == 0) {
        if (process.end == PROCESS_ENDED && WIFEXITED(process.wait_status) &&
            WEXITSTATUS(process.wait_status) == 0 && process.output.length > 0)
            snprintf(line, size, "%.*s", (int)strcspn(process.output.data, "\n"),
                     process.output.data);
        process_release(&process);
    }
}

static void check_tool(struct checkup *checkup, const char *name, const char *remedy) {
    char line[160], check[64];
    char *const command[] = {(char *)name, "--version", NULL};
    first_line(command, line, sizeof line);
    snprintf(check, sizeof check, "%s is installed", name);
    note(checkup, check, line[0] != '\0', true, line[0] != '\0' ? line : "not found", remedy);
}

static void check_sandbox(struct checkup *checkup) {
    struct workspace workspace;
    struct machine machine;
    if (workspace_make(&workspace) < 0)
        return;
    int probed = machine_probe(&machine, "auto", &workspace);
    workspace_remove(&workspace);
    bool strict = probed == 0 && machine.tier == SANDBOX_STRICT;
    note(checkup, "user namespaces, for the strict sandbox", strict, true,
         strict ? "bubblewrap works in namespaces of its own" : machine.why_not_strict,
         "sysctl kernel.unprivileged_userns_clone=1, or on Ubuntu 24.04 "
         "kernel.apparmor_restrict_unprivileged_userns=0; in a container, run it with "
         "--security-opt seccomp=unconfined --security-opt systempaths=unconfined");
    bool traces = probed == 0 && machine.why_no_trace[0] == '\0';
    note(checkup, "strace may trace, so calls can be counted", traces, true,
         traces ? "it may" : machine.why_no_trace,
         "sysctl kernel.yama.ptrace_scope=1; in a container, run it with --cap-add SYS_PTRACE");
}

/* cgroups are not used yet by any lab's limits: what is found is told for the labs to come. */
static void check_cgroup(struct checkup *checkup) {
    char path[512] = "", line[512], found[600];
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "0::", 3) == 0)
            snprintf(path, sizeof path, "/sys/fs/cgroup%.*s", (int)strcspn(line + 3, "\n"),
                     line + 3);
    if (file != NULL)
        fclose(file);
    bool second = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
    bool first = access("/sys/fs/cgroup/memory/memory.limit_in_bytes", F_OK) == 0;
    bool ours = second ? path[0] != '\0' && access(path, W_OK) == 0
                       : first && access("/sys/fs/cgroup/memory", W_OK) == 0;
    snprintf(found, sizeof found, "%s, %s",
             second ? "version 2" : (first ? "version 1" : "no memory controller"),
             ours ? "ours to divide" : "not delegated to us");
    note(checkup, "control groups", ours, false, found,
         "none needed: memory is then limited by watching, every 20 ms");
}

static void check_descriptors(struct checkup *checkup) {
    struct rlimit limit = {0};
    char found[96];
    getrlimit(RLIMIT_NOFILE, &limit);
    snprintf(found, sizeof found, "%llu now, can be raised to %llu",
             (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
    note(checkup, "open files (ulimit -n)", limit.rlim_max >= WANTED_DESCRIPTORS, false, found,
         "raise the hard limit to 10240 in /etc/security/limits.conf");
}

static void check_processors(struct checkup *checkup) {
    char found[64];
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    snprintf(found, sizeof found, "%ld", count);
    note(checkup, "processors", count >= 2, false, found,
         "with one, tests run one after another, and take longer");
}

static void check_port(struct checkup *checkup) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool free_port = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    note(checkup, "a free port on the loopback address", free_port, false,
         free_port ? "the kernel gives one" : strerror(errno), "bring the loopback interface up");
    if (fd >= 0)
        close(fd);
}

static void check_lab_tests(struct checkup *checkup) {
    char path[PATH_BYTES], line[160] = "";
    char **names;
    int count = lab_names(&names);
    for (int i = 0; i < count; i++) {
        char *const command[] = {lab_path(path, "build/bin/%s/tests", names[i]), "--version", NULL};
        if (i == 0)
            first_line(command, line, sizeof line);
        free(names[i]);
    }
    free(names);
    note(checkup, "Criterion, which runs the tests", line[0] != '\0', true,
         line[0] != '\0' ? line : "the labs' tests do not run", "type `make`");
}

static void print_findings(const json_t *findings) {
    size_t index;
    json_t *finding;
    json_array_foreach (findings, index, finding) {
        bool ok = json_is_true(json_object_get(finding, "ok"));
        bool needed = json_is_true(json_object_get(finding, "needed"));
        char line[1024];
        snprintf(line, sizeof line, "%s: %s", result_text(finding, "check"),
                 result_text(finding, "found"));
        terminal_wrapped(stdout, ok ? "yes   " : (needed ? "NO    " : "no    "), line);
        if (!ok)
            terminal_wrapped(stdout, "      remedy: ", result_text(finding, "remedy"));
    }
}

static int status_of(const json_t *findings) {
    size_t index;
    json_t *finding;
    json_array_foreach (findings, index, finding) {
        if (json_is_true(json_object_get(finding, "needed")) &&
            !json_is_true(json_object_get(finding, "ok")))
            return STATUS_NOT_MEASURED;
    }
    return 0;
}

int verb_doctor(int argc, char **argv) {
    static const struct argp_option option_list[] = {
        {"json", 'j', "FILE", 0, "write the same as JSON; - is standard output", 0}, {0}};
    static const struct grammar grammar = {
        option_list, "", "Tells what this machine can and can't measure, with remedies.", 0, 0};
    struct options options = options_parse(&grammar, argc, argv);
    struct checkup checkup = {.findings = json_array()};
    check_tool(&checkup, "cc", "install a C compiler: make deps");
    check_tool(&checkup, "strace", "make deps");
    check_tool(&checkup, "bwrap", "make deps");
    check_sandbox(&checkup);
    check_lab_tests(&checkup);
    check_cgroup(&checkup);
    check_descriptors(&checkup);
    check_processors(&checkup);
    check_port(&checkup);
    if (options_want_text(&options))
        print_findings(checkup.findings);
    int exit_status = status_of(checkup.findings);
    if (options.json != NULL && write_json(checkup.findings, options.json) < 0)
        exit_status = STATUS_NOT_MEASURED;
    json_decref(checkup.findings);
    return exit_status;
}
