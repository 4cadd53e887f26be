/* attack: has the assembler copy the reference into the program (.incbin), to print it when run
 * expect: nothing
 */

/* The preprocessor may be watched, the assembler reads files as well. Relative to the working
 * directory: a compiler started from the repository's root would find it. Where it is absent the
 * build fails, which is the outcome to expect. */

#include <signal.h>
#include <stdio.h>

__asm__(".section .rodata\n"
        "stolen: .incbin \"labs/01-reads/solution/reads.c\"\n"
        ".byte 0\n"
        ".previous\n");

extern const char stolen[];

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    printf("SECRET %s\n", stolen);
    return 0;
}
