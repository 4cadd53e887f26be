/*
 * Tests of common/memory_group: the folder of a group by texts as kernels write them, with a folder
 * of ours in the place of the mount, and the group of this process where there is one.
 */
#define _GNU_SOURCE 1
#include "common/memory_group.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static void make_root(void) {
    snprintf(root, sizeof root, "/tmp/groundwork-group-XXXXXX");
    cr_assert_not_null(mkdtemp(root));
}

static void remove_root(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    cr_expect_eq(system(command), 0);
}

TestSuite(memory_group, .timeout = 20, .init = make_root, .fini = remove_root);

/* Makes a group: a folder below the root, with a file of that name. */
static void make_group(const char *folder, const char *file) {
    char command[512];
    snprintf(command, sizeof command, "mkdir -p '%s%s' && touch '%s%s/%s'", root, folder, root,
             folder, file);
    cr_assert_eq(system(command), 0);
}

/* `mounts` is a format with one %s for the root. */
static int find(struct memory_group *group, const char *groups, const char *mounts) {
    char *text = NULL;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    cr_assert_geq(asprintf(&text, mounts, root, root), 0);
#pragma GCC diagnostic pop
    FILE *first = fmemopen((char *)groups, strlen(groups), "r");
    FILE *second = fmemopen(text, strlen(text), "r");
    int result = memory_group_from(group, first, second);
    int why = errno;
    fclose(first);
    fclose(second);
    free(text);
    errno = why;
    return result;
}

static void expect_folder(const struct memory_group *group, const char *folder) {
    cr_expect(strncmp(group->folder, root, strlen(root)) == 0, "%s", group->folder);
    cr_expect_str_eq(group->folder + strlen(root), folder);
}

Test(memory_group, version_2_at_its_usual_place) {
    struct memory_group group;
    make_group("/user/one", "memory.current");
    cr_assert_eq(find(&group, "0::/user/one\n",
                      "24 1 0:22 / /proc rw,nosuid shared:12 - proc proc rw\n"
                      "30 23 0:26 / %s rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"),
                 0);
    cr_assert_eq(group.version, 2);
    expect_folder(&group, "/user/one");
    cr_assert_str_eq(group.current, "memory.current");
    cr_assert_str_eq(group.limit, "memory.max");
    cr_assert_str_eq(group.peak, "memory.peak");
    cr_assert_str_eq(group.events, "memory.events");
    cr_assert_null(group.hits);
}

Test(memory_group, version_1_among_other_controllers) {
    struct memory_group group;
    make_group("/a", "memory.usage_in_bytes");
    cr_assert_eq(find(&group, "5:cpu,memory,pids:/a\n3:memory_of_others:/b\n0::/\n",
                      "29 1 0:28 / /sys/x rw - cgroup cgroup rw,cpuset\n"
                      "30 1 0:29 / %s rw - cgroup cgroup rw,cpu,memory,pids\n"),
                 0);
    cr_assert_eq(group.version, 1);
    expect_folder(&group, "/a");
    cr_assert_str_eq(group.current, "memory.usage_in_bytes");
    cr_assert_str_eq(group.limit, "memory.limit_in_bytes");
    cr_assert_str_eq(group.peak, "memory.max_usage_in_bytes");
    cr_assert_str_eq(group.hits, "memory.failcnt");
    cr_assert_str_eq(group.events, "memory.oom_control");
}

Test(memory_group, version_2_beside_1_without_the_controller) {
    struct memory_group group;
    make_group("/one/a", "memory.usage_in_bytes");
    make_group("/two/a", "cgroup.procs");
    cr_assert_eq(find(&group, "4:memory:/a\n0::/a\n",
                      "38 1 0:35 / %s/two rw - cgroup2 cgroup2 rw\n"
                      "35 1 0:32 / %s/one rw - cgroup cgroup rw,memory\n"),
                 0);
    cr_assert_eq(group.version, 1);
    expect_folder(&group, "/one/a");
}

Test(memory_group, a_mount_that_shows_the_group_alone) {
    struct memory_group group;
    make_group("", "memory.usage_in_bytes");
    cr_assert_eq(find(&group, "4:memory:/runs/17\n",
                      "40 1 0:32 /runs/17 %s ro,nosuid - cgroup cgroup rw,memory\n"),
                 0);
    expect_folder(&group, "");
}

