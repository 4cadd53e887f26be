/* grade reference: for a lab's author, what the solution costs, kept in the lab's reference.json.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "common/errors.h"
#include "grader/grading.h"
#include "grader/result.h"
#include "grader/verbs.h"

struct options {
    const char *lab;
    const char *json;
};

static const struct argp_option option_list[] = {
    {"json", 'j', "FILE", 0, "write it there instead; - is standard output", 0}, {0}};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct options *options = state->input;
    switch (key) {
    case 'j':
        options->json = argument;
        return 0;
    case ARGP_KEY_ARG:
        options->lab = argument;
        return 0;
    case ARGP_KEY_END:
        if (options->lab == NULL)
            argp_error(state, "which lab? `grade list` shows them");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool is_whole(const json_t *result) {
    return result != NULL && result_exit_status(result) == STATUS_PASSED;
}

static int write_reference(const struct lab *lab, const char *path) {
    char folder[PATH_BYTES];
    int exit_status = STATUS_NOT_MEASURED;
    json_t *starter = NULL;
    json_t *solution =
        grade_submission(lab, lab_path(folder, "labs/%s/solution", lab->manifest->lab), "auto");
    if (!is_whole(solution)) {
        error_because(lab->manifest->lab, "the solution does not pass every test; nothing written");
        goto out;
    }
    starter =
        grade_submission(lab, lab_path(folder, "labs/%s/starter", lab->manifest->lab), "auto");
    if (starter == NULL)
        goto out;
    json_t *reference = reference_make(solution, starter);
    if (write_json(reference, path) == 0)
        exit_status = 0;
    json_decref(reference);
out:
    json_decref(solution);
    json_decref(starter);
    return exit_status;
}

int verb_reference(int argc, char **argv) {
    static const struct argp argp = {
        option_list,
        parse,
        "LAB",
        "Grades the lab's solution and starter and writes labs/LAB/reference.json: every budget "
        "with its formula, reason and the solution's count.",
        NULL,
        NULL,
        NULL};
    struct options options = {0};
    struct lab lab;
    char path[PATH_BYTES];
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    if (lab_open(&lab, options.lab) < 0)
        return status_of_unopened(&lab);
    lab_path(path, "labs/%s/reference.json", lab.manifest->lab);
    int exit_status = write_reference(&lab, options.json != NULL ? options.json : path);
    lab_close(&lab);
    return exit_status;
}
