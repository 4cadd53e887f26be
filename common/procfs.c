/*
 * Reading /proc/PID files: the whole text in one go (the kernel makes it in one go, so its numbers
 * belong together), then one search per key. No allocation outlives a call.
 */
#include "common/procfs.h"
#include "common/io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* `status` lists up to 65,536 groups (credentials(7)), at most 11 bytes each. */
static const size_t LIMIT_BYTES = 1 << 20;

enum { PATH_BYTES = sizeof "/proc/2147483647/smaps_rollup" };

static void proc_path(char path[PATH_BYTES], pid_t pid, const char *name) {
    if (pid == 0)
        snprintf(path, PATH_BYTES, "/proc/self/%s", name);
    else
        snprintf(path, PATH_BYTES, "/proc/%d/%s", pid, name);
}

/* A missing file is a missing process only where /proc works and has no folder for it. */
static int reason_for_enoent(pid_t pid) {
    char folder[PATH_BYTES];
    proc_path(folder, pid, "");
    bool proc_works = access("/proc/self/", F_OK) == 0;
    bool process_exists = access(folder, F_OK) == 0;
    return proc_works && !process_exists ? ESRCH : ENOENT;
}

/* Returns the text of /proc/PID/name, which the caller frees, or NULL with errno. */
static char *proc_text(pid_t pid, const char *name) {
    if (pid < 0) {
        errno = EINVAL;
        return NULL;
    }
    char path[PATH_BYTES];
    proc_path(path, pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1) {
        if (errno == ENOENT)
            errno = reason_for_enoent(pid);
        return NULL;
    }
    char *text = read_whole(fd, LIMIT_BYTES, NULL);
    int saved = errno;
    close(fd);
    errno = saved;
    return text;
}

/*
 * Returns what follows "key:" at the start of a line, or NULL. Only whole keys match (Pss is not
 * Pss_Anon). A process cannot forge a line by its name: the kernel escapes newlines there.
 */
static const char *after_key(const char *text, const char *key) {
    size_t length = strlen(key);
    const char *line = text;
    while (line != NULL) {
        if (strncmp(line, key, length) == 0 && line[length] == ':')
            return line + length + 1;
        line = strchr(line, '\n');
        if (line != NULL)
            line++;
    }
    return NULL;
}

/* Returns the number of `key`, or -1 when it is missing or not followed by exactly `unit`. */
static int64_t number_of(const char *text, const char *key, const char *unit) {
    const char *start = after_key(text, key);
    if (start == NULL)
        return -1;
    char *end;
    long long number = strtoll(start, &end, 10);
    size_t unit_length = strlen(unit);
    bool whole = end != start && strncmp(end, unit, unit_length) == 0 && end[unit_length] == '\n';
    return whole && number >= 0 ? number : -1;
}

static int64_t kib_of(const char *text, const char *key) {
    return number_of(text, key, " kB");
}

static int64_t count_of(const char *text, const char *key) {
    return number_of(text, key, "");
}

int procfs_status(pid_t pid, struct procfs_status *out) {
    char *text = proc_text(pid, "status");
    if (text == NULL)
        return -1;
    char state = '\0';
    const char *state_text = after_key(text, "State");
    if (state_text != NULL)
        sscanf(state_text, " %c", &state);
    *out = (struct procfs_status){
        .state = state,
        .threads = count_of(text, "Threads"),
        .vm_peak_kib = kib_of(text, "VmPeak"),
        .vm_size_kib = kib_of(text, "VmSize"),
        .vm_hwm_kib = kib_of(text, "VmHWM"),
        .vm_rss_kib = kib_of(text, "VmRSS"),
        .rss_anon_kib = kib_of(text, "RssAnon"),
        .rss_file_kib = kib_of(text, "RssFile"),
        .rss_shmem_kib = kib_of(text, "RssShmem"),
        .vm_swap_kib = kib_of(text, "VmSwap"),
        .voluntary_switches = count_of(text, "voluntary_ctxt_switches"),
        .involuntary_switches = count_of(text, "nonvoluntary_ctxt_switches"),
    };
    free(text);
    if (state != '\0')
        return 0;
    /* Every process has a state; a file without one is something else. */
    errno = EBADMSG;
    return -1;
}

int procfs_smaps_rollup(pid_t pid, struct procfs_smaps_rollup *out) {
    char *text = proc_text(pid, "smaps_rollup");
    if (text == NULL)
        return -1;
    *out = (struct procfs_smaps_rollup){
        .rss_kib = kib_of(text, "Rss"),
        .pss_kib = kib_of(text, "Pss"),
        .pss_anon_kib = kib_of(text, "Pss_Anon"),
        .pss_file_kib = kib_of(text, "Pss_File"),
        .pss_shmem_kib = kib_of(text, "Pss_Shmem"),
        .shared_clean_kib = kib_of(text, "Shared_Clean"),
        .shared_dirty_kib = kib_of(text, "Shared_Dirty"),
        .private_clean_kib = kib_of(text, "Private_Clean"),
        .private_dirty_kib = kib_of(text, "Private_Dirty"),
        .anonymous_kib = kib_of(text, "Anonymous"),
        .swap_kib = kib_of(text, "Swap"),
    };
    free(text);
    return 0;
}

int procfs_schedstat(pid_t pid, struct procfs_schedstat *out) {
    char *text = proc_text(pid, "schedstat");
    if (text == NULL)
        return -1;
    int fields = sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNd64, &out->on_cpu_ns,
                        &out->runnable_ns, &out->timeslices);
    free(text);
    if (fields == 3)
        return 0;
    errno = EBADMSG;
    return -1;
}
