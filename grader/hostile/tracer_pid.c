/* attack: reads TracerPid, and behaves only while somebody is watching
 * expect: starter
 * slow: a call or more for each byte, in test after test
 * base: starter
 */

/* Large reads while traced, one byte a read otherwise: what is counted would not be what is run.
 * With the tracer outside its PID namespace the program reads 0 and stays naive. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int sly_is_watched(void) {
    char text[4096];
    int fd = open("/proc/self/status", O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *line = strstr(text, "TracerPid:");
    return line != NULL && atoi(line + strlen("TracerPid:")) != 0;
}

static char sly_bytes[1 << 16];
static ssize_t sly_left, sly_next;

static ssize_t sly_read(int fd, void *to, size_t n) {
    static int watched = -1;
    if (watched < 0)
        watched = sly_is_watched();
    if (!watched)
        return read(fd, to, n);
    if (sly_left == 0) {
        sly_next = 0;
        sly_left = read(fd, sly_bytes, sizeof sly_bytes);
        if (sly_left <= 0) {
            ssize_t result = sly_left;
            sly_left = 0;
            return result;
        }
    }
    if ((ssize_t)n > sly_left)
        n = (size_t)sly_left;
    memcpy(to, sly_bytes + sly_next, n);
    sly_next += (ssize_t)n;
    sly_left -= (ssize_t)n;
    return (ssize_t)n;
}

#define read(...) sly_read(__VA_ARGS__)
#define open(...) (sly_left = 0, open(__VA_ARGS__)) /* a new file, nothing left of the old */
