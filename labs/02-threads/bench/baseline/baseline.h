/*
 * What the servers that the labs' own are measured against have in common: reading a number from
 * the command line, and finding a file. A header, because each of them is a program of one file.
 */
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/errors.h"

static inline long number(const char *text) {
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 0) {
        error_because(text, "not a number");
        exit(2);
    }
    return value;
}

/* The file of "/files/NAME" below `root`, without a folder, for the benchmark needs no more. Returns
 * a descriptor, or -1: no such file. */
static inline int open_file(int root, const char *path, struct stat *status) {
    static const char files[] = "/files/";
    const char *name = path + sizeof files - 1;
    if (strncmp(path, files, sizeof files - 1) != 0 || strchr(name, '/') != NULL)
        return -1;
    int fd = openat(root, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && (fstat(fd, status) < 0 || !S_ISREG(status->st_mode))) {
        close(fd);
        return -1;
    }
    return fd;
}
