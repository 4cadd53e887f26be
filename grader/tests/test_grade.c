/* build/grade as its user meets it: what it prints where, and its exit statuses. Graded is the
 * fixture's program, for speed; what happens to a real lab's submissions is test_labs's. */
#include <dirent.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "grader/tests/fixture.h"

TestSuite(grade, .timeout = 240, .init = make_fixture);
TestSuite(run, .timeout = 240, .init = make_fixture);

static void expect_words(const char *text, const char *words) {
    cr_expect_not_null(strstr(text, words), "\"%s\" is not in: %s", words, text);
}

/* One line on standard error that names `what`; nothing on standard output; that status. */
static void expect_trouble(struct graded graded, int status, const char *what) {
    cr_expect_eq(graded.status, status, "status %d, not %d: %s", graded.status, status,
                 graded.errors);
    cr_expect_str_empty(graded.output);
    cr_expect_eq(count_lines(graded.errors), 1, "not one line: %s", graded.errors);
    expect_words(graded.errors, what);
}

static json_t *only_json(struct graded graded) {
    json_t *json = json_loads(graded.output, JSON_REJECT_DUPLICATES, NULL);
    cr_expect_not_null(json, "no JSON, or more than that: %s", graded.output);
    cr_expect_str_empty(graded.errors);
    return json;
}

static char *starter(void) {
    return (char *)(uintptr_t)own_file("root/labs/99-fixture/starter");
}

/* ---- Help and usage ---- */

static const char *const verbs[] = {"run",    "compare", "list",     "explain",
                                    "doctor", "start",   "reference"};

Test(grade, has_help_for_itself_and_each_verb) {
    struct graded graded = GRADE("--help");
    cr_expect_eq(graded.status, 0);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        struct graded help = GRADE(verbs[i], "--help");
        char usage[64];
        snprintf(usage, sizeof usage, "Usage: grade %s", verbs[i]);
        expect_words(graded.output, verbs[i]);
        expect_words(help.output, usage);
        expect_words(help.output, "--json");
        cr_expect_eq(help.status, 0);
        cr_expect_str_empty(help.errors);
    }
    cr_expect_eq(GRADE("--version").status, 0);
}

Test(grade, takes_wrong_usage_for_what_it_is) {
    expect_trouble(GRADE("dance"), 2, "dance");
    cr_expect_eq(GRADE("").status, 2);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        struct graded graded = GRADE(verbs[i], "--no-such-option");
        cr_expect_eq(graded.status, 2, "%s", verbs[i]);
        cr_expect_str_empty(graded.output);
        expect_words(graded.errors, "no-such-option");
        expect_words(graded.errors, verbs[i]);
    }
    cr_expect_eq(GRADE("run").status, 2);
    cr_expect_eq(GRADE("run", "99", "100").status, 2);
    cr_expect_eq(GRADE("run", "99", "--sandbox", "some").status, 2);
    cr_expect_eq(GRADE("run", "99", "--sandbox", "basic").status, 2);
    cr_expect_eq(GRADE("compare", "99", starter(), starter(), "--sandbox", "some").status, 2);
    cr_expect_eq(GRADE("compare", "99", starter()).status, 2);
    cr_expect_eq(GRADE("explain", "99").status, 2);
    cr_expect_eq(GRADE("doctor", "99").status, 2);
}

Test(grade, says_which_lab_it_does_not_know) {
    expect_trouble(GRADE("run", "77"), 2, "77: no such lab");
    expect_trouble(GRADE("compare", "77"), 2, "77: no such lab");
    expect_trouble(GRADE("list", "77"), 2, "77: no such lab");
    expect_trouble(GRADE("explain", "77", "x"), 2, "77: no such lab");
    expect_trouble(GRADE("start", "77"), 2, "77: no such lab");
    expect_trouble(GRADE("reference", "77"), 2, "77: no such lab");
    expect_trouble(GRADE("run", ""), 2, "no such lab");
    expect_trouble(GRADE("run", "../99-fixture"), 2, "no such lab");
}

