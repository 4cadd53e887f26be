/* Finding the repository and its labs. */
#include "grader/lab.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/errors.h"

const char *lab_root(void) {
    static char root[PATH_BYTES];
    if (root[0] != '\0')
        return root;
    const char *given = getenv("GROUNDWORK_ROOT");
    ssize_t length = -1;
    if (given != NULL)
        length = snprintf(root, sizeof root, "%s", given);
    else if ((length = readlink("/proc/self/exe", root, sizeof root - 1)) > 0)
        root[length] = '\0';
    for (int up = 0; given == NULL && length > 0 && up < 2; up++) { /* ROOT/build/grade */
        char *slash = strrchr(root, '/');
        if (slash != NULL)
            *slash = '\0';
    }
    return root;
}

char *lab_path(char *path, const char *relative, ...) {
    char rest[PATH_BYTES / 2];
    va_list values;
    va_start(values, relative);
    vsnprintf(rest, sizeof rest, relative, values);
    va_end(values);
    snprintf(path, PATH_BYTES, "%.2000s/%s", lab_root(), rest);
    return path;
}

static int holds_manifest(const struct dirent *entry) {
    char path[PATH_BYTES];
    return entry->d_name[0] != '.' &&
           access(lab_path(path, "labs/%s/lab.yaml", entry->d_name), R_OK) == 0;
}

int lab_names(char ***names) {
    struct dirent **entries = NULL;
    char path[PATH_BYTES];
    int count = scandir(lab_path(path, "labs"), &entries, holds_manifest, alphasort);
    *names = count > 0 ? calloc((size_t)count, sizeof **names) : NULL;
    for (int i = 0; i < count; i++) {
        if (*names != NULL)
            (*names)[i] = strdup(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return *names == NULL ? 0 : count;
}

/* "01-reads" is meant by "01-reads", "01", "1" and "reads". */
static bool is_meant(const char *folder, const char *name) {
    const char *dash = strchr(folder, '-');
    if (strcmp(folder, name) == 0 || (dash != NULL && strcmp(dash + 1, name) == 0))
        return true;
    char *end;
    long wanted = strtol(name, &end, 10);
    return end != name && *end == '\0' && wanted == strtol(folder, NULL, 10);
}

int lab_open(struct lab *lab, const char *name) {
    char **names;
    int count = lab_names(&names), status = -1;
    *lab = (struct lab){0};
    for (int i = 0; i < count; i++) {
        if (lab->folder[0] == '\0' && is_meant(names[i], name)) {
            lab_path(lab->folder, "labs/%s", names[i]);
            lab_path(lab->manifest_path, "labs/%s/lab.yaml", names[i]);
            lab_path(lab->tests, "build/bin/%s/tests", names[i]);
        }
        free(names[i]);
    }
    free(names);
    if (lab->folder[0] == '\0')
        error_because(name, "no such lab; `grade list` shows them");
    else
        lab->manifest = manifest_load(lab->manifest_path);
    if (lab->manifest != NULL && strcmp(lab->manifest->lab, strrchr(lab->folder, '/') + 1) != 0)
        manifest_complain(lab->manifest_path, "lab", lab->manifest->lab,
                          "a lab is named as its folder");
    else if (lab->manifest != NULL)
        status = 0;
    if (status < 0)
        lab_close(lab);
    return status;
}

void lab_close(struct lab *lab) {
    if (lab->manifest != NULL)
        manifest_free(lab->manifest);
    lab->manifest = NULL;
}
