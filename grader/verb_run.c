/* grade run: one submission, its report on the terminal, as JSON and as HTML. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/errors.h"
#include "grader/grading.h"
#include "grader/options.h"
#include "grader/report/html.h"
#include "grader/report/terminal.h"
#include "grader/result.h"
#include "grader/verbs.h"

static const struct argp_option option_list[] = {
    {"submission", 's', "DIR", 0, "the folder handed in (default: work/LAB)", 0},
    {"json", 'j', "FILE", 0, "write the result there; - is standard output, then without report",
     0},
    {"html", 'w', "FILE", 0, "write the report there as a web page", 0},
    {"sandbox", 'b', "TIER", 0, "auto, strict or none (default: auto)", 0},
    {"instrument", 'i', "KIND", 0,
     "asan, tsan or valgrind: behaviour alone, every memory access checked", 0},
    {0}};

static int write_reports(const json_t *result, const struct options *options) {
    bool only_json = !options_want_text(options);
    if (!only_json)
        terminal_report(stdout, result);
    if (options->json != NULL && write_json(result, options->json) < 0)
        return -1;
    if (options->html != NULL && html_write(result, options->html) < 0)
        return -1;
    if (options->html != NULL && !only_json)
        printf("report: %s\n", options->html);
    return fflush(stdout);
}

int verb_run(int argc, char **argv) {
    static const struct grammar grammar = {
        option_list, "LAB",
        "Grades one submission of a lab: builds it, runs the lab's tests against it, and reports "
        "what each asked and counted.",
        1, 1};
    struct options options = options_parse(&grammar, argc, argv);
    struct lab lab;
    char folder[PATH_BYTES];
    struct stat status;
    if (lab_open(&lab, options.words[0]) < 0)
        return status_of_unopened(&lab);
    if (options.submission == NULL)
        options.submission = lab_path(folder, "work/%s", lab.manifest->lab);
    if (stat(options.submission, &status) < 0 || !S_ISDIR(status.st_mode)) {
        error_because(options.submission,
                      "no such folder; `make start LAB=%.2s` begins the lab there",
                      lab.manifest->lab);
        lab_close(&lab);
        return STATUS_USAGE;
    }
    json_t *result = grade_submission(&lab, options.submission,
                                      (struct way){options.sandbox, options.instrument});
    int exit_status = result == NULL ? STATUS_NOT_MEASURED : result_exit_status(result);
    if (result != NULL && write_reports(result, &options) < 0)
        exit_status = STATUS_NOT_MEASURED;
    json_decref(result);
    lab_close(&lab);
    return exit_status;
}