Test(grade, knows_a_lab_by_number_name_and_both) {
    static const char *const names[] = {"99", "fixture", "99-fixture"};
    for (size_t i = 0; i < 3; i++)
        cr_expect_eq(GRADE("list", names[i]).status, 0, "%s", names[i]);
}

Test(grade, says_where_a_manifest_is_broken) {
    make_own_file("root/labs/99-fixture/lab.yaml", "lab: 99-fixture\ncolour: red\n");
    expect_trouble(GRADE("run", "99", "--submission", starter()), 3, "lab.yaml:2:1: ");
}

/* ---- The small verbs ---- */

Test(grade, lists_and_explains_as_text_and_as_json) {
    expect_words(GRADE("list").output, "99-fixture");
    json_t *list = only_json(GRADE("list", "--json", "-"));
    cr_expect_str_eq(result_text(json_array_get(list, 0), "lab"), "99-fixture");
    json_decref(list);
    expect_words(GRADE("explain", "99", "one/counts").output, "copies in chunks");
    expect_words(GRADE("explain", "99", "counts").output, "one/counts, 30 points");
    json_t *test = only_json(GRADE("explain", "99", "counts", "--json", "-"));
    cr_expect_eq(result_number(test, "points"), 30);
    json_decref(test);
    expect_trouble(GRADE("explain", "99", "none"), 2, "none: no such test");
    expect_trouble(GRADE("explain", "99", "one/none"), 2, "one/none: no such test");
}

Test(grade, doctor_finds_the_same_as_text_and_as_json) {
    struct graded graded = GRADE("doctor");
    json_t *findings = only_json(GRADE("doctor", "--json", "-"));
    size_t index;
    json_t *finding;
    cr_expect(graded.status == 0 || graded.status == 3);
    json_array_foreach (findings, index, finding) {
        bool ok = json_is_true(json_object_get(finding, "ok"));
        cr_expect_eq(strlen(result_text(finding, "remedy")) > 0, !ok, "%s",
                     result_text(finding, "check"));
    }
    cr_expect_geq(index, 8);
    json_decref(findings);
}

/* A learner's own file of the fixture's lab, below the tree's root. */
#define LEARNERS(file)  "root/" LEARNERS_FOLDER "/99-fixture/" file
#define LEARNERS_FOLDER "work"

Test(grade, starts_a_lab_once_and_never_writes_over_it) {
    const char *source = own_file(LEARNERS("prog.c"));
    struct graded graded = GRADE("run", "99");
    expect_trouble(graded, 2, "make start LAB=99");
    json_t *made = only_json(GRADE("start", "99", "--json", "-"));
    cr_expect_str_eq(result_text(made, "lab"), "99-fixture");
    json_decref(made);
    expect_words(file_text(source), "What the fixture's tests are run against");
    expect_words(file_text(own_file(LEARNERS("predict.yaml"))), "id: copies");
    make_own_file(LEARNERS("prog.c"), "mine\n");
    cr_expect_eq(GRADE("start", "99").status, 3);
    expect_words(GRADE("start", "99").errors, "nothing changed");
    cr_expect_str_eq(file_text(source), "mine\n");
}

/* ---- Gradings ---- */

static bool is_measured(const json_t *result) {
    const json_t *sandbox = json_object_get(result, "sandbox");
    return json_object_get(sandbox, "why_no_trace") == NULL;
}

Test(run, writes_json_and_nothing_else_when_asked_to) {
    struct graded graded = GRADE("run", "99", "--submission", starter(), "--json", "-");
    json_t *result = only_json(graded);
    cr_expect_eq(graded.status, is_measured(result) ? 0 : 3);
    cr_expect_eq(result_number(result, "schema"), 1);
    cr_expect_eq(result_number(json_object_get(result, "totals"), "score"),
                 is_measured(result) ? 100 : 30);
    json_decref(result);
    const char *file = own_file("result.json");
    graded = GRADE("run", "99", "--submission", starter(), "--json", file);
    result = json_load_file(file, 0, NULL);
    cr_expect_not_null(result);
    expect_words(graded.output, "Score: ");
    json_decref(result);
    cr_expect_eq(GRADE("run", "99", "--submission", starter(), "--json", "/no/such/file").status,
                 3);
}

