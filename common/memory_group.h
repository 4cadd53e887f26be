/*
 * The memory control group of a process: where its files are, under which names.
 *
 * The two versions of control groups keep the same numbers under different names, and where the
 * folder is depends on what was mounted where: in a container the mount may show one group only.
 * Left out: reading the numbers; groups above this one, whose limits hold as well; a process that
 * moves to another group later. Sources: cgroups(7), "/proc files"; proc(5), "mountinfo"; Linux
 * Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
 */
#pragma once

#include <limits.h>
#include <stdio.h>
#include <sys/types.h>

struct memory_group {
    int version;           /* 1 or 2; 0: there is none, or none that can be seen here */
    char folder[PATH_MAX]; /* has the files below */
    const char *current;   /* bytes in use, page cache among them */
    const char *limit;     /* bytes; "max" (version 2) or nearly 2^63 (version 1): none */
    const char *peak;   /* bytes: the largest `current` ever; newer kernels only with version 2 */
    const char *hits;   /* times it reached the limit: version 1 only, else NULL */
    const char *events; /* lines "key number": oom_kill; with version 2 also max, the hits */
};

/*
 * Finds the group of a process.
 * Returns 0, or -1 with `version` 0 and errno: ENOENT when there is none to be seen, ESRCH when
 * there is no such process.
 */
int memory_group_find(struct memory_group *group, pid_t pid);

/* Opens one of its files for reading, close-on-exec. `name` is one of the above, or NULL: there is no
 * such file. Returns a descriptor, or -1 with errno. */
int memory_group_open(const struct memory_group *group, const char *name);

/* Finds it in texts: those of /proc/PID/cgroup, and of /proc/self/mountinfo. */
int memory_group_from(struct memory_group *group, FILE *groups, FILE *mounts);
