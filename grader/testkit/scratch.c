/* The files that a test makes for the program: in a folder of the test's own, which the sandbox
 * shows to the program, read-only, as its working directory. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/io.h"
#include "grader/testkit/kit.h"

enum { LINE_LIMIT = 120 };

static const char *scratch_folder(void) {
    static char folder[512];
    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "%s/%s", kit()->scratch, test_name());
        *strrchr(folder, '/') = '.';
        if (mkdir(folder, 0755) < 0 && errno != EEXIST)
            unmeasured("no folder for the test's files: %s: %s", folder, strerror(errno));
    }
    return folder;
}

const char *scratch_path(const char *name) {
    static char path[1024];
    snprintf(path, sizeof path, "%s%s%s", scratch_folder(), *name == '\0' ? "" : "/", name);
    return path;
}

const char *program_directory(void) {
    return kit()->tier == SANDBOX_STRICT ? "/in" : scratch_folder();
}

const char *program_path(const char *name) {
    static char path[1024];
    if (name[0] == '/')
        snprintf(path, sizeof path, "%s", name);
    else
        snprintf(path, sizeof path, "%s/%s", program_directory(), name);
    return path;
}

const char *program_executable(void) {
    static char path[512];
    if (kit()->tier != SANDBOX_STRICT)
        return kit()->program;
    snprintf(path, sizeof path, "/submission/%s", kit()->program_name);
    return path;
}

static char *made[64];
static size_t made_count;

static void remember(const char *name) {
    if (made_count < sizeof made / sizeof *made)
        made[made_count++] = strdup(name);
}

bool is_made_here(const char *name) {
    for (size_t i = 0; i < made_count; i++)
        if (made[i] != NULL && strcmp(made[i], name) == 0)
            return true;
    return false;
}

static int open_new(const char *name) {
    remember(name);
    int fd = open(scratch_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        unmeasured("can't make %s: %s", scratch_path(name), strerror(errno));
    return fd;
}

static void write_new(const char *name, const void *data, size_t size_bytes) {
    int fd = open_new(name);
    if (write_full(fd, data, size_bytes) < 0)
        unmeasured("can't write %s: %s", scratch_path(name), strerror(errno));
    close(fd);
}

void make_file(const char *name, const void *data, size_t size_bytes) {
    step("make `%s` of %zu bytes", name, size_bytes);
    write_new(name, data, size_bytes);
}

/* A small linear congruential generator: the same text on every machine, and no two lines in a row
 * of one length (Knuth, The Art of Computer Programming, volume 2, section 3.3.4, table 1). */
static unsigned next_number(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

const char *make_text(const char *name, size_t size_bytes) {
    char *text = malloc(size_bytes + 1);
    unsigned state = 1;
    if (text == NULL)
        unmeasured("out of memory for %s", name);
    for (size_t i = 0, left = 0; i < size_bytes; i++) {
        bool line_ends = i + 1 == size_bytes || left == 0;
        text[i] = line_ends && i > 0 ? '\n' : (char)('a' + next_number(&state) % 26);
        left = line_ends ? next_number(&state) % LINE_LIMIT : left - 1;
    }
    text[size_bytes] = '\0';
    step("make `%s`, text of %zu bytes", name, size_bytes);
    write_new(name, text, size_bytes);
    return text;
}

void make_sparse(const char *name, int64_t size_bytes) {
    int fd = open_new(name);
    struct statfs system;
    step("make `%s`, %lld bytes, all of it a hole", name, (long long)size_bytes);
    if (fstatfs(fd, &system) < 0 || system.f_type != TMPFS_MAGIC)
        unmeasured("%s is no tmpfs, and elsewhere a large hole is slow to read", kit()->scratch);
    if (ftruncate(fd, size_bytes) < 0)
        unmeasured("can't make a file of %lld bytes: %s", (long long)size_bytes, strerror(errno));
    close(fd);
}

void append_to(const char *name, const void *data, size_t size_bytes) {
    int fd = open(scratch_path(name), O_WRONLY | O_APPEND | O_CLOEXEC);
    step("append %zu bytes to `%s`", size_bytes, name);
    if (fd < 0 || write_full(fd, data, size_bytes) < 0)
        unmeasured("can't write %s: %s", scratch_path(name), strerror(errno));
    close(fd);
}

void make_directory(const char *name) {
    step("make the directory `%s`", name);
    if (mkdir(scratch_path(name), 0755) < 0)
        unmeasured("can't make %s: %s", scratch_path(name), strerror(errno));
}

/* ---- What the program writes ---- */

static char output_name[128], output_folder[1024];

const char *output_folder_name(void) {
    return output_name;
}

const char *output_path(const char *name) {
    static char path[1200];
    snprintf(path, sizeof path, "%s%s%s", output_folder, *name == '\0' ? "" : "/", name);
    return path;
}

/* Beside the logs, which are on disk: the other files may be in memory, where a large one would
 * count as the program's. */
static void choose_output_folder(const char *name) {
    const char *test = strrchr(scratch_folder(), '/') + 1;
    snprintf(output_name, sizeof output_name, "%s", name);
    if (kit()->tier == SANDBOX_STRICT)
        snprintf(output_folder, sizeof output_folder, "%s/../output-of-%s", kit()->logs, test);
    else
        snprintf(output_folder, sizeof output_folder, "%s", scratch_path(name));
}

/* A test that is tried again finds what it left the first time: out of the way with it. */
static int make_empty(const char *folder) {
    char before[1100];
    if (mkdir(folder, 0755) == 0)
        return 0;
    if (errno != EEXIST)
        return -1;
    umount2(folder, MNT_DETACH); /* where it was a disk of its own */
    snprintf(before, sizeof before, "%s.before", folder);
    return rename(folder, before) < 0 ? -1 : mkdir(folder, 0755);
}

void make_output_folder(const char *name, int64_t size_kib) {
    char size[64];
    snprintf(size, sizeof size, "size=%lldk,mode=755", (long long)size_kib);
    choose_output_folder(name);
    if (size_kib > 0)
        step("make `%s`, a disk of %lld KiB", name, (long long)size_kib);
    if (make_empty(output_folder) < 0 ||
        (kit()->tier == SANDBOX_STRICT && mkdir(scratch_path(name), 0755) < 0 && errno != EEXIST))
        unmeasured("can't make %s: %s", output_folder, strerror(errno));
    if (size_kib > 0 && mount("groundwork", output_folder, "tmpfs", MS_NOSUID | MS_NODEV, size) < 0)
        unmeasured("no disk of its own: %s", strerror(errno));
}

void make_unreadable(const char *name) {
    step("make `%s`, which nobody may read", name);
    write_new(name, "secret\n", 7);
    if (chmod(scratch_path(name), 0) < 0)
        unmeasured("can't change the mode of %s: %s", scratch_path(name), strerror(errno));
}
