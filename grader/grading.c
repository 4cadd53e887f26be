/* The pipeline of one grading. */
#include "grader/grading.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/errors.h"
#include "common/io.h"
#include "grader/report/terminal.h"
#include "grader/result.h"

/* Ctrl-C ends the tests, and the folders are still removed. */
static void catch_interrupts(void) {
    struct sigaction action = {.sa_handler = judge_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* Takes and builds; a submission that can't be taken is one that does not build. */
static void make_program(struct build *build, struct submission *submission, const struct lab *lab,
                         const char *folder, const struct machine *machine,
                         const struct workspace *workspace, const struct instrument *instrument) {
    char why[512];
    if (submission_take(submission, lab->manifest, folder, workspace->source, why, sizeof why) <
        0) {
        char line[600];
        snprintf(line, sizeof line, "%s\n", why);
        *build = (struct build){.message = strdup(line)};
        return;
    }
    build_submission(build, lab, folder, machine, workspace, instrument);
}

static json_t *grade_in(const struct workspace *workspace, const struct lab *lab,
                        const char *folder, struct way way) {
    int64_t started_ns = monotonic_ns();
    struct machine machine;
    struct submission submission = {.folder = folder};
    struct build build;
    struct verdicts verdicts = {0};
    json_t *result = NULL;
    int judged = 0;
    if (machine_probe(&machine, way.sandbox, workspace) < 0)
        return NULL;
    make_program(&build, &submission, lab, folder, &machine, workspace, way.instrument);
    if (build.failed_to_run) {
        error_because("the build", "%.*s", (int)strcspn(build.message, "\n"), build.message);
        judged = -1;
    }
    if (build.made && !judge_interrupted())
        judged = judge(&verdicts, lab, &machine, workspace, way.instrument, terminal_progress);
    terminal_progress_end();
    if (judge_interrupted())
        error_because(lab->manifest->lab, "interrupted; nothing was graded");
    else if (judged == 0) {
        struct grading grading = {.lab = lab,
                                  .submission = &submission,
                                  .machine = &machine,
                                  .build = &build,
                                  .instrument = way.instrument,
                                  .verdicts = build.made ? &verdicts : NULL,
                                  .seconds = (double)(monotonic_ns() - started_ns) / 1e9};
        result = result_make(&grading);
    }
    verdicts_release(&verdicts);
    build_release(&build);
    return result;
}

json_t *grade_submission(const struct lab *lab, const char *folder, struct way way) {
    struct workspace workspace;
    catch_interrupts();
    if (workspace_make(&workspace) < 0)
        return NULL;
    json_t *result = grade_in(&workspace, lab, folder, way);
    workspace_remove(&workspace);
    return result;
}

int write_json(const json_t *object, const char *path) {
    bool standard = strcmp(path, "-") == 0;
    char *text = json_dumps(object, JSON_INDENT(2));
    int fd = standard ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int status = -1;
    if (text != NULL && fd >= 0 && write_full(fd, text, strlen(text)) == 0 &&
        write_full(fd, "\n", 1) == 0)
        status = 0;
    if (status < 0)
        error_errno(standard ? "standard output" : path);
    if (fd >= 0 && !standard && close(fd) < 0)
        status = -1;
    free(text);
    return status;
}
