/* grade list and grade explain: what there is to do, from the manifests alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/errors.h"
#include "grader/grading.h"
#include "grader/options.h"
#include "grader/report/terminal.h"
#include "grader/result.h"
#include "grader/verbs.h"

static const struct argp_option option_list[] = {
    {"json", 'j', "FILE", 0, "write the same as JSON; - is standard output, then without text", 0},
    {0}};

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

/* Wide enough for the longest name of a step, so that the titles stand below each other. */
static int name_width(const json_t *steps) {
    size_t index, width = 0;
    json_t *step;
    json_array_foreach (steps, index, step) {
        size_t length = strlen(result_text(step, "id"));
        width = length > width ? length : width;
    }
    return (int)width;
}

static void print_lab(const json_t *lab) {
    enum { LINE = 69 };
    size_t index, each;
    json_t *step, *test;
    int width = name_width(json_object_get(lab, "steps"));
    printf("%s  %s\n", result_text(lab, "lab"), result_text(lab, "title"));
    json_array_foreach (json_object_get(lab, "steps"), index, step) {
        printf("  %-*s %-*.*s %4s\n", width, result_text(step, "id"), LINE - width, LINE - width,
               result_text(step, "title"), grouped(result_number(step, "points")));
        json_array_foreach (json_object_get(step, "tests"), each, test) {
            printf("      %-63s %4s\n", result_text(test, "name"),
                   grouped(result_number(test, "points")));
        }
    }
}

int verb_list(int argc, char **argv) {
    static const struct grammar grammar = {
        option_list, "[LAB]", "Lists the labs, their steps and tests, and the points of each.", 0,
        1};
    struct options options = options_parse(&grammar, argc, argv);
    char **names;
    json_t *list = json_array();
    int exit_status = 0;
    int count = lab_names(&names);
    for (int i = 0; i < count; i++) {
        struct lab lab;
        if (options.words[0] == NULL || i == 0) {
            if (lab_open(&lab, options.words[0] == NULL ? names[i] : options.words[0]) == 0)
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
        if (options_want_text(&options))
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
    const struct manifest_test *test = find_test(lab->manifest, options->words[1], &step);
    if (test == NULL) {
        error_because(options->words[1],
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
    if (options_want_text(options)) {
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
    static const struct grammar grammar = {
        option_list, "LAB TEST",
        "Prints what a test asks, its budgets with their reasons, and its hint.", 2, 2};
    struct options options = options_parse(&grammar, argc, argv);
    struct lab lab;
    int exit_status =
        lab_open(&lab, options.words[0]) < 0 ? status_of_unopened(&lab) : explain(&lab, &options);
    lab_close(&lab);
    return exit_status;
}
