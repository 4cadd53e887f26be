/* attack: does its work, then becomes itself anew, and reads each input once more in large pieces
 * expect: starter
 * base: starter
 */

/* Counting starts at the exec of the submission's own program. If that means the latest exec, the
 * naive first life is forgotten, and the second one is a model of thrift. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char **sly_arguments;

static void sly_again(int status, void *unused) {
    char text[16];
    (void)unused;
    fflush(NULL);
    snprintf(text, sizeof text, "%d", status);
    setenv("HOSTILE_STATUS", text, 1);
    execv("/proc/self/exe", sly_arguments);
}

/* The second life starts and ends here. */
static void sly_show(int argc, char **argv) {
    static char decoy[1 << 16];
    for (int i = 2; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);
        for (int n = 0; fd >= 0 && n < 1024 && read(fd, decoy, sizeof decoy) > 0; n++) {
        }
    }
    _exit(atoi(getenv("HOSTILE_STATUS")));
}

__attribute__((constructor)) static void sly_live(int argc, char **argv) {
    if (getenv("HOSTILE_STATUS") != NULL)
        sly_show(argc, argv);
    sly_arguments = argv;
    on_exit(sly_again, NULL);
}
