/*
 * A group is named by /proc/PID/cgroup, as a path in its hierarchy; mountinfo tells which part of
 * which hierarchy can be seen where. So: the path without what the mount's root has of it, behind
 * the mount point.
 */
#include "common/memory_group.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct memory_group versions[] = {
    {.version = 1,
     .current = "memory.usage_in_bytes",
     .limit = "memory.limit_in_bytes",
     .peak = "memory.max_usage_in_bytes",
     .hits = "memory.failcnt",
     .events = "memory.oom_control"},
    {.version = 2,
     .current = "memory.current",
     .limit = "memory.max",
     .peak = "memory.peak",
     .events = "memory.events"},
};

/* Whether `word` is one of the words in a list like "rw,cpu,memory". */
static bool lists(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = strstr(list, word); at != NULL; at = strstr(at + 1, word)) {
        bool begins = at == list || at[-1] == ',';
        if (begins && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* Finds the path in "4:memory:/path" for version 1, in "0::/path" for version 2. */
static bool find_path(FILE *groups, int version, char path[PATH_MAX]) {
    char *line = NULL;
    size_t capacity = 0;
    bool found = false;
    rewind(groups);
    while (!found && getline(&line, &capacity, groups) > 0) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *at = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (at == NULL || strlen(at + 1) >= PATH_MAX)
            continue;
        *at = '\0';
        found = version == 1 ? lists(controllers + 1, "memory") : strcmp(line, "0:") == 0;
        if (found)
            memcpy(path, at + 1, strlen(at + 1) + 1);
    }
    free(line);
    return found;
}

/* mountinfo writes a space, tab, newline or backslash as \ooo. */
static void unescape(char *text) {
    char *to = text;
    while (*text != '\0') {
        bool escaped = text[0] == '\\' && text[1] != '\0' && text[2] != '\0' && text[3] != '\0';
        if (escaped)
            *to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
        else
            *to++ = *text;
        text += escaped ? 4 : 1;
    }
    *to = '\0';
}

/* "36 35 0:32 ROOT POINT rw shared:1 - TYPE SOURCE OPTIONS": the path in the hierarchy that is
 * mounted, where, and of which kind. Cuts the line up. */
static bool read_mount(char *line, int version, char **root, char **point) {
    char *tail = strstr(line, " - "), *rest = line, *options;
    if (tail == NULL)
        return false;
    *tail = '\0';
    line[strcspn(line, "\n")] = '\0';
    for (int i = 0; i < 3; i++)
        strsep(&rest, " ");
    *root = strsep(&rest, " ");
    *point = strsep(&rest, " ");
    tail += strlen(" - ");
    tail[strcspn(tail, "\n")] = '\0';
    const char *type = strsep(&tail, " ");
    strsep(&tail, " ");
    options = tail;
    if (*point == NULL || options == NULL)
        return false;
    unescape(*root);
    unescape(*point);
    return version == 2 ? strcmp(type, "cgroup2") == 0
                        : strcmp(type, "cgroup") == 0 && lists(options, "memory");
}

/* Returns what of `path` lies below `root`; NULL: it does not. A path from outside our namespace begins
 * with "/..", and nothing is above a mount point. */
static const char *below(const char *root, const char *path) {
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    const char *rest = path + length;
    if (strncmp(root, path, length) != 0 || (*rest != '/' && *rest != '\0') ||
        strcmp(rest, "/..") == 0 || strncmp(rest, "/../", 4) == 0)
        return NULL;
    return strcmp(rest, "/") == 0 ? "" : rest;
}

static bool has(const struct memory_group *group, const char *name) {
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s", group->folder, name);
    return access(path, R_OK) == 0;
}

/* The mount must be one that has the controller: version 2 may be mounted beside 1 without it. */
static bool find_folder(struct memory_group *group, FILE *mounts, const char *path) {
    char *line = NULL, *root, *point;
    size_t capacity = 0;
    bool found = false;
    rewind(mounts);
    while (!found && getline(&line, &capacity, mounts) > 0) {
        if (!read_mount(line, group->version, &root, &point))
            continue;
        const char *rest = below(root, path);
        if (rest == NULL || strlen(point) + strlen(rest) >= sizeof group->folder)
            continue;
        snprintf(group->folder, sizeof group->folder, "%s%s", point, rest);
        found = has(group, group->current);
    }
    free(line);
    return found;
}

int memory_group_from(struct memory_group *group, FILE *groups, FILE *mounts) {
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        *group = versions[i];
        if (find_path(groups, group->version, path) && find_folder(group, mounts, path))
            return 0;
    }
    *group = (struct memory_group){0};
    errno = ENOENT;
    return -1;
}

int memory_group_find(struct memory_group *group, pid_t pid) {
    char name[32];
    snprintf(name, sizeof name, "/proc/%d/cgroup", pid);
    *group = (struct memory_group){0};
    FILE *groups = fopen(name, "re");
    FILE *mounts = groups == NULL ? NULL : fopen("/proc/self/mountinfo", "re");
    int result = mounts == NULL ? -1 : memory_group_from(group, groups, mounts);
    int why = groups == NULL && errno == ENOENT ? ESRCH : errno;
    if (mounts != NULL)
        fclose(mounts);
    if (groups != NULL)
        fclose(groups);
    errno = why;
    return result;
}

int memory_group_open(const struct memory_group *group, const char *name) {
    char path[PATH_MAX + 32];
    if (name == NULL) {
        errno = ENOENT;
        return -1;
    }
    snprintf(path, sizeof path, "%s/%s", group->folder, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}