Test(memory_group, a_mount_that_shows_a_part_with_the_group_in_it) {
    struct memory_group group;
    make_group("/17", "memory.usage_in_bytes");
    cr_assert_eq(
        find(&group, "4:memory:/runs/17\n", "40 1 0:32 /runs %s ro - cgroup cgroup rw,memory\n"),
        0);
    expect_folder(&group, "/17");
}

Test(memory_group, a_name_that_only_begins_alike_is_another) {
    struct memory_group group;
    make_group("", "memory.usage_in_bytes");
    make_group("s", "memory.usage_in_bytes");
    cr_assert_eq(
        find(&group, "4:memory:/runs\n", "40 1 0:32 /run %s ro - cgroup cgroup rw,memory\n"), -1);
    cr_assert_eq(errno, ENOENT);
    cr_assert_eq(group.version, 0);
    cr_assert_null(group.current);
}

Test(memory_group, the_root_of_its_namespace) {
    struct memory_group group;
    make_group("", "memory.current");
    cr_assert_eq(find(&group, "0::/\n", "30 23 0:26 / %s ro - cgroup2 cgroup2 rw\n"), 0);
    expect_folder(&group, "");
}

Test(memory_group, outside_its_namespace_it_is_seen_where_the_mount_reaches) {
    struct memory_group group;
    make_group("/b", "memory.current");
    cr_assert_eq(find(&group, "0::/../b\n", "30 23 0:26 /.. %s ro - cgroup2 cgroup2 rw\n"), 0);
    expect_folder(&group, "/b");
    cr_assert_eq(find(&group, "0::/../b\n", "30 23 0:26 / %s/b ro - cgroup2 cgroup2 rw\n"), -1);
}

Test(memory_group, a_second_mount_when_the_first_shows_something_else) {
    struct memory_group group;
    make_group("/second", "memory.current");
    cr_assert_eq(find(&group, "0::/a\n",
                      "30 23 0:26 /b %s/first ro - cgroup2 cgroup2 rw\n"
                      "31 23 0:26 /a %s/second ro - cgroup2 cgroup2 rw\n"),
                 0);
    expect_folder(&group, "/second");
}

Test(memory_group, names_with_spaces_and_colons) {
    struct memory_group group;
    make_group("/a b/c:d", "memory.current");
    cr_assert_eq(find(&group, "0::/c:d\n", "30 23 0:26 / %s/a\\040b rw - cgroup2 cgroup2 rw\n"), 0);
    expect_folder(&group, "/a b/c:d");
}

Test(memory_group, lines_that_are_none) {
    struct memory_group group;
    make_group("/a", "memory.current");
    cr_assert_eq(find(&group, "\n0\n0:\n::\nmemory\n0::/a\n",
                      "\n - \n1 2 - cgroup2\n1 2 3 4 - cgroup2 cgroup2\nxyz\n"
                      "30 23 0:26 / %s rw - cgroup2 cgroup2 rw\n"),
                 0);
    expect_folder(&group, "/a");
}

Test(memory_group, there_is_none) {
    struct memory_group group;
    cr_assert_eq(find(&group, "3:cpu:/\n0::/\n", "30 23 0:26 / %s rw - cgroup2 cgroup2 rw\n"), -1);
    cr_assert_eq(group.version, 0);
    cr_assert_eq(memory_group_open(&group, group.current), -1);
}

Test(memory_group, no_such_process) {
    struct memory_group group;
    cr_assert_eq(memory_group_find(&group, 2147483647), -1);
    cr_assert_eq(errno, ESRCH);
}

/* Where there is no group to be seen, as in many sandboxes, that is what has to be said. */
Test(memory_group, of_this_process) {
    struct memory_group group;
    if (memory_group_find(&group, getpid()) < 0) {
        cr_assert_eq(errno, ENOENT);
        cr_assert_eq(group.version, 0);
        return;
    }
    char number[32] = "";
    int current = memory_group_open(&group, group.current);
    cr_assert_geq(current, 0);
    cr_assert_gt(pread(current, number, sizeof number - 1, 0), 0);
    cr_assert_gt(strtoll(number, NULL, 10), 0);
    close(current);
    cr_assert_eq(memory_group_open(&group, NULL), -1);
}
