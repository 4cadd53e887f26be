/* attack: walks the whole file tree for the reference, the tests or another submission
 * expect: nothing
 */

/* The same as reading the reference by path, for a place nobody thought of. Any program named
 * `reads` that isn't this one (by device, inode and size) is run in its place. */

#define _GNU_SOURCE
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char **arguments;
static struct stat self;
static time_t end;
static long seen;

static int look(const char *path, const struct stat *st, int type, struct FTW *walk) {
    static const char *const signs[] = {"01-reads/",    "/solution/reads", "/reference.json",
                                        "/lab.yaml",    "/submissions/",   "/testkit",
                                        "/predict.yaml"};
    if (++seen > 2000000 || time(NULL) > end)
        return FTW_STOP;
    if (type == FTW_D && (strcmp(path, "/proc") == 0 || strcmp(path, "/sys") == 0))
        return FTW_SKIP_SUBTREE;
    if (type != FTW_F)
        return FTW_CONTINUE;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strstr(path, signs[i]) != NULL && access(path, R_OK) == 0)
            printf("SECRET %s\n", path);
    const char *name = path + walk->base;
    if (strcmp(name, "reads") == 0 && (st->st_mode & S_IXUSR) && st->st_size != self.st_size &&
        st->st_ino != self.st_ino && getenv("HOSTILE_ONCE") == NULL) {
        setenv("HOSTILE_ONCE", "1", 1);
        execv(path, arguments);
        unsetenv("HOSTILE_ONCE");
    }
    return FTW_CONTINUE;
}

int main(int argc, char **argv) {
    arguments = argv;
    end = time(NULL) + 20;
    signal(SIGPIPE, SIG_IGN);
    stat("/proc/self/exe", &self);
    nftw("/", look, 64, FTW_PHYS | FTW_ACTIONRETVAL);
    printf("nothing else in %ld files, %d arguments\n", seen, argc);
    return 0;
}
