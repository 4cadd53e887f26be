/* Making and removing a grading's folders. */
#include "grader/workspace.h"

#include <ftw.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/errors.h"

/* Reading a hole of a tmpfs costs no pages; elsewhere it fills the page cache. */
static const char *scratch_base(const char *otherwise) {
    struct statfs system;
    if (statfs("/dev/shm", &system) == 0 && system.f_type == TMPFS_MAGIC &&
        access("/dev/shm", W_OK | X_OK) == 0)
        return "/dev/shm";
    return otherwise;
}

static const char *temporary_base(void) {
    const char *given = getenv("TMPDIR");
    return given != NULL && *given != '\0' && strlen(given) < WORKSPACE_PATH / 2 ? given : "/tmp";
}

static int make_under(char *path, const char *root, const char *name) {
    snprintf(path, WORKSPACE_PATH, "%.200s/%s", root, name);
    return mkdir(path, 0755);
}

int workspace_make(struct workspace *workspace) {
    const char *base = temporary_base();
    snprintf(workspace->root, sizeof workspace->root, "%s/groundwork-XXXXXX", base);
    snprintf(workspace->scratch, sizeof workspace->scratch, "%s/groundwork-XXXXXX",
             scratch_base(base));
    if (mkdtemp(workspace->root) == NULL || mkdtemp(workspace->scratch) == NULL ||
        make_under(workspace->source, workspace->root, "source") < 0 ||
        make_under(workspace->output, workspace->root, "output") < 0 ||
        make_under(workspace->logs, workspace->root, "logs") < 0) {
        error_errno(workspace->root);
        workspace_remove(workspace); /* what of it there is */
        return -1;
    }
    snprintf(workspace->records, WORKSPACE_PATH, "%.200s/records.jsonl", workspace->root);
    snprintf(workspace->settings, WORKSPACE_PATH, "%.200s/run.json", workspace->root);
    snprintf(workspace->filter, WORKSPACE_PATH, "%.200s/filter.bpf", workspace->root);
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status, (void)kind, (void)place;
    remove(path);
    return 0;
}

static void remove_all_of(const char *folder) {
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int workspace_renew(struct workspace *workspace) {
    remove_all_of(workspace->logs);
    remove_all_of(workspace->scratch);
    snprintf(workspace->records, WORKSPACE_PATH, "%.200s/records-again.jsonl", workspace->root);
    if (mkdir(workspace->logs, 0755) < 0 || mkdir(workspace->scratch, 0700) < 0) {
        error_errno(workspace->root);
        return -1;
    }
    return 0;
}

void workspace_remove(struct workspace *workspace) {
    if (getenv("GROUNDWORK_KEEP") != NULL) { /* for who looks into a grading */
        fprintf(stderr, "kept: %s %s\n", workspace->root, workspace->scratch);
        return;
    }
    remove_all_of(workspace->root);
    remove_all_of(workspace->scratch);
}
