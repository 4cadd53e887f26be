/* The labs as the grader sees them: each reference scores 100, each starter what its manifest says,
 * each wrong answer loses the tests that it names and only those, each hostile submission gains
 * nothing.
 *
 * Every case drives build/grade as its user does and reads the result. Run from the repository's
 * root; GROUNDWORK_CASES picks cases by a part of their path, GROUNDWORK_PART="1/3" every third of
 * those, from the second on, and GROUNDWORK_SLOW the slow ones. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io.h"
#include "grader/engine/process.h"
#include "grader/lab.h"
#include "grader/result.h"

enum { GRADING_LIMIT_MS = 300 * 1000, MOST_CASES = 256, NAMES_BYTES = 4096 };

struct labs_case {
    char path[256]; /* what is graded: a folder, or a file of wrong/ or hostile/ */
};

/* ---- Grading ---- */

/* Grades a folder as lab `lab`; the caller owns the result. */
static json_t *graded(const char *lab, const char *folder) {
    char *const command[] = {"build/grade",  "run",    (char *)lab, "--submission",
                             (char *)folder, "--json", "-",         NULL};
    struct process process;
    const struct process_options options = {.arguments = command, .limit_ms = GRADING_LIMIT_MS};
    cr_assert_eq(process_run(&process, &options), 0);
    json_t *result = process.output.data == NULL ? NULL : json_loads(process.output.data, 0, NULL);
    cr_assert_not_null(result, "%s: no result: %s", folder,
                       process.errors.data == NULL ? "" : process.errors.data);
    process_release(&process);
    return result;
}

static json_int_t score_of(const json_t *result) {
    return result_number(json_object_get(result, "totals"), "score");
}

/* " step/name step/name" of all tests that were not passed, in the manifest's order. */
static void lost_tests(const json_t *result, char *names) {
    size_t index;
    json_t *test;
    names[0] = '\0';
    json_array_foreach (json_object_get(result, "tests"), index, test) {
        size_t length = strlen(names);
        if (strcmp(result_text(test, "status"), "passed") != 0)
            snprintf(names + length, NAMES_BYTES - length, " %s/%s", result_text(test, "step"),
                     result_text(test, "name"));
    }
}

/* What the result says of a test, for whoever has to find out why it was lost. */
static const char *said_of(const json_t *result, const char *name) {
    static char said[1024];
    size_t index;
    json_t *test;
    json_array_foreach (json_object_get(result, "tests"), index, test) {
        char full[256];
        snprintf(full, sizeof full, "%s/%s", result_text(test, "step"), result_text(test, "name"));
        if (strcmp(full, name) == 0)
            snprintf(said, sizeof said, "%s: expected %s, seen %s; %s", result_text(test, "status"),
                     result_text(test, "expected"), result_text(test, "seen"),
                     result_text(test, "message"));
    }
    return said;
}

static bool names_one(const char *names, const char *name) {
    char wanted[300];
    snprintf(wanted, sizeof wanted, " %s ", name);
    char all[NAMES_BYTES + 2];
    snprintf(all, sizeof all, "%s ", names);
    return strstr(all, wanted) != NULL;
}

/* Fails unless the tests that were lost are those named. */
static void expect_lost(const char *what, const char *named, const json_t *result) {
    char list[NAMES_BYTES], lost[NAMES_BYTES];
    lost_tests(result, lost);
    snprintf(list, sizeof list, "%s", lost);
    for (char *name = strtok(list, " "); name != NULL; name = strtok(NULL, " "))
        cr_expect(names_one(named, name), "%s lost %s, which it does not name (%s)", what, name,
                  said_of(result, name));
    snprintf(list, sizeof list, "%s", named);
    for (char *name = strtok(list, " "); name != NULL; name = strtok(NULL, " "))
        cr_expect(names_one(lost, name), "%s names %s, and did not lose it", what, name);
}

/* ---- Making submissions ---- */

/* A new folder holding one file, copied. */
static char *folder_with(const char *name, const char *data, size_t length) {
    char *folder = strdup("/tmp/groundwork-case-XXXXXX");
    char path[PATH_BYTES];
    cr_assert_not_null(mkdtemp(folder));
    chmod(folder, 0755);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write_full(fd, data, length), 0);
    close(fd);
    return folder;
}

static void remove_folder(char *folder, const char *name) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    rmdir(folder);
    free(folder);
}

static char *contents(const char *path, size_t *length) {
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file, "%s", path);
    char *data = read_whole(fileno(file), 1 << 20, length);
    fclose(file);
    return data;
}

/* The words behind "key:" on the first line that has it; "" when none has. Later lines that begin
 * with the comment's sign and a step's name belong to it. */
