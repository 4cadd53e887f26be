/* grade reference: for a lab's author, what the solution costs, kept in the lab's reference.json.
 */
#include <stdio.h>
#include <string.h>

#include "common/errors.h"
#include "grader/grading.h"
#include "grader/options.h"
#include "grader/result.h"
#include "grader/verbs.h"

static const struct argp_option option_list[] = {
    {"json", 'j', "FILE", 0, "write it there instead; - is standard output", 0}, {0}};

static bool is_whole(const json_t *result) {
    return result != NULL && result_exit_status(result) == STATUS_PASSED;
}

/* Grading a starter can take a minute, for nothing when nobody is asked about it. */
static bool is_asked_about_starter(const struct manifest *manifest) {
    for (unsigned i = 0; i < manifest->predictions_count; i++)
        if (strcmp(manifest->predictions[i].of, "starter") == 0)
            return true;
    return false;
}

static int write_reference(const struct lab *lab, const char *path) {
    char folder[PATH_BYTES];
    int exit_status = STATUS_NOT_MEASURED;
    json_t *starter = NULL;
    json_t *solution = grade_submission(
        lab, lab_path(folder, "labs/%s/solution", lab->manifest->lab), (struct way){"auto", NULL});
    if (!is_whole(solution)) {
        error_because(lab->manifest->lab, "the solution does not pass every test; nothing written");
        goto out;
    }
    if (is_asked_about_starter(lab->manifest)) {
        starter = grade_submission(lab, lab_path(folder, "labs/%s/starter", lab->manifest->lab),
                                   (struct way){"auto", NULL});
        if (starter == NULL)
            goto out;
    }
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
    static const struct grammar grammar = {
        option_list, "LAB",
        "Grades the lab's solution, and its starter where predictions are about it, and writes "
        "labs/LAB/reference.json: every budget with its formula, reason and the solution's count.",
        1, 1};
    struct options options = options_parse(&grammar, argc, argv);
    struct lab lab;
    char path[PATH_BYTES];
    if (lab_open(&lab, options.words[0]) < 0)
        return status_of_unopened(&lab);
    lab_path(path, "labs/%s/reference.json", lab.manifest->lab);
    int exit_status = write_reference(&lab, options.json != NULL ? options.json : path);
    lab_close(&lab);
    return exit_status;
}
