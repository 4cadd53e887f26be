/* grade list and grade explain: what there is to do, from the manifests alone. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/errors.h"
#include "grader/grading.h"
#include "grader/report/terminal.h"
#include "grader/result.h"
#include "grader/verbs.h"

struct options {
    const char *lab;
    const char *test;
    const char *json;
};

static const struct argp_option option_list[] = {
    {"json", 'j', "FILE", 0, "write the same as JSON; - is standard output, then without text", 0},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct options *options = state->input;
    switch (key) {
    case 'j':
        options->json = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (options->lab == NULL)
            options->lab = argument;
        else if (options->test == NULL)
            options->test = argument;
        else
            argp_error(state, "%s: too many words", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool text_wanted(const struct options *options) {
    return options->json == NULL || strcmp(options->json, "-") != 0;
}

/* ---- list ---- */

static json_t *describe_step(const struct manifest_step *step) {
    json_t *tests = json_array();
    json_int_t points = 0;
    for (unsigned i = 0; i < step->tests_count; i++) {
        json_array_append_new(tests, json_pack("{ss si}", "name", step->tests[i].name, "points",
                                               (int)step->tests[i].points));
        points += step->tests[i].points;
    }
    return json_pack("{ss ss sI so}", "id", step->id, "title", step->title, "points", points,
                     "tests", tests);
}

static json_t *describe_lab(const struct manifest *manifest) {
    json_t *steps = json_array();
    for (unsigned i = 0; i < manifest->steps_count; i++)
        json_array_append_new(steps, describe_step(&manifest->steps[i]));
    return json_pack("{ss ss so}", "lab", manifest->lab, "title", manifest->title, "steps", steps);
}

static void print_lab(const json_t *lab) {
    size_t index, each;
    json_t *step, *test;
    printf("%s  %s\n", result_text(lab, "lab"), result_text(lab, "title"));
    json_array_foreach (json_object_get(lab, "steps"), index, step) {
        printf("  %-12s %-56.56s %4s\n", result_text(step, "id"), result_text(step, "title"),
               grouped(result_number(step, "points")));
        json_array_foreach (json_object_get(step, "tests"), each, test) {
            printf("      %-63s %4s\n", result_text(test, "name"),
                   grouped(result_number(test, "points")));
        }
    }
}

int verb_list(int argc, char **argv) {
    static const struct argp argp = {
        option_list, parse,
        "[LAB]",     "Lists the labs, their steps and tests, and the points of each.",
        NULL,        NULL,
        NULL};
    struct options options = {0};
    char **names;
    json_t *list = json_array();
    int exit_status = 0;
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    int count = lab_names(&names);
    for (int i = 0; i < count; i++) {
        struct lab lab;
        if (options.lab == NULL || i == 0) {
            if (lab_open(&lab, options.lab == NULL ? names[i] : options.lab) == 0)
                json_array_append_new(list, describe_lab(lab.manifest));
            else
                exit_status = status_of_unopened(&lab);
            lab_close(&lab);
        }
        free(names[i]);
    }
    free(names);
    size_t index;
    json_t *lab;
    json_array_foreach (list, index, lab) {
        if (text_wanted(&options))
            print_lab(lab);
    }
    if (options.json != NULL && write_json(list, options.json) < 0)
        exit_status = STATUS_NOT_MEASURED;
    json_decref(list);
    return exit_status;
}

/* ---- explain ---- */

/* "step/name", or the name alone where only one step has it. */
static const struct manifest_test *find_test(const struct manifest *manifest, const char *name,
                                             const struct manifest_step **step) {
    const struct manifest_test *found = manifest_find(manifest, name, step);
    unsigned matches = 0;
    for (unsigned i = 0; found == NULL && matches < 2 && i < manifest->steps_count; i++)
        for (unsigned j = 0; j < manifest->steps[i].tests_count; j++)
            if (strcmp(manifest->steps[i].tests[j].name, name) == 0) {
                matches++;
                *step = &manifest->steps[i];
            }
    if (matches != 1)
        return found;
    for (unsigned j = 0; j < (*step)->tests_count; j++)
        if (strcmp((*step)->tests[j].name, name) == 0)
            found = &(*step)->tests[j];
    return found;
}

static void print_budgets(const json_t *budgets) {
    size_t index;
    json_t *budget;
    char line[512];
    json_array_foreach (budgets, index, budget) {
        snprintf(line, sizeof line, "%s: %s %s = %s %s", result_text(budget, "what"),
                 result_text(budget, "relation"), result_text(budget, "formula"),
                 grouped(result_number(budget, "limit")), result_text(budget, "unit"));
        terminal_wrapped(stdout, "budget  ", line);
        terminal_wrapped(stdout, "why     ", result_text(budget, "why"));
        if (json_object_get(budget, "counted") != NULL)
            terminal_wrapped(stdout, "ours    ", grouped(result_number(budget, "counted")));
    }
}

static int explain(const struct lab *lab, const struct options *options) {
    const struct manifest_step *step = NULL;
    const struct manifest_test *test = find_test(lab->manifest, options->test, &step);
    if (test == NULL) {
        error_because(options->test,
                      "no such test in %s, or in more than one step; "
                      "`grade list %.2s` shows them",
                      lab->manifest->lab, lab->manifest->lab);
        return STATUS_USAGE;
    }
    json_t *reference = reference_load(lab);
    json_t *name = json_sprintf("%s/%s", step->id, test->name);
    json_t *budgets =
        json_object_get(json_object_get(reference, "budgets"), json_string_value(name));
    int exit_status = 0;
    if (text_wanted(options)) {
        printf("%s, %u points\n", json_string_value(name), test->points);
        terminal_wrapped(stdout, "asks    ", test->asks);
        print_budgets(budgets);
        terminal_wrapped(stdout, "hint    ", test->hint);
    }
    if (options->json != NULL) {
        json_t *all = json_pack("{sO si ss ss sO*}", "test", name, "points", (int)test->points,
                                "asks", test->asks, "hint", test->hint, "budgets", budgets);
        exit_status = write_json(all, options->json) < 0 ? STATUS_NOT_MEASURED : 0;
        json_decref(all);
    }
    json_decref(name);
    json_decref(reference);
    return exit_status;
}

int verb_explain(int argc, char **argv) {
    static const struct argp argp = {
        option_list, parse,
        "LAB TEST",  "Prints what a test asks, its budgets with their reasons, and its hint.",
        NULL,        NULL,
        NULL};
    struct options options = {0};
    struct lab lab;
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    if (options.test == NULL) {
        error_because("LAB TEST", "which lab and which test? `grade list` shows them");
        return STATUS_USAGE;
    }
    int exit_status =
        lab_open(&lab, options.lab) < 0 ? status_of_unopened(&lab) : explain(&lab, &options);
    lab_close(&lab);
    return exit_status;
}