static void header_words(const char *text, const char *key, char *words, size_t size) {
    const char *found = strstr(text, key);
    words[0] = '\0';
    if (found != NULL)
        snprintf(words, size, " %.*s", (int)strcspn(found + strlen(key), "\n"),
                 found + strlen(key));
    for (char *c = words; *c != '\0'; c++) /* commas between names */
        if (*c == ',')
            *c = ' ';
    while (strstr(words, "  ") != NULL)
        memmove(strstr(words, "  "), strstr(words, "  ") + 1, strlen(strstr(words, "  ")));
}

/* ---- Cases ---- */

/* Those that run into one limit after another say so, and are for the deep tests. */
static bool is_slow(const char *path) {
    struct stat status;
    size_t length;
    if (stat(path, &status) < 0 || !S_ISREG(status.st_mode))
        return false;
    char *data = contents(path, &length);
    bool slow = strstr(data, "\n * slow:") != NULL || strstr(data, "\n# slow:") != NULL;
    free(data);
    return slow;
}

static bool is_wanted(const char *path) {
    const char *only = getenv("GROUNDWORK_CASES");
    return (only == NULL || strstr(path, only) != NULL) &&
           is_slow(path) == (getenv("GROUNDWORK_SLOW") != NULL);
}

/* Whether the case with that number, of those wanted, is in the part that is to run. */
static bool is_in_part(size_t number) {
    size_t part = 0, parts = 1;
    const char *wanted = getenv("GROUNDWORK_PART");
    if (wanted != NULL && (sscanf(wanted, "%zu/%zu", &part, &parts) != 2 || part >= parts))
        abort(); /* else nothing would be tested, and pass */
    return number % parts == part;
}

static struct criterion_test_params cases(const char *const *patterns) {
    static struct labs_case list[MOST_CASES];
    size_t count = 0, wanted = 0;
    for (; *patterns != NULL; patterns++) {
        glob_t found = {0};
        glob(*patterns, 0, NULL, &found);
        for (size_t i = 0; i < found.gl_pathc && count < MOST_CASES; i++)
            if (is_wanted(found.gl_pathv[i]) && is_in_part(wanted++))
                snprintf(list[count++].path, sizeof list->path, "%s", found.gl_pathv[i]);
        globfree(&found);
    }
    return cr_make_param_array(struct labs_case, list, count);
}

/* "labs/01-reads/wrong/x.c" → "01-reads" */
static void lab_of(const char *path, char *lab, size_t size) {
    const char *start = path + strlen("labs/");
    snprintf(lab, size, "%.*s", (int)strcspn(start, "/"), start);
}

ParameterizedTestParameters(labs, reference_scores_100) {
    return cases((const char *const[]){"labs/*/solution", NULL});
}

ParameterizedTest(struct labs_case *one, labs, reference_scores_100) {
    char lab[64];
    lab_of(one->path, lab, sizeof lab);
    json_t *result = graded(lab, one->path);
    expect_lost(one->path, "", result);
    cr_expect_eq(score_of(result), 100);
    json_decref(result);
}

ParameterizedTestParameters(labs, starter_scores_what_its_manifest_says) {
    return cases((const char *const[]){"labs/*/starter", NULL});
}

ParameterizedTest(struct labs_case *one, labs, starter_scores_what_its_manifest_says) {
    char name[64], named[NAMES_BYTES] = "";
    struct lab lab;
    lab_of(one->path, name, sizeof name);
    cr_assert_eq(lab_open(&lab, name), 0);
    const struct manifest_starter *starter = &lab.manifest->starter;
    for (unsigned i = 0; i < starter->fails_count; i++)
        snprintf(named + strlen(named), sizeof named - strlen(named), " %s", starter->fails[i]);
    json_t *result = graded(name, one->path);
    expect_lost(one->path, named, result);
    cr_expect_eq(score_of(result), starter->score, "the manifest says %u, it scored %d",
                 starter->score, (int)score_of(result));
    cr_expect(starter->score >= 20 && starter->score <= 45);
    json_decref(result);
    lab_close(&lab);
}

/* ---- wrong/ ---- */

/* The solution with a patch applied (patch(1); no fuzz, so that it can't land in another place). */
static char *patched(const char *path, const char *lab, const char *file) {
    char source[PATH_BYTES], target[PATH_BYTES];
    size_t length;
    snprintf(source, sizeof source, "labs/%s/solution/%s", lab, file);
    char *data = contents(source, &length);
    char *folder = folder_with(file, data, length);
    free(data);
    snprintf(target, sizeof target, "%s/%s", folder, file);
    char *const command[] = {"patch", "-s",         "-F0", "--no-backup-if-mismatch", "-r", "-",
                             target,  (char *)path, NULL};
    struct process process;
    const struct process_options options = {
        .arguments = command, .stdin_path = "/dev/null", .limit_ms = 10000};
    cr_assert_eq(process_run(&process, &options), 0);
    cr_assert(WIFEXITED(process.wait_status) && WEXITSTATUS(process.wait_status) == 0,
              "%s no longer applies: %s", path,
              process.output.data == NULL ? "" : process.output.data);
    process_release(&process);
    return folder;
}

