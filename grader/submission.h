/* What was handed in: only the files that the manifest names are taken, and only as plain files. */
#pragma once

#include <stddef.h>

#include "grader/lab.h"

enum { DIGEST_CHARACTERS = 65 };

struct submission {
    const char *folder;
    char digest[DIGEST_CHARACTERS]; /* SHA-256 over names and contents, hexadecimal */
};

/* Copies the files into `source`. Returns 0, or -1 with the reason, for the result, in `why`
 * (a link, a folder, a missing or too large file). */
int submission_take(struct submission *submission, const struct manifest *manifest,
                    const char *folder, const char *source, char *why, size_t why_bytes);

/* Reads a file of the learner's, whatever stands under its name: a link, a FIFO, a device, a file
 * over 1 MiB are refused. Returns the contents, NUL-terminated, for the caller to free, or NULL
 * with the reason in `why`. */
char *submission_read(const char *path, size_t *length, char *why, size_t why_bytes);

/* SHA-256 over the lab's manifest and its tests. Returns 0 or -1 with errno. */
int lab_tests_digest(const struct lab *lab, char digest[DIGEST_CHARACTERS]);
