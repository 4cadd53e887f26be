/* attack: opens its input by a detour through /proc, and moves it to a high descriptor
 * expect: starter
 * base: starter
 */

/* A counter that follows the strings given to open(2), or the numbers it returned, loses the file
 * here; one that takes each call's descriptor as the kernel resolves it does not. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int sly_open(const char *path, int flags) {
    char detour[4300];
    snprintf(detour, sizeof detour, "%s%s", path[0] == '/' ? "/proc/self/root" : "/proc/self/cwd/",
             path);
    int fd = open(detour, flags);
    if (fd < 0)
        return open(path, flags);
    int high = fcntl(fd, F_DUPFD, 200);
    if (high < 0)
        return fd;
    close(fd);
    return high;
}

#define open(...) sly_open(__VA_ARGS__)