ParameterizedTestParameters(labs, wrong_answer_loses_what_it_names) {
    return cases((const char *const[]){"labs/*/wrong/*.patch", "labs/*/wrong/*.c", NULL});
}

ParameterizedTest(struct labs_case *one, labs, wrong_answer_loses_what_it_names) {
    char name[64], named[NAMES_BYTES];
    struct lab lab;
    size_t length;
    lab_of(one->path, name, sizeof name);
    cr_assert_eq(lab_open(&lab, name), 0);
    const char *file = lab.manifest->files[0];
    char *data = contents(one->path, &length);
    bool is_patch = strcmp(strrchr(one->path, '.'), ".patch") == 0;
    char *folder = is_patch ? patched(one->path, name, file) : folder_with(file, data, length);
    header_words(data, "caught by:", named, sizeof named);
    cr_assert(strlen(named) > 1, "%s does not say what it is caught by", one->path);
    json_t *result = graded(name, folder);
    cr_expect(json_is_true(json_object_get(json_object_get(result, "build"), "made")),
              "%s does not build", one->path);
    expect_lost(one->path, named, result);
    json_decref(result);
    remove_folder(folder, file);
    free(data);
    lab_close(&lab);
}

/* ---- hostile/ ---- */

/* Attacks name the repository's place as /srv/groundwork: here they are told the real one. */
static char *with_real_root(char *attack, size_t *length) {
    static const char placeholder[] = "/srv/groundwork";
    struct bytes told = {0};
    const char *rest = attack;
    for (const char *found; (found = strstr(rest, placeholder)) != NULL;
         rest = found + sizeof placeholder - 1) {
        bytes_append(&told, rest, (size_t)(found - rest));
        bytes_append(&told, lab_root(), strlen(lab_root()));
    }
    bytes_append(&told, rest, strlen(rest));
    free(attack);
    *length = told.length;
    return told.data;
}

/* The attack in front of the starter's source, for those that do honest work and hide its cost. */
static char *attack_on_starter(const char *attack, size_t attack_length, const char *lab,
                               const char *file) {
    size_t length;
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "labs/%s/starter/%s", lab, file);
    char *starter = contents(path, &length);
    char *both = malloc(attack_length + length + 64);
    cr_assert_not_null(both);
    memcpy(both, attack, attack_length);
    int line = sprintf(both + attack_length, "\n#line 1 \"starter.c\"\n");
    memcpy(both + attack_length + line, starter, length);
    char *folder = folder_with(file, both, attack_length + (size_t)line + length);
    free(starter);
    free(both);
    return folder;
}

ParameterizedTestParameters(labs, hostile_submission_gains_nothing) {
    return cases((const char *const[]){"grader/hostile/*.c", NULL});
}

ParameterizedTest(struct labs_case *one, labs, hostile_submission_gains_nothing) {
    char expected[64], base[64], attacked[64], lost[NAMES_BYTES];
    struct lab lab;
    size_t length;
    char *data = with_real_root(contents(one->path, &length), &length);
    header_words(data, "\n * lab:", attacked, sizeof attacked);
    const char *number = attacked[0] == '\0' ? "01" : attacked + 1;
    cr_assert_eq(lab_open(&lab, number), 0);
    header_words(data, "expect:", expected, sizeof expected);
    header_words(data, "base:", base, sizeof base);
    bool on_starter = strncmp(expected, " starter", 8) == 0;
    cr_assert(on_starter || strncmp(expected, " nothing", 8) == 0,
              "%s says `expect:%s`: it is nothing or starter", one->path, expected);
    const char *file = lab.manifest->files[0];
    char *folder = strncmp(base, " starter", 8) == 0
                       ? attack_on_starter(data, length, lab.manifest->lab, file)
                       : folder_with(file, data, length);
    json_t *result = graded(number, folder);
    const struct manifest_starter *starter = &lab.manifest->starter;
    json_int_t most = on_starter ? starter->score : 0;
    lost_tests(result, lost);
    char *whole = json_dumps(result, 0);
    if (json_is_true(json_object_get(json_object_get(result, "build"), "made")))
        cr_expect(strstr(whole, "SECRET") == NULL, "%s reached what it must not", one->path);
    free(whole);
    cr_expect_leq(score_of(result), most, "%s scored %d; it lost only:%s", one->path,
                  (int)score_of(result), lost);
    for (unsigned i = 0; on_starter && i < starter->fails_count; i++)
        cr_expect(names_one(lost, starter->fails[i]), "%s gained %s", one->path, starter->fails[i]);
    json_decref(result);
    remove_folder(folder, file);
    free(data);
    lab_close(&lab);
}
