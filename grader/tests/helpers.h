/* What the grader's own tests share: where things are, files of their own, and probes.
 *
 * A probe is a small program under test that lives in the test binary itself: started as
 * `TEST_BINARY probe NAME`, it runs that probe instead of the tests. So nothing has to be compiled
 * or built beside the tests. */
#pragma once

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io.h"

enum { HELPER_PATH = 512 };

/* ---- Where things are ---- */

/* This test binary: BUILD/tests/NAME. */
static inline const char *own_path(void) {
    static char path[HELPER_PATH];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    return path;
}

/* BUILD/NAME, such as the `grade` and `launch` built with this test. A buffer for each call. */
static inline const char *built_path(const char *name) {
    char folder[HELPER_PATH];
    char *path = NULL;
    snprintf(folder, sizeof folder, "%s", own_path());
    *strrchr(folder, '/') = '\0';
    *strrchr(folder, '/') = '\0';
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        abort();
    return path;
}

/* ROOT/NAME in the repository. A buffer for each call. */
static inline const char *root_path(const char *name) {
    char folder[HELPER_PATH];
    char *path = NULL;
    snprintf(folder, sizeof folder, "%s", built_path(""));
    folder[strlen(folder) - 1] = '\0';
    *strrchr(folder, '/') = '\0';
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        abort();
    return path;
}

/* ---- Files of the test's own ---- */

static char helper_folder[HELPER_PATH];
static pid_t helper_folder_owner;

static inline int helper_remove_entry(const char *path, const struct stat *status, int kind,
                                      struct FTW *place) {
    (void)status, (void)kind, (void)place;
    remove(path);
    return 0;
}

static inline void remove_tree(const char *path) {
    nftw(path, helper_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void helper_remove_folder(void) {
    if (helper_folder[0] != '\0' && getpid() == helper_folder_owner)
        remove_tree(helper_folder);
}

/* FOLDER/NAME in a folder that is removed when the test ends; "" is the folder. A buffer each. */
static inline const char *own_file(const char *name) {
    char *path = NULL;
    if (helper_folder[0] == '\0') {
        snprintf(helper_folder, sizeof helper_folder, "/tmp/groundwork-test-XXXXXX");
        if (mkdtemp(helper_folder) == NULL)
            cr_assert_fail("%s: %s", helper_folder, strerror(errno));
        chmod(helper_folder, 0755);
        helper_folder_owner = getpid();
        atexit(helper_remove_folder);
    }
    if (asprintf(&path, "%s%s%s", helper_folder, *name == '\0' ? "" : "/", name) < 0)
        abort();
    return path;
}

static inline const char *make_own_file(const char *name, const char *text) {
    const char *path = own_file(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write_full(fd, text, strlen(text)) < 0)
        cr_assert_fail("%s: %s", path, strerror(errno));
    close(fd);
    return path;
}

/* The whole of a file; NULL when it can't be read. */
static inline char *file_text(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd < 0 ? NULL : read_whole(fd, 16 << 20, NULL);
    if (fd >= 0)
        close(fd);
    return text;
}

/* ---- What a function says on standard error ---- */

static int helper_error_fd = -1;

static inline void capture_errors(void) {
    const char *path = own_file("captured");
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    helper_error_fd = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

static inline char *captured_errors(void) {
    dup2(helper_error_fd, STDERR_FILENO);
    close(helper_error_fd);
    char *text = file_text(own_file("captured"));
    return text == NULL ? strdup("") : text;
}

static inline size_t count_lines(const char *text) {
    size_t lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

/* ---- Probes ---- */

struct probe {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the probe's name */
};

/* Ends the process with the probe's status when the command line asks for one. */
static inline void run_probe(int argc, char **argv, const struct probe *probes) {
    if (argc < 3 || strcmp(argv[1], "probe") != 0)
        return;
    for (; probes->name != NULL; probes++)
        if (strcmp(probes->name, argv[2]) == 0)
            _exit(probes->run(argc - 2, argv + 2));
    _exit(126);
}

/* In a constructor, for main is Criterion's. The C library gives constructors main's arguments. */
#define PROBES(list)                                                                               \
    __attribute__((constructor)) static void helper_probe(int argc, char **argv) {                 \
        run_probe(argc, argv, list);                                                               \
    }
