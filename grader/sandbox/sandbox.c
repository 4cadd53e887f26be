/* The argument vectors of the sandbox. What each bwrap option is for stands beside it. */
#include "grader/sandbox/sandbox.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *const sandbox_environment[] = {"PATH=/usr/bin:/bin", "HOME=/tmp", "LANG=C",
                                     "LC_ALL=C",           "TZ=UTC0",   NULL};

void arguments_add(struct arguments *arguments, const char *format, ...) {
    char *word = NULL;
    va_list values;
    va_start(values, format);
    if (arguments->count == ARGUMENTS_LIMIT || vasprintf(&word, format, values) < 0)
        arguments->failed = true;
    else
        arguments->words[arguments->count++] = word;
    va_end(values);
    arguments->words[arguments->count] = NULL;
}

void arguments_add_all(struct arguments *arguments, const char *const *words) {
    for (; *words != NULL; words++)
        arguments_add(arguments, "%s", *words);
}

void arguments_release(struct arguments *arguments) {
    for (size_t i = 0; i < arguments->count; i++)
        free(arguments->words[i]);
    *arguments = (struct arguments){0};
}

const char *sandbox_tier_name(enum sandbox_tier tier) {
    return tier == SANDBOX_STRICT ? "strict" : "none";
}

/* Criterion names its socket /tmp/criterion_PID.sock and its memory /dev/shm/bxf_arena_PID, and in
 * a PID namespace of its own every runner has the same PID: two gradings at once, or one that was
 * killed before, would take each other's place. So /tmp and /dev/shm are covered; the folders that
 * must stay visible are held open across that and bound again. The certificates are covered because a
 * library of Criterion's reads them all as each test starts, for 3 of its 8 ms.
 *
 * There is no exec at the end: the namespace's first process gets every orphan, and Criterion 2.4
 * spins for ever on the end of a child that it did not start. A shell reaps them. */
static const char own_tmp[] =
    "exec 3<\"$1\" 4<\"$2\" 5<\"$3\"\n"
    "mount -t tmpfs tmpfs /tmp || exit 125\n"
    "[ ! -d /dev/shm ] || mount -t tmpfs tmpfs /dev/shm || exit 125\n"
    "mount -t tmpfs tmpfs /etc/ssl/certs 2>/dev/null\n"
    "fd=3\n"
    "for kept in \"$1\" \"$2\" \"$3\"; do\n"
    "    case $kept in\n"
    "    /tmp/*|/dev/shm/*) mkdir -p \"$kept\" || exit 125\n"
    "        mount -c --rbind /proc/self/fd/$fd \"$kept\" || exit 125 ;;\n"
    "    esac\n"
    "    fd=$((fd + 1))\n"
    "done\n"
    "shift 3\n"
    "\"$@\" 3<&- 4<&- 5<&-\n"
    "exit\n";

void sandbox_add_outer(struct arguments *arguments, enum sandbox_tier tier,
                       const char *const *kept) {
    static const char *const words[] = {
        "unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc",
        "--net",   "--",     "/bin/sh",         "-c",    own_tmp,  "sh",           NULL};
    if (tier != SANDBOX_STRICT)
        return;
    arguments_add_all(arguments, words);
    for (size_t i = 0; i < OUTER_KEEPS; i++)
        arguments_add(arguments, "%s", kept == NULL ? "/" : kept[i]);
}

/* /bin, /lib and so on: links into /usr on merged systems, folders of their own on others. */
static void add_system_folders(struct arguments *arguments, bool tools) {
    static const char *const folders[] = {"/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin"};
    static const char *const libraries[] = {"/usr/lib", "/usr/lib32", "/usr/lib64",
                                            "/usr/local/lib"};
    if (tools)
        arguments_add_all(arguments, (const char *const[]){"--ro-bind", "/usr", "/usr", NULL});
    for (size_t i = 0; !tools && i < sizeof libraries / sizeof *libraries; i++)
        arguments_add_all(arguments,
                          (const char *const[]){"--ro-bind-try", libraries[i], libraries[i], NULL});
    for (size_t i = 0; i < (tools ? 6 : 4); i++) {
        char target[256];
        ssize_t length = readlink(folders[i], target, sizeof target - 1);
        if (length > 0) {
            target[length] = '\0';
            arguments_add_all(arguments,
                              (const char *const[]){"--symlink", target, folders[i], NULL});
        } else if (access(folders[i], F_OK) == 0) {
            arguments_add_all(arguments,
                              (const char *const[]){"--ro-bind", folders[i], folders[i], NULL});
        }
    }
    /* the loader's cache, and the links by which `cc` is found */
    arguments_add_all(arguments,
                      (const char *const[]){"--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache",
                                            "--ro-bind-try", "/etc/alternatives",
                                            "/etc/alternatives", NULL});
}

static void add_own_mounts(struct arguments *arguments, const struct sandbox *sandbox) {
    for (size_t i = 0; i < sandbox->mount_count; i++) {
        arguments_add(arguments, sandbox->mounts[i].writable ? "--bind" : "--ro-bind");
        arguments_add(arguments, "%s", sandbox->mounts[i].ours);
        arguments_add(arguments, "%s", sandbox->mounts[i].inside);
    }
}

/* Memory files count as memory of nobody's resident set, so every writable place has a size. */
static void add_writable_places(struct arguments *arguments, int mib) {
    static const char *const places[] = {"/tmp", "/dev/shm"};
    for (size_t i = 0; i < 2; i++) {
        if (mib > 0) {
            arguments_add(arguments, "--size");
            arguments_add(arguments, "%lld", (long long)mib << 20);
        }
        arguments_add(arguments, "--tmpfs");
        arguments_add(arguments, "%s", places[i]);
    }
}

void sandbox_add_inner(struct arguments *arguments, const struct sandbox *sandbox) {
    static const char *const opening[] = {
        "bwrap",
        "--unshare-user",       /* its root is not ours, */
        "--unshare-pid",        /* it sees no process but its own, */
        "--unshare-ipc",        /* shares no memory or queues, */
        "--unshare-uts",        /* can't rename the machine, */
        "--unshare-cgroup-try", /* nor see where in the tree it sits */
        "--uid",
        "1000",
        "--gid",
        "1000",
        "--cap-drop",
        "ALL",
        "--new-session",     /* no terminal to type into (TIOCSTI) */
        "--die-with-parent", /* nothing outlives the test */
        "--as-pid-1",        /* `launch` reaps and reports */
        NULL};
    if (sandbox->tier != SANDBOX_STRICT)
        return;
    arguments_add_all(arguments, opening);
    if (!sandbox->share_network)
        arguments_add(arguments, "--unshare-net");
    if (sandbox->filter_fd >= 0) {
        arguments_add(arguments, "--seccomp");
        arguments_add(arguments, "%d", sandbox->filter_fd);
    }
    add_system_folders(arguments, sandbox->tools);
    arguments_add_all(arguments, (const char *const[]){"--proc", "/proc", "--dev", "/dev", NULL});
    add_writable_places(arguments, sandbox->tmp_mib);
    add_own_mounts(arguments, sandbox);
    arguments_add_all(arguments, (const char *const[]){"--remount-ro", "/dev", "--remount-ro",
                                                       "/proc", "--remount-ro", "/", "--chdir",
                                                       sandbox->directory, "--", NULL});
}
