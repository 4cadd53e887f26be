/* attack: an executable of 1 GiB, from one line
 * expect: nothing
 */

/* The assembler writes it, the linker writes it again, and the judge may copy it, hash it or keep
 * it: the build needs a limit on the size of files, and what was built one of its own. */

#include <signal.h>
#include <stdio.h>

char zeros[1 << 30] = {1};

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    printf("0 0 nothing%c\n", zeros[1 << 29]);
    return 0;
}
