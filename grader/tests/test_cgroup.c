/* Control groups: what the kernel holds a run to, where one can be made. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grader/sandbox/cgroup.h"

enum { TASKS = 8, MEMORY_KIB = 256 * 1024 };

static struct cgroup made_group(const char *suffix) {
    struct cgroup group;
    char name[64];
    snprintf(name, sizeof name, "groundwork-test-%d%s", getpid(), suffix);
    if (cgroup_make(&group, name, TASKS, MEMORY_KIB) == 0)
        cr_skip_test("no control group can be made here");
    return group;
}

/* Forks children that wait until we end; returns how many there could be. */
static int children_until_refused(void) {
    int gate[2], count = 0;
    if (pipe(gate) < 0)
        return -1;
    for (pid_t pid; count < 10 * TASKS && (pid = fork()) >= 0; count++)
        if (pid == 0) {
            char byte;
            close(gate[1]);
            _exit(read(gate[0], &byte, 1) < 0);
        }
    int error = errno;
    close(gate[1]);
    while (wait(NULL) > 0)
        ;
    return error == EAGAIN ? count : -1;
}

Test(cgroup, bounds_the_number_of_processes) {
    struct cgroup group = made_group("");
    pid_t pid = fork();
    if (pid == 0) {
        cgroup_enter(&group);
        _exit(children_until_refused() == TASKS - 1 ? 0 : 1); /* it is one itself */
    }
    int status = -1;
    waitpid(pid, &status, 0);
    cgroup_remove(&group);
    cr_expect_eq(status, 0);
}

Test(cgroup, is_gone_when_removed) {
    struct cgroup group = made_group("");
    char folder[CGROUP_PATH];
    snprintf(folder, sizeof folder, "%s", group.folders[0]);
    cr_expect_eq(access(folder, F_OK), 0);
    cgroup_remove(&group);
    cr_expect_neq(access(folder, F_OK), 0);
}

Test(cgroup, sweep_takes_those_of_a_prefix_and_no_other) {
    struct cgroup one = made_group(".one"), other = made_group("-other");
    char prefix[64];
    snprintf(prefix, sizeof prefix, "groundwork-test-%d.", getpid());
    cgroup_sweep(prefix);
    cr_expect_neq(access(one.folders[0], F_OK), 0);
    cr_expect_eq(access(other.folders[0], F_OK), 0);
    cgroup_remove(&one);
    cgroup_remove(&other);
}

Test(cgroup, that_can_not_be_made_is_no_error) {
    struct cgroup group;
    cr_expect_eq(cgroup_make(&group, "no/such/place/for/it", TASKS, MEMORY_KIB), 0);
    cgroup_enter(&group);
    cgroup_remove(&group);
}
