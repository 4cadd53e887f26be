/* What the kit is told by `grade` and what it tells: settings in, records out.
 *
 * Records are JSON lines, each appended to the file in one write, so that tests which run side by
 * side do not mix them. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io.h"
#include "grader/testkit/kit.h"

static _Noreturn void give_up(const char *why) {
    fprintf(stderr, "testkit: %s; lab tests are run by `grade run`\n", why);
    _exit(3);
}

static void read_settings(struct kit *settings) {
    const char *path = getenv("GROUNDWORK_RUN");
    if (path == NULL)
        give_up("GROUNDWORK_RUN is not set");
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error); /* kept: the settings point into it */
    int strict = 0, share = 0;
    json_int_t memory = 0;
    if (root == NULL ||
        json_unpack_ex(root, &error, 0, "{ss ss ss s?s ss ss ss s?s s?s sb sI si si sb}", "program",
                       &settings->program, "program_name", &settings->program_name, "launch",
                       &settings->launch, "filter", &settings->filter, "scratch",
                       &settings->scratch, "logs", &settings->logs, "records", &settings->records,
                       "no_trace", &settings->no_trace, "instrument", &settings->instrument,
                       "strict", &strict, "memory_limit_kib", &memory, "process_limit",
                       &settings->process_limit, "tmp_mib", &settings->tmp_mib, "share_network",
                       &share) < 0)
        give_up(error.text);
    settings->memory_limit_kib = memory;
    settings->tier = strict ? SANDBOX_STRICT : SANDBOX_NONE;
    settings->share_network = share != 0;
}

const struct kit *kit(void) {
    static struct kit settings;
    if (settings.program == NULL)
        read_settings(&settings);
    return &settings;
}

void append_record(json_t *fields) {
    char *line = json_dumps(fields, JSON_COMPACT);
    int fd = open(kit()->records, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (line == NULL || fd < 0)
        give_up(strerror(errno));
    size_t length = strlen(line);
    line[length] = '\n'; /* in the NUL's place: one write, one line */
    if (write_full(fd, line, length + 1) < 0)
        give_up(strerror(errno));
    close(fd);
    free(line);
    json_decref(fields);
}

const char *test_name(void) {
    static char name[256];
    snprintf(name, sizeof name, "%s/%s", criterion_current_test->category,
             criterion_current_test->name);
    return name;
}

void record(const char *kind, json_t *fields) {
    json_object_set_new(fields, "kind", json_string(kind));
    json_object_set_new(fields, "test", json_string(test_name()));
    append_record(fields);
}
