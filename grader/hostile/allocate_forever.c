/* attack: allocates and touches memory without end (up to 4 GiB, held for up to 20 s)
 * expect: nothing
 */

/* Untouched memory is free; touched memory drives the machine to its OOM killer, which may pick
 * the judge instead. Blocks are mapped one by one, so no single size looks large. */

#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    const size_t block = 16UL << 20, most = 4UL << 30;
    time_t end = time(NULL) + 20;
    for (size_t held = 0; held < most && time(NULL) < end; held += block) {
        char *p = mmap(NULL, block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            break;
        memset(p, 1, block);
    }
    while (time(NULL) < end)
        sleep(1);
    return 0;
}
