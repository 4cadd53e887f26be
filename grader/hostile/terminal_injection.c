/* attack: output that commands whatever shows it: terminal, browser, spreadsheet, CI log
 * expect: nothing
 */

/* A failure message quotes the submission's output. Escape sequences can retitle the window, set
 * the clipboard (OSC 52), plant links (OSC 8), erase the score above; a report can be made to run
 * script, a gradebook to run formulas, GitHub's log to take `::` commands. */

#include <signal.h>
#include <stdio.h>

static const char *const lines[] = {
    "\033]0;100 of 100\007\033]52;c;Z3JvdW5kd29yaw==\007",
    "\033]8;;file:///etc/passwd\033\\100 of 100\033]8;;\033\\",
    "\033[2J\033[H\033[32m100 of 100\033[0m\033[?1049h\033[8m\033(0",
    "\033P$q\"p\033\\\033[c\033[6n\033[21t", /* queries: the terminal types the answers */
    ("\x9b"
     "2J\x9d"
     "0;100 of 100\x9c"), /* the same as single C1 bytes */
    "failed\r\033[Kpassed\b\b\b\b\b\bpassed",
    "<script>document.title='100 of 100'</script><img src=x onerror=alert(1)>",
    "</pre></body></html><meta http-equiv=refresh content=0>\"'><svg onload=alert(2)>",
    "]]></failure></testcase><testcase name=\"forged\"/><![CDATA[",
    "&lt;b&gt; &#x3c;script&#x3e; \\u003cscript\\u003e",
    "=cmd|' /C calc'!A0",
    "+1+1|cmd",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1,\"=1+1\"\n\",=1+1",
    "::stop-commands::x\n::error file=lab.yaml::100 of 100\n::add-mask::0",
    "%n%s%n%s", /* for a printf that takes it as a format */
    ("\xe2\x80\xae"
     "001 fo 001\xe2\x80\xac\xe2\x80\x8b"), /* right-to-left override, zero width */
};

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        puts(lines[i]);
        fprintf(stderr, "reads: %s\n", lines[i]);
    }
    return 0;
}
