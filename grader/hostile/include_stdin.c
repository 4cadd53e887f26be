/* attack: includes /dev/stdin, so that the compiler waits for somebody to type
 * expect: nothing
 */

/* A compiler that inherited a terminal, or a pipe that nobody closes, waits for ever; one that
 * inherited the grader's own input eats it. With /dev/null the line is empty and the build ends. */

#include <signal.h>
#include <stdio.h>

#include "/dev/stdin"

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    puts("0 0 nothing");
    return 0;
}
