/* attack: lets cat read the input, and reads cat's pipe a byte at a time
 * expect: starter
 * slow: a call or more for each byte, in test after test
 * base: starter
 */

/* The large reads are made by another program, one that the host provides, on the input's own path:
 * count and bytes add up. Where there is no cat, it reads the file itself. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int sly_open(const char *path, int flags) {
    struct stat st;
    int ends[2], fd = open(path, flags);
    if (fd < 0 || access("/bin/cat", X_OK) != 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
        pipe2(ends, O_CLOEXEC) < 0)
        return fd;
    signal(SIGCHLD, SIG_IGN); /* no zombies, no waiting */
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(fd, 0);
        dup2(ends[1], 1);
        execl("/bin/cat", "cat", NULL);
        _exit(127);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return fd;
    }
    close(fd);
    return ends[0];
}

#define open(...) sly_open(__VA_ARGS__)
