/* attack: a compile error that carries escape sequences, markup, a formula and CI commands
 * expect: nothing
 */

/* The compiler quotes the source as it stands, bytes and all, on somebody's terminal and in the
 * report. The lines below hold real escape characters (OSC 0, OSC 52, clear, conceal). */

#include <stdio.h>

#error "]0;100 of 100]52;c;Z3JvdW5kd29yaw==[2J[H[32m100 of 100[0m[8m"
#error <script>document.title = "100 of 100"</script></pre><img src=x onerror=alert(1)>
#error =cmd|' /C calc'!A0
#line 1 "::error file=lab.yaml::100 of 100"
#error ::stop-commands::x ]]></failure><testcase name="forged"/>
#line 1 "/srv/groundwork/labs/01-reads/solution/reads.c"
#error this path was never read

int main(void) {
    return puts("never built");
}
