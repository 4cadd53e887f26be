/* A control group for one run: the kernel's own bound on processes and memory (cgroups(7)).
 *
 * Where one can be made, which is as root, it holds what watching every 20 ms can't: a program that
 * forks without end would otherwise starve its watcher. An ordinary user has RLIMIT_NPROC for that,
 * which does not bind root. Both versions are tried: 2, and 1 with a hierarchy per controller. */
#pragma once

enum { CGROUP_PATH = 512, CGROUP_HIERARCHIES = 2 };

struct cgroup {
    char folders[CGROUP_HIERARCHIES][CGROUP_PATH]; /* empty: none */
};

/* Makes a group of that name below our own, limited to so many tasks and KiB.
 * Returns how many hierarchies have it: 0 when none can be made here, which is no error. */
int cgroup_make(struct cgroup *cgroup, const char *name, int tasks, long long memory_kib);

/* The folder that accounts for its memory, and where a system has that mounted; NULL: none. */
const char *cgroup_memory_folder(const struct cgroup *cgroup);
const char *cgroup_memory_mount(void);

/* Moves the calling process into the group. */
void cgroup_enter(const struct cgroup *cgroup);

/* Removes all groups whose names begin so, left by tests that were killed. */
void cgroup_sweep(const char *prefix);

/* Removes the group; its processes must have ended. */
void cgroup_remove(struct cgroup *cgroup);
