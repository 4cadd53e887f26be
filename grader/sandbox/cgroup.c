/* Making and removing control groups, by their file system. */
#include "grader/sandbox/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io.h"

/* Our own place in a hierarchy, from a line "ID:CONTROLLERS:PATH" of /proc/self/cgroup. */
static void find_own(const char *controller, char *path, size_t size) {
    char line[CGROUP_PATH];
    FILE *file = fopen("/proc/self/cgroup", "re");
    snprintf(path, size, "/");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *controllers = strchr(line, ':');
        char *place = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (place == NULL)
            continue;
        *place = '\0';
        if (strcmp(controllers + 1, controller) == 0)
            snprintf(path, size, "%.*s", (int)strcspn(place + 1, "\n"), place + 1);
    }
    if (file != NULL)
        fclose(file);
}

static bool write_value(const char *folder, const char *file, long long value) {
    char path[CGROUP_PATH + 64], text[32];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    int length = snprintf(text, sizeof text, "%lld", value);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write_full(fd, text, (size_t)length) == 0;
    if (fd >= 0)
        close(fd);
    return written;
}

/* Makes one folder below our place in a hierarchy; in a container that place may not be visible,
 * and the mount's top is ours. */
static bool make_in(char *folder, const char *mount, const char *controller, const char *name) {
    char own[CGROUP_PATH / 2];
    find_own(controller, own, sizeof own);
    snprintf(folder, CGROUP_PATH, "%.64s%.255s/%.128s", mount, own, name);
    if (mkdir(folder, 0755) == 0)
        return true;
    snprintf(folder, CGROUP_PATH, "%.64s/%.128s", mount, name);
    if (mkdir(folder, 0755) == 0)
        return true;
    folder[0] = '\0';
    return false;
}

static void keep_if(char *folder, bool limited) {
    if (folder[0] != '\0' && !limited) {
        rmdir(folder);
        folder[0] = '\0';
    }
}

static bool has_version_2(void) {
    return access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
}

int cgroup_make(struct cgroup *cgroup, const char *name, int tasks, long long memory_kib) {
    *cgroup = (struct cgroup){0};
    if (has_version_2()) {
        char *both = cgroup->folders[0];
        keep_if(both, make_in(both, "/sys/fs/cgroup", "", name) &&
                          write_value(both, "pids.max", tasks) &&
                          write_value(both, "memory.max", memory_kib * 1024));
        /* what is swapped out would be beyond the limit; without swap there is no such file */
        if (both[0] != '\0')
            write_value(both, "memory.swap.max", 0);
    } else {
        char *pids = cgroup->folders[0], *memory = cgroup->folders[1];
        keep_if(pids, make_in(pids, "/sys/fs/cgroup/pids", "pids", name) &&
                          write_value(pids, "pids.max", tasks));
        keep_if(memory, make_in(memory, "/sys/fs/cgroup/memory", "memory", name) &&
                            write_value(memory, "memory.limit_in_bytes", memory_kib * 1024));
        if (memory[0] != '\0') /* version 1 keeps a separate account of socket buffers */
            write_value(memory, "memory.kmem.tcp.limit_in_bytes", memory_kib * 1024);
    }
    return (cgroup->folders[0][0] != '\0') + (cgroup->folders[1][0] != '\0');
}

const char *cgroup_memory_folder(const struct cgroup *cgroup) {
    const char *folder = cgroup->folders[has_version_2() ? 0 : 1];
    return folder[0] == '\0' ? NULL : folder;
}

const char *cgroup_memory_mount(void) {
    return has_version_2() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
}

void cgroup_enter(const struct cgroup *cgroup) {
    for (int i = 0; i < CGROUP_HIERARCHIES; i++)
        if (cgroup->folders[i][0] != '\0')
            write_value(cgroup->folders[i], "cgroup.procs", getpid());
}

static void sweep_folder(const char *folder, const char *prefix) {
    DIR *groups = opendir(folder);
    if (groups == NULL)
        return;
    for (struct dirent *entry = readdir(groups); entry != NULL; entry = readdir(groups))
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            unlinkat(dirfd(groups), entry->d_name, AT_REMOVEDIR);
    closedir(groups);
}

void cgroup_sweep(const char *prefix) {
    static const char *const mounts[][2] = {{"/sys/fs/cgroup", ""},
                                            {"/sys/fs/cgroup/pids", "pids"},
                                            {"/sys/fs/cgroup/memory", "memory"}};
    for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
        char own[CGROUP_PATH / 2], folder[CGROUP_PATH];
        find_own(mounts[i][1], own, sizeof own);
        snprintf(folder, sizeof folder, "%s%.255s", mounts[i][0], own);
        sweep_folder(folder, prefix);
        sweep_folder(mounts[i][0], prefix);
    }
}

void cgroup_remove(struct cgroup *cgroup) {
    enum { ROUNDS = 100 };
    for (int i = 0; i < CGROUP_HIERARCHIES; i++) {
        if (cgroup->folders[i][0] == '\0')
            continue;
        /* a process that has been reaped can still be leaving */
        for (int round = 0; round < ROUNDS && rmdir(cgroup->folders[i]) < 0; round++)
            usleep(1000);
        cgroup->folders[i][0] = '\0';
    }
}
