/* grade compare: two programs of one lab, and what each costs the kernel. */
#include <stdio.h>

#include "common/errors.h"
#include "grader/grading.h"
#include "grader/options.h"
#include "grader/report/html.h"
#include "grader/report/terminal.h"
#include "grader/verbs.h"

static const struct argp_option option_list[] = {
    {"json", 'j', "FILE", 0, "write both results there, as an array", 0},
    {"html", 'w', "FILE", 0, "write the first one's report there as a web page", 0},
    {"sandbox", 'b', "TIER", 0, "auto, strict or none (default: auto)", 0},
    {0}};

static int compare(const struct lab *lab, const struct options *options) {
    json_t *results[2] = {NULL, NULL};
    int exit_status = STATUS_NOT_MEASURED;
    for (int i = 0; i < 2; i++) {
        results[i] =
            grade_submission(lab, options->words[1 + i], (struct way){options->sandbox, NULL});
        if (results[i] == NULL)
            goto out;
    }
    terminal_compare(stdout, results[0], results[1]);
    exit_status = STATUS_PASSED;
    if (options->html != NULL && html_write(results[0], options->html) < 0)
        exit_status = STATUS_NOT_MEASURED;
    else if (options->html != NULL)
        printf("\nreport: %s\n", options->html);
    if (options->json != NULL) {
        json_t *both = json_pack("[OO]", results[0], results[1]);
        if (write_json(both, options->json) < 0)
            exit_status = STATUS_NOT_MEASURED;
        json_decref(both);
    }
out:
    json_decref(results[0]);
    json_decref(results[1]);
    return exit_status;
}

int verb_compare(int argc, char **argv) {
    static const struct grammar grammar = {
        option_list, "LAB [LEFT RIGHT]",
        "Grades two submissions of a lab and sets their ledgers side by side. Without folders: the "
        "lab's naive starter against its reference solution.",
        1, 3};
    struct options options = options_parse(&grammar, argc, argv);
    char starter[PATH_BYTES], solution[PATH_BYTES];
    struct lab lab;
    if (options.word_count == 2) {
        error_because("grade compare", "%s with what? It takes two folders, or none",
                      options.words[1]);
        return STATUS_USAGE;
    }
    if (lab_open(&lab, options.words[0]) < 0)
        return status_of_unopened(&lab);
    if (options.word_count == 1) {
        options.words[1] = lab_path(starter, "labs/%s/starter", lab.manifest->lab);
        options.words[2] = lab_path(solution, "labs/%s/solution", lab.manifest->lab);
    }
    int exit_status = compare(&lab, &options);
    lab_close(&lab);
    return exit_status;
}
