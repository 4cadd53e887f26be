/* grade compare: two programs of one lab, and what each costs the kernel. */
#include <argp.h>
#include <stdio.h>

#include "common/errors.h"
#include "grader/grading.h"
#include "grader/machine.h"
#include "grader/report/html.h"
#include "grader/report/terminal.h"
#include "grader/verbs.h"

struct options {
    const char *lab;
    const char *folders[2];
    int folder_count;
    const char *json;
    const char *html;
    const char *sandbox;
};

static const struct argp_option option_list[] = {
    {"json", 'j', "FILE", 0, "write both results there, as an array", 0},
    {"html", 'w', "FILE", 0, "write the first one's report there as a web page", 0},
    {"sandbox", 'b', "TIER", 0, "auto, strict or none (default: auto)", 0},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct options *options = state->input;
    switch (key) {
    case 'j':
        options->json = argument;
        return 0;
    case 'w':
        options->html = argument;
        return 0;
    case 'b':
        if (!machine_may_want(argument))
            argp_error(state, "--sandbox %s: it is auto, strict or none", argument);
        options->sandbox = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (options->lab == NULL)
            options->lab = argument;
        else if (options->folder_count < 2)
            options->folders[options->folder_count++] = argument;
        else
            argp_error(state, "%s: one lab and two folders", argument);
        return 0;
    case ARGP_KEY_END:
        if (options->lab == NULL || options->folder_count == 1)
            argp_error(state, "which lab, and which two folders?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int compare(const struct lab *lab, const struct options *options) {
    json_t *results[2] = {NULL, NULL};
    int exit_status = STATUS_NOT_MEASURED;
    for (int i = 0; i < 2; i++) {
        results[i] = grade_submission(lab, options->folders[i], options->sandbox);
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
    static const struct argp argp = {
        option_list,
        parse,
        "LAB [LEFT RIGHT]",
        "Grades two submissions of a lab and sets their ledgers side by side. Without folders: "
        "the lab's naive starter against its reference solution.",
        NULL,
        NULL,
        NULL};
    struct options options = {.sandbox = "auto"};
    char starter[PATH_BYTES], solution[PATH_BYTES];
    struct lab lab;
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    if (lab_open(&lab, options.lab) < 0)
        return status_of_unopened(&lab);
    if (options.folder_count == 0) {
        options.folders[0] = lab_path(starter, "labs/%s/starter", lab.manifest->lab);
        options.folders[1] = lab_path(solution, "labs/%s/solution", lab.manifest->lab);
    }
    int exit_status = compare(&lab, &options);
    lab_close(&lab);
    return exit_status;
}
