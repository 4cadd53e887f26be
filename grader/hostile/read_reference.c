/* attack: looks for the reference, the tests and the grader at run time, by every likely path
 * expect: nothing
 */

/* Whoever can read the reference can be the reference. What it finds it prints after the word
 * SECRET, on both outputs; a reference that is executable it becomes. */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char **arguments;

static void try_file(const char *base, const char *tail) {
    char path[4400], text[200];
    snprintf(path, sizeof path, "%s/%s", base, tail);
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return;
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    dprintf(1, "SECRET %s\n%.*s\n", path, n > 0 ? (int)n : 0, text);
    dprintf(2, "SECRET %s\n", path);
}

static void try_base(const char *base) {
    static const char *const programs[] = {"build/labs/01-reads/solution/reads",
                                           "build/01-reads/solution/reads", "build/solution/reads",
                                           "solution/reads"};
    static const char *const files[] = {"labs/01-reads/solution/reads.c",
                                        "01-reads/solution/reads.c",
                                        "solution/reads.c",
                                        "labs/01-reads/tests",
                                        "labs/01-reads/wrong",
                                        "labs/01-reads/lab.yaml",
                                        "labs/01-reads/reference.json",
                                        "reference.json",
                                        "lab.yaml",
                                        "build/grade",
                                        "grader/testkit/testkit.h",
                                        "shared/DESIGN.md",
                                        ".git/HEAD",
                                        ".git/packed-refs",
                                        ".git/objects/info/packs"};
    char path[4400];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        try_file(base, files[i]);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        snprintf(path, sizeof path, "%s/%s", base, programs[i]);
        execv(path, arguments);
    }
}

static void try_processes(void) {
    char path[300];
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc != NULL && (e = readdir(proc)) != NULL;) {
        static const char *const doors[] = {
            "cwd", "root", "cwd/..", "root/srv/groundwork", "cwd/../..", "root/groundwork"};
        for (size_t i = 0; i < 6 && e->d_name[0] >= '0' && e->d_name[0] <= '9'; i++) {
            snprintf(path, sizeof path, "/proc/%s/%s", e->d_name, doors[i]);
            try_base(path);
        }
    }
}

int main(int argc, char **argv) {
    static const char *const bases[] = {"/srv/groundwork",
                                        "/work",
                                        "/repo",
                                        "/src",
                                        "/app",
                                        "/groundwork",
                                        "/opt/groundwork",
                                        "/autograder",
                                        "/autograder/source",
                                        "/autograder/submission",
                                        "/builds",
                                        "/workspace",
                                        "/github/workspace",
                                        "/usr/src",
                                        "/usr/share/groundwork",
                                        "/root/groundwork",
                                        "/mnt",
                                        "/srv",
                                        "/lab",
                                        "/labs",
                                        "/tests",
                                        "/solution"};
    static const char *const variables[] = {"HOME",   "PWD",    "OLDPWD",    "GITHUB_WORKSPACE",
                                            "TMPDIR", "SRCDIR", "GROUNDWORK"};
    char up[64] = ".";
    arguments = argv;
    (void)argc;
    signal(SIGPIPE, SIG_IGN);
    alarm(20);
    for (int i = 1; i <= 10; i++) {
        try_base(up);
        snprintf(up + 3 * i - 2, sizeof up - (size_t)(3 * i - 2), "/..");
    }
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        try_base(bases[i]);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (getenv(variables[i]) != NULL)
            try_base(getenv(variables[i]));
    try_processes();
    puts("nothing found");
    return 0;
}
