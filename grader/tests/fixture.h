/* A repository of the tests' own, with one small lab of fixture/labs, and `grade` in it. It is a copy,
 * for a grading shows the sandbox folders by their real names. */
#pragma once

#include <jansson.h>
#include <sys/wait.h>

#include "grader/engine/process.h"
#include "grader/result.h"
#include "grader/tests/helpers.h"

enum { GRADE_LIMIT_MS = 120 * 1000, MOST_WORDS = 24 };

#define GRADE_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Runs a command line of sh, which must succeed. */
static inline void shell(const char *command) {
    struct process process;
    char *const words[] = {(char[]){"sh"}, (char[]){"-ec"}, strdup(command), NULL};
    const struct process_options options = {.arguments = words, .limit_ms = GRADE_LIMIT_MS};
    cr_assert_eq(process_run(&process, &options), 0);
    cr_assert_eq(process.wait_status, 0, "%s: %s", command, process.errors.data);
    process_release(&process);
}

/* Makes the repository with one lab, and points GROUNDWORK_ROOT at it. What a submission is linked
 * with comes from build/ even where this test was built elsewhere, with sanitizers. */
static inline void make_fixture_of(const char *lab) {
    char *command = NULL;
    const char *root = own_file("root");
    if (asprintf(&command,
                 "mkdir -p '%s/build/bin/%s' '%s/build/common' '%s/labs'; cd '%s'; "
                 "cp -r '%s/%s' labs; cp -r '%s' common; cp '%s' build/launch; "
                 "cp '%s'/*.o build/common; cp -r '%s/%s/.' 'build/bin/%s'",
                 root, lab, root, root, root, root_path("grader/tests/fixture/labs"), lab,
                 root_path("common"), root_path("build/launch"), root_path("build/common"),
                 built_path("bin"), lab, lab) < 0)
        abort();
    shell(command);
    free(command);
    setenv("GROUNDWORK_ROOT", root, 1);
    unsetenv("NO_COLOR");
}

/* For .init of a suite. */
static inline void make_fixture(void) {
    make_fixture_of("99-fixture");
}

static inline void make_server_fixture(void) {
    make_fixture_of("98-server");
}

static inline void make_client_fixture(void) {
    make_fixture_of("97-client");
}

static inline void make_observer_fixture(void) {
    make_fixture_of("96-observer");
}

/* Writes a submission: starter/prog.c with one word defined. Returns its folder. */
static inline const char *make_variant(const char *word) {
    char *text = NULL, name[64];
    snprintf(name, sizeof name, "submission-%s", word);
    mkdir(own_file(name), 0755);
    if (asprintf(&text, "#define %s 1\n%s", word,
                 file_text(own_file("root/labs/99-fixture/starter/prog.c"))) < 0)
        abort();
    const char *folder = own_file(name);
    snprintf(name, sizeof name, "submission-%s/prog.c", word);
    make_own_file(name, text);
    free(text);
    return folder;
}

/* Starts build/grade with those words. */
static inline struct process start_grade(const char *const *words) {
    struct process process;
    const char *arguments[MOST_WORDS + 2] = {built_path("grade")};
    for (size_t i = 0; words[i] != NULL && i < MOST_WORDS; i++)
        arguments[i + 1] = words[i];
    const struct process_options options = {.arguments = (char *const *)(uintptr_t)arguments,
                                            .stdin_path = "/dev/null",
                                            .limit_ms = GRADE_LIMIT_MS};
    cr_assert_eq(process_start(&process, &options), 0);
    return process;
}

#define START_GRADE(...) start_grade(GRADE_WORDS(__VA_ARGS__))

struct graded {
    int status; /* exit status; -1 when it did not end by itself */
    const char *output;
    const char *errors;
};

static inline struct graded finish_grade(struct process *process) {
    process_finish(process);
    struct graded graded = {.status = -1,
                            .output = strdup(process->output.data ? process->output.data : ""),
                            .errors = strdup(process->errors.data ? process->errors.data : "")};
    if (process->end == PROCESS_ENDED && WIFEXITED(process->wait_status))
        graded.status = WEXITSTATUS(process->wait_status);
    process_release(process);
    return graded;
}

static inline struct graded grade_with(const char *const *words) {
    struct process process = start_grade(words);
    return finish_grade(&process);
}

#define GRADE(...) grade_with(GRADE_WORDS(__VA_ARGS__))

/* The result in what --json - wrote. */
static inline json_t *result_in(struct graded graded) {
    json_t *result = json_loads(graded.output, 0, NULL);
    cr_assert_not_null(result, "no JSON: %s%s", graded.output, graded.errors);
    return result;
}

static inline json_t *result_of_folder(const char *folder, const char *sandbox) {
    return result_in(
        GRADE("run", "99", "--submission", folder, "--json", "-", "--sandbox", sandbox));
}

static inline bool is_traced(const json_t *result) {
    return json_object_get(json_object_get(result, "sandbox"), "why_no_trace") == NULL;
}

/* The entry of result.tests by name. */
static inline json_t *test_named(const json_t *result, const char *name) {
    size_t index;
    json_t *test;
    json_array_foreach (json_object_get(result, "tests"), index, test)
        if (strcmp(result_text(test, "name"), name) == 0)
            return test;
    cr_assert_fail("no test %s in the result", name);
    return NULL;
}

static inline void expect_status(const json_t *result, const char *name, const char *status) {
    const json_t *test = test_named(result, name);
    cr_expect_str_eq(result_text(test, "status"), status, "%s is %s, not %s: %s%s", name,
                     result_text(test, "status"), status, result_text(test, "message"),
                     result_text(test, "seen"));
}
