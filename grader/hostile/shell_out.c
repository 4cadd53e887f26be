/* attack: lets the machine's own programs (awk, od) do the lab's work
 * expect: nothing
 */

/* What is handed in is one C file; a sandbox that shows it the host's programs hands it a solved
 * lab, whose reads are awk's. Without them it prints what is wrong. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *script_for(const char *verb) {
    if (strcmp(verb, "number") == 0)
        return "awk '{ printf \"%d\\t%s\\n\", NR, $0 }' \"$@\"";
    if (strcmp(verb, "lines") == 0)
        return "for f; do LC_ALL=C awk -v f=\"$f\" '{ if (length > m) m = length } "
               "END { print NR, m + 0, f }' \"$f\"; done";
    return "for f; do od -An -v -tu1 \"$f\" | awk -v f=\"$f\" '{ for (i = 1; i <= NF; i++) s += $i;"
           " n += NF } END { print s + 0, n + 0, f }'; done";
}

int main(int argc, char **argv) {
    char *args[64] = {"sh", "-c", NULL, "reads"};
    int from = 2, n = 4;
    signal(SIGPIPE, SIG_IGN);
    if (argc > 2 && strncmp(argv[2], "--", 2) == 0)
        from = strchr(argv[2], '=') != NULL ? 3 : 4;
    args[2] = (char *)(argc > 1 ? script_for(argv[1]) : "true");
    for (int i = from; i < argc && n < 63; i++)
        args[n++] = argv[i];
    alarm(20);
    execv("/bin/sh", args);
    execv("/usr/bin/sh", args);
    execv("/bin/busybox", args);
    puts("0 0 nothing");
    return 0;
}
