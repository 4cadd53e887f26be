/* attack: makes empty files without end (up to 100000, 20 s)
 * expect: nothing
 * slow: test after test runs into its limit
 */

/* A size limit on a tmpfs doesn't count files of no bytes, yet each costs kernel memory; removing
 * the scratch directory afterwards takes the judge a while. It removes them itself if it may. */

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 100000, SECONDS = 20 };

static void name_of(int i, char *path, size_t size) {
    snprintf(path, size, "%s/hostile-%d-%d", i % 2 ? "." : "/tmp", (int)getpid(), i);
}

int main(void) {
    time_t end = time(NULL) + SECONDS;
    static bool ours[FILES]; /* remove nothing that was there before */
    char path[64];
    int next = 0;
    for (; next < FILES && time(NULL) < end; next++) {
        name_of(next, path, sizeof path);
        int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
        if (fd < 0)
            continue;
        ours[next] = true;
        close(fd);
    }
    sleep(5);
    while (next-- > 0) {
        name_of(next, path, sizeof path);
        if (ours[next])
            unlink(path);
    }
    return 0;
}
