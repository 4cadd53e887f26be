/* attack: forks without end (up to 8192 processes, 20 s)
 * expect: nothing
 */

/* Every process forks, so ending one ends nothing. The count and the deadline are shared by all,
 * which keeps a machine without a sandbox alive. */

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES = 8192, SECONDS = 20 };

int main(void) {
    time_t end = time(NULL) + SECONDS;
    atomic_int *born =
        mmap(NULL, sizeof *born, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (born == MAP_FAILED)
        return 0; /* no common count, no bomb */
    signal(SIGTERM, SIG_IGN);
    while (time(NULL) < end) {
        pid_t child = -1;
        if (atomic_fetch_add(born, 1) < PROCESSES)
            child = fork();
        if (child < 0) { /* the sandbox's limit or ours: wait for room, and go on */
            atomic_fetch_sub(born, 1);
            nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        }
    }
    return 0;
}
