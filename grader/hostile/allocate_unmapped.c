/* attack: fills memory that belongs to no process: memfds, pipes, shared segments (up to 2 GiB)
 * expect: nothing
 * slow: test after test runs into its limit
 */

/* Pages of a memfd, of a pipe or of a detached System V segment are nobody's resident set: a
 * watchdog that adds up PSS never sees them. All is gone at the latest 20 s later. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static char block[MIB];

/* Many small files rather than one: RLIMIT_FSIZE holds for each by itself. */
static long fill_memfds(long mib) {
    long done = 0;
    for (int files = 0; files < 200 && done < mib; files++) {
        int fd = memfd_create("hostile", 0);
        if (fd < 0)
            break;
        for (int i = 0; i < 8 && done < mib && write(fd, block, MIB) == MIB; i++)
            done++;
    }
    return done;
}

static long fill_pipes(long mib) {
    long done = 0;
    for (int ends[2]; done < mib && pipe2(ends, O_NONBLOCK) == 0; done++) {
        fcntl(ends[1], F_SETPIPE_SZ, MIB);
        if (write(ends[1], block, MIB) < MIB)
            break;
    }
    return done;
}

static long fill_segments(long mib) {
    long done = 0;
    while (done < mib) {
        int id = shmget(IPC_PRIVATE, 8 * MIB, 0600);
        char *p = id < 0 ? (char *)-1 : shmat(id, NULL, 0);
        if (p == (char *)-1)
            break;
        shmctl(id, IPC_RMID, NULL); /* its own, freed with the last one attached */
        memset(p, 1, 8 * MIB);
        done += 8;
    }
    return done;
}

int main(void) {
    memset(block, 1, sizeof block);
    long done = fill_memfds(1024);
    done += fill_pipes(256);
    done += fill_segments(2048 - done);
    sleep(20);
    return 0;
}
