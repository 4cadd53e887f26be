/* attack: opens its input through a hard link of its own, at once unlinked
 * expect: starter
 * slow: a call or more for each byte, in test after test
 * base: starter
 */

/* The path of the descriptor is then the link's, with ` (deleted)` behind it. The link is tried
 * beside the input, in the working directory and in /tmp. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int sly_open(const char *path, int flags) {
    const char *base = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    char links[3][4200];
    snprintf(links[0], sizeof links[0], "%s.hostile", path);
    snprintf(links[1], sizeof links[1], "%s.hostile", base);
    snprintf(links[2], sizeof links[2], "/tmp/%s.hostile", base);
    for (int i = 0; i < 3; i++) {
        if (link(path, links[i]) != 0)
            continue;
        int fd = open(links[i], flags);
        unlink(links[i]);
        if (fd >= 0)
            return fd;
    }
    return open(path, flags);
}

#define open(...) sly_open(__VA_ARGS__)