static void expect_plain_and_narrow(const char *text) {
    char line[4096];
    cr_expect_null(strchr(text, '\033'), "an escape on what is no terminal");
    for (; *text != '\0'; text += strcspn(text, "\n") + 1) {
        size_t columns = 0, length = strcspn(text, "\n");
        for (size_t i = 0; i < length; i++)
            columns += ((unsigned char)text[i] & 0xc0) != 0x80;
        snprintf(line, sizeof line, "%.*s", (int)length, text);
        cr_expect_leq(columns, 80, "over 80 columns: %s", line);
    }
}

Test(run, reports_a_failure_plainly_within_80_columns_and_ends_with_1) {
    const char *folder = make_variant("SAYS_GOODBYE");
    struct graded graded = GRADE("run", "99", "--submission", folder);
    cr_expect_eq(graded.status, 1);
    expect_plain_and_narrow(graded.output);
    expect_words(graded.output, "`goodbye");
    expect_words(graded.output, "Print hello.");
    graded = GRADE("run", "99", "--submission", make_variant("NAIVE"));
    expect_plain_and_narrow(graded.output);
    setenv("NO_COLOR", "1", 1);
    expect_plain_and_narrow(GRADE("compare", "99", folder, starter()).output);
}

Test(run, shows_the_compilers_first_error_at_the_learners_own_path) {
    mkdir(own_file("mine"), 0755);
    make_own_file("mine/prog.c", "int main(void) {\n    return nothing;\n}\n");
    struct graded graded = GRADE("run", "99", "--submission", own_file("mine"));
    char place[HELPER_PATH];
    snprintf(place, sizeof place, "%s:2:12: error: ", own_file("mine/prog.c"));
    cr_expect_eq(graded.status, 1);
    expect_words(graded.output, place);
    cr_expect_null(strstr(graded.output, "/source"), "%s", graded.output);
    make_own_file("mine/prog.c", "int main(void) { return f(); }\nint f(void) { return 0; }\n"
                                 "int main(void) { return 1; }\n");
    expect_words(GRADE("run", "99", "--submission", own_file("mine")).output, "redefinition");
    make_own_file("mine/prog.c", "int put(void); int main(void) { return put(); }\n");
    expect_words(GRADE("run", "99", "--submission", own_file("mine")).output,
                 "undefined reference to `put'");
    make_own_file("mine/prog.c", "int read_full; int main(void) { return 0; }\n");
    expect_words(GRADE("run", "99", "--submission", own_file("mine")).output,
                 "multiple definition of `read_full'");
}

/* ---- Machines that can't ---- */

/* A folder with links to everything on PATH but the program named: what it is to be without it. */
static void take_from_path(const char *name) {
    char *command = NULL;
    const char *folder = own_file("bin");
    if (asprintf(&command, "mkdir -p '%s'; ln -s /usr/bin/* '%s'; rm -f '%s/%s'", folder, folder,
                 folder, name) < 0)
        abort();
    shell(command);
    setenv("PATH", folder, 1);
    free(command);
}

Test(run, without_strace_leaves_its_tests_unmeasured_and_ends_with_3) {
    take_from_path("strace");
    struct graded graded = GRADE("run", "99", "--submission", make_variant("NAIVE"), "--json", "-");
    json_t *result = json_loads(graded.output, 0, NULL);
    cr_expect_eq(graded.status, 3);
    cr_expect_str_eq(result_text(test_named(result, "counts"), "status"), "unmeasured");
    cr_expect_str_eq(result_text(test_named(result, "interrupted"), "status"), "unmeasured");
    cr_expect_str_eq(result_text(test_named(result, "answers"), "status"), "passed");
    expect_words(result_text(json_object_get(result, "sandbox"), "why_no_trace"), "strace");
    cr_expect_eq(result_number(json_object_get(result, "totals"), "unmeasured"), 50);
    json_decref(result);
}

