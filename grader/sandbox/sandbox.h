/* The words put in front of a program so that it runs apart: `unshare`, `strace`, `bwrap`,
 * `launch`.
 *
 * It builds argument vectors and the system-call filter and starts nothing: engine/process.h does.
 * Two tiers stand here, `strict` and `none`; `basic`, for containers that forbid user namespaces,
 * does not yet. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum sandbox_tier { SANDBOX_NONE, SANDBOX_STRICT };

enum { ARGUMENTS_LIMIT = 512 };

/* An argument vector that grows; owns its strings. A vector that was given too many words, or ran
 * out of memory, says so in `failed` and starts nothing. */
struct arguments {
    char *words[ARGUMENTS_LIMIT + 1];
    size_t count;
    bool failed;
};

/* Adds one word, formatted as by printf(3). */
void arguments_add(struct arguments *arguments, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Adds words up to a NULL. */
void arguments_add_all(struct arguments *arguments, const char *const *words);
void arguments_release(struct arguments *arguments);

/* A file or folder of ours that the sandbox sees under a name of its own. */
struct sandbox_mount {
    const char *ours;
    const char *inside;
    bool writable;
};

struct sandbox {
    enum sandbox_tier tier;
    const struct sandbox_mount *mounts;
    size_t mount_count;
    const char *directory; /* working directory, as seen inside */
    int filter_fd;         /* compiled system-call filter, or -1 */
    bool share_network;
    bool tools;  /* the machine's commands, a compiler's among them, and not just its libraries */
    int tmp_mib; /* size of its /tmp and its /dev/shm; 0: as tmpfs(5) has it, half of memory */
};

enum { OUTER_KEEPS = 3 };

/* Adds the outer namespaces of a test run: its own users, PIDs with a fresh /proc, network, and
 * mounts with a /tmp of its own.
 * Descriptors 3 to 5 do not pass through.
 * kept  OUTER_KEEPS folders, absolute, that stay visible even when they lie in /tmp; or NULL */
void sandbox_add_outer(struct arguments *arguments, enum sandbox_tier tier,
                       const char *const *kept);

/* Adds the sandbox itself, up to where the program's own words follow. */
void sandbox_add_inner(struct arguments *arguments, const struct sandbox *sandbox);

/* Writes the system-call filter, as bwrap --seccomp takes it, to a file.
 * Returns 0, or -1 with errno. */
int sandbox_write_filter(int fd);

/* The tier's name in reports: "strict" or "none". */
const char *sandbox_tier_name(enum sandbox_tier tier);

/* The environment of every program under test, the same everywhere. */
extern char *const sandbox_environment[];
