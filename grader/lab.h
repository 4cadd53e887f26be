/* Where things are: the repository around the running `grade`, and a lab's folder in it. */
#pragma once

#include "grader/manifest.h"

enum { PATH_BYTES = 4096 };

struct lab {
    char folder[PATH_BYTES]; /* labs/01-reads, absolute */
    char manifest_path[PATH_BYTES];
    char tests[PATH_BYTES]; /* the lab's Criterion binary */
    struct manifest *manifest;
};

/* Absolute path of the repository: the folder above the one that `grade` lies in, or
 * GROUNDWORK_ROOT. */
const char *lab_root(void);

/* Writes "ROOT/RELATIVE", formatted as by printf(3), to `path` (PATH_BYTES). Returns `path`. */
char *lab_path(char *path, const char *relative, ...) __attribute__((format(printf, 2, 3)));

/* Finds a lab by its number ("01", "1"), its name ("reads") or both ("01-reads") and reads its
 * manifest. Returns 0, or -1 after a line on standard error. */
int lab_open(struct lab *lab, const char *name);
void lab_close(struct lab *lab);

/* The names of all folders of labs/ that hold a manifest, sorted.
 * Returns how many; the caller frees each and the array. */
int lab_names(char ***names);
