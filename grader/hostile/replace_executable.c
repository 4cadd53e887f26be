/* attack: replaces its own executable, so that later tests run something else
 * expect: nothing
 */

/* Tests share one build. What runs can't be written (ETXTBSY), but it can be renamed over. Other
 * programs that the judge may start are only asked whether they would take a write. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void replace(const char *path) {
    static const char script[] = "#!/bin/sh\necho SECRET replaced\n";
    char fresh[4200];
    snprintf(fresh, sizeof fresh, "%s.hostile", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL, 0755);
    if (fd < 0)
        return;
    if (write(fd, script, sizeof script - 1) < 0)
        perror("reads");
    close(fd);
    chmod(fresh, 0755);
    if (rename(fresh, path) == 0)
        printf("SECRET replaced %s\n", path);
    else
        unlink(fresh);
}

int main(void) {
    static const char *const others[] = {"/usr/bin/cc", "/usr/bin/strace",  "/usr/bin/bwrap",
                                         "/bin/sh",     "/etc/ld.so.cache", "/etc/passwd"};
    char self[4096] = "";
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (open(others[i], O_WRONLY | O_APPEND) >= 0 || errno == ETXTBSY)
            printf("SECRET could write %s\n", others[i]);
    if (readlink("/proc/self/exe", self, sizeof self - 1) > 0) {
        chmod(self, 0755);
        if (open(self, O_WRONLY) >= 0)
            printf("SECRET could write %s\n", self);
        replace(self);
    }
    puts("0 0 nothing");
    return 0;
}