Test(run, without_bwrap_says_that_it_runs_unsandboxed_and_refuses_to_when_strict_is_asked) {
    take_from_path("bwrap");
    struct graded graded = GRADE("run", "99", "--submission", starter(), "--json", "-");
    json_t *result = json_loads(graded.output, 0, NULL);
    const json_t *sandbox = json_object_get(result, "sandbox");
    cr_expect_str_eq(result_text(sandbox, "tier"), "none");
    cr_expect_str_not_empty(result_text(sandbox, "why_not_strict"));
    json_decref(result);
    graded = GRADE("run", "99", "--submission", starter(), "--sandbox", "strict");
    expect_trouble(graded, 3, "strict");
}

Test(run, in_an_unusable_tmpdir_says_so_in_one_line) {
    setenv("TMPDIR", own_file("nowhere"), 1);
    expect_trouble(GRADE("run", "99", "--submission", starter()), 3, "nowhere");
    mkdir(own_file("mine"), 0755);
    setenv("TMPDIR", own_file("mine"), 1);
    cr_expect_neq(GRADE("run", "99", "--submission", starter()).status, 1);
    cr_expect_eq(rmdir(own_file("mine")), 0, "it was left empty");
}

/* ---- Leaving nothing behind ---- */

/* How many of our folders lie in those places; another grading may run, so only the given one. */
static size_t count_folders(const char *place) {
    size_t count = 0;
    DIR *folder = opendir(place);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        count += strncmp(entry->d_name, "groundwork-", 11) == 0 &&
                 strncmp(entry->d_name, "groundwork-test-", 16) != 0;
    if (folder != NULL)
        closedir(folder);
    return count;
}

/* The scratch folder of a grading, from the settings in its TMPDIR. */
static bool find_scratch(const char *place, char *scratch, size_t size) {
    char *path = NULL, *command = NULL;
    DIR *folder = opendir(place);
    bool found = false;
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (strncmp(entry->d_name, "groundwork-", 11) != 0 ||
            asprintf(&path, "%s/%s/run.json", place, entry->d_name) < 0)
            continue;
        json_t *settings = json_load_file(path, 0, NULL);
        snprintf(scratch, size, "%s", result_text(settings, "scratch"));
        found = settings != NULL;
        json_decref(settings);
    }
    if (folder != NULL)
        closedir(folder);
    free(command);
    return found;
}

static void interrupt_with(int signal_number) {
    pid_t tree[128];
    char scratch[HELPER_PATH] = "";
    mkdir(own_file("mine"), 0755);
    setenv("TMPDIR", own_file("mine"), 1);
    struct process process =
        START_GRADE("run", "99", "--submission", make_variant("SLEEPS"), "--json", "-");
    while (!find_scratch(own_file("mine"), scratch, sizeof scratch) && process_pump(&process, 5))
        ;
    size_t count = 0; /* grade, the namespaces, the runner, the tests, the programs */
    while (count < 5 && process_pump(&process, 1))
        count = process_tree(process.pid, tree, 128);
    kill(process.pid, signal_number);
    struct graded graded = finish_grade(&process);
    cr_expect_eq(graded.status, 3);
    cr_expect_str_empty(graded.output);
    cr_expect_eq(count_lines(graded.errors), 1, "%s", graded.errors);
    expect_words(graded.errors, "interrupted");
    cr_expect_eq(count_folders(own_file("mine")), 0);
    cr_expect_str_not_empty(scratch);
    cr_expect_lt(access(scratch, F_OK), 0, "%s is still there", scratch);
    for (size_t i = 1; i < count; i++)
        cr_expect_lt(kill(tree[i], 0), 0, "%d still runs", tree[i]);
}

