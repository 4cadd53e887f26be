/* Tests of common/command: a command that runs, one that can't, and what it is given. */
#define _GNU_SOURCE 1
#include "common/command.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A folder in PATH that is not ours to look into would turn "no such file" into "permission denied". */
static void usual_path(void) {
    setenv("PATH", "/usr/bin:/bin", 1);
}

TestSuite(command, .timeout = 20, .init = usual_path);

#define START(...) command_start((char *[]){__VA_ARGS__, NULL})

static int status_of(pid_t pid) {
    int status;
    cr_assert_gt(pid, 0);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

Test(command, runs_with_its_arguments) {
    cr_assert_eq(status_of(START("sh", "-c", "exit $1", "sh", "7")), 7);
    cr_assert_eq(status_of(START("/bin/sh", "-c", "exit 0")), 0);
}

/* The exec is done: who asks /proc then is told of the command. */
Test(command, is_there_when_it_returns) {
    char path[64], name[32] = "";
    for (int i = 0; i < 20; i++) {
        pid_t pid = START("sleep", "10");
        snprintf(path, sizeof path, "/proc/%d/comm", pid);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        cr_assert_gt(read(file, name, sizeof name - 1), 0);
        close(file);
        cr_expect_str_eq(name, "sleep\n");
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

static void expect_refused(pid_t pid, int why) {
    int seen = errno;
    cr_expect_eq(pid, -1);
    cr_expect_eq(seen, why, "%s", strerror(seen));
    cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1);
    cr_expect_eq(errno, ECHILD, "a child is left");
}

Test(command, why_not) {
    expect_refused(START("groundwork-no-such-command"), ENOENT);
    expect_refused(START("/etc/passwd"), EACCES);
    expect_refused(START("/"), EACCES);
    expect_refused(START(""), ENOENT);
}

Test(command, leaves_no_descriptor_open) {
    int before = dup(STDIN_FILENO);
    close(before);
    status_of(START("true"));
    START("groundwork-no-such-command");
    int after = dup(STDIN_FILENO);
    cr_assert_eq(after, before);
}
