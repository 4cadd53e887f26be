/* attack: leaves a note wherever it can write, and looks for the notes of earlier runs
 * expect: nothing
 */

/* State that outlives a test lets one test's answer depend on another, and one submission send
 * word to the next. A note found is printed after the word SECRET. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

static void note_in(const char *folder) {
    char path[4200];
    snprintf(path, sizeof path, "%s/.hostile-note", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (fd < 0 && errno == EEXIST)
        printf("SECRET remembered in %s\n", path);
    if (fd >= 0)
        close(fd);
}

int main(void) {
    static const char *const folders[] = {".",        "..",          "/tmp", "/var/tmp",
                                          "/dev/shm", "/dev/mqueue", "/run", "/run/lock",
                                          "/",        "/home",       "/mnt", "/var/lock"};
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        note_in(folders[i]);
    if (shmget(0x68737465, 64, IPC_CREAT | IPC_EXCL | 0666) < 0 && errno == EEXIST)
        puts("SECRET remembered in a shared segment");
    puts("0 0 nothing");
    return 0;
}