Test(run, that_is_interrupted_takes_its_folders_and_processes_along) {
    interrupt_with(SIGINT);
    interrupt_with(SIGTERM);
}

/* A slow build: the compiler reads a file that another end never closes. */
Test(run, that_is_interrupted_while_it_builds_grades_nothing) {
    char *text = NULL;
    size_t size = 0;
    FILE *source = open_memstream(&text, &size);
    fputs("#define A(x) x x x x x x x x\n#define B(x) A(A(A(x)))\n", source);
    fputs("int main(void) { return 0; }\nint f(int x) { B(B(x += x * 3 + 1;)) return x; }\n",
          source);
    fclose(source);
    mkdir(own_file("slow"), 0755);
    make_own_file("slow/prog.c", text);
    pid_t tree[64];
    size_t count = 0;
    struct process process = START_GRADE("run", "99", "--submission", own_file("slow"));
    char name[64] = "";
    while (strcmp(name, "cc1") != 0 && process_pump(&process, 1)) {
        count = process_tree(process.pid, tree, 64);
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/comm", tree[count - 1]);
        char *comm = file_text(path);
        snprintf(name, sizeof name, "%.*s", (int)strcspn(comm ? comm : "", "\n"), comm ? comm : "");
        free(comm);
    }
    kill(process.pid, SIGINT);
    struct graded graded = finish_grade(&process);
    cr_expect_eq(graded.status, 3, "%d: %s", graded.status, graded.output);
    cr_expect_str_empty(graded.output);
    expect_words(graded.errors, "interrupted");
    free(text);
}

Test(run, is_not_swayed_by_the_environment) {
    setenv("CRITERION_TEST_PATTERN", "one/answers", 1);
    setenv("CRITERION_ALWAYS_SUCCEED", "1", 1);
    setenv("CRITERION_FAIL_FAST", "1", 1);
    setenv("LANG", "de_DE.UTF-8", 1);
    json_t *result = result_of_folder(make_variant("SAYS_GOODBYE"), "auto");
    cr_expect_str_eq(result_text(test_named(result, "answers"), "status"), "failed");
    cr_expect_str_eq(result_text(test_named(result, "looks"), "status"), "passed");
    json_decref(result);
}

Test(run, beside_another_is_not_disturbed) {
    const char *good = make_variant("GOOD"), *naive = make_variant("NAIVE");
    struct process first = START_GRADE("run", "99", "--submission", good, "--json", "-");
    struct process second = START_GRADE("run", "99", "--submission", naive, "--json", "-");
    while ((int)process_pump(&first, 5) | (int)process_pump(&second, 5))
        ;
    struct graded graded[] = {finish_grade(&first), finish_grade(&second)};
    json_t *results[] = {json_loads(graded[0].output, 0, NULL),
                         json_loads(graded[1].output, 0, NULL)};
    bool measured = is_measured(results[0]);
    cr_expect_eq(graded[0].status, measured ? 0 : 3, "%s", graded[0].output);
    cr_expect_eq(graded[1].status, measured ? 1 : 3, "%s", graded[1].output);
    if (measured)
        cr_expect_str_eq(result_text(test_named(results[1], "counts"), "status"), "failed");
    json_decref(results[0]);
    json_decref(results[1]);
}

Test(run, whose_standard_input_is_closed_is_as_good_as_any) {
    char *command = NULL;
    if (asprintf(&command, "'%s' run 99 --submission '%s' <&- >'%s' || :", built_path("grade"),
                 starter(), own_file("report")) < 0)
        abort();
    shell(command);
    expect_words(file_text(own_file("report")), "Score: ");
    cr_expect_null(strstr(file_text(own_file("report")), "FAIL"), "%s",
                   file_text(own_file("report")));
    free(command);
}
