/* Manifests: what a lab's author can get wrong is told with file, line and column. Each test
 * changes one thing in a manifest that loads, and expects the complaint at the place of the change.
 */
#include "grader/manifest.h"

#include "grader/judge.h"
#include "grader/tests/helpers.h"

TestSuite(manifest, .timeout = 60);
TestSuite(plan, .timeout = 60);

static const char sound[] = "lab: 99-fixture\n"                               /* 1 */
                            "title: A lab\n"                                  /* 2 */
                            "question: What for?\n"                           /* 3 */
                            "program: prog\n"                                 /* 4 */
                            "files: [prog.c, more.c]\n"                       /* 5 */
                            "common: []\n"                                    /* 6 */
                            "network: none\n"                                 /* 7 */
                            "starter:\n"                                      /* 8 */
                            "  score: 40\n"                                   /* 9 */
                            "  fails: [one/first]\n"                          /* 10 */
                            "limits: {build_seconds: 20, tests_seconds: 60, " /* 11 */
                            "memory_mib: 256, processes: 16, tmp_mib: 8}\n"
                            "steps:\n"                                              /* 12 */
                            "  - id: one\n"                                         /* 13 */
                            "    title: The first\n"                                /* 14 */
                            "    tests:\n"                                          /* 15 */
                            "      - {name: first, points: 60, asks: a, hint: b}\n" /* 16 */
                            "      - name: second\n"                                /* 17 */
                            "        points: 10\n"                                  /* 18 */
                            "        asks: a\n"                                     /* 19 */
                            "        hint: b\n"                                     /* 20 */
                            "  - id: two\n"                                         /* 21 */
                            "    title: The second\n"                               /* 22 */
                            "    tests:\n"                                          /* 23 */
                            "      - {name: first, points: 30, asks: a, hint: b}\n" /* 24 */
                            "predictions:\n"                                        /* 25 */
                            "  - id: p\n"                                           /* 26 */
                            "    question: How many?\n"                             /* 27 */
                            "    unit: reads\n"                                     /* 28 */
                            "    of: starter\n"                                     /* 29 */
                            "    measure: m\n";                                     /* 30 */

/* The sound manifest with one piece replaced by another. */
static const char *changed(const char *piece, const char *by) {
    const char *at = strstr(sound, piece);
    char *text = NULL;
    if (at == NULL)
        cr_assert_fail("the manifest has no %s", piece);
    cr_assert_null(strstr(at + 1, piece), "%s is there twice", piece);
    if (asprintf(&text, "%.*s%s%s", (int)(at - sound), sound, by, at + strlen(piece)) < 0)
        abort();
    return make_own_file("lab.yaml", text);
}

/* Expects one line, "PROGRAM: FILE:LINE:COLUMN: ...MENTION...", and no manifest. Column 0: any. */
static void expect_complaint(const char *path, unsigned line, unsigned column,
                             const char *mention) {
    char place[HELPER_PATH + 64];
    capture_errors();
    struct manifest *manifest = manifest_load(path);
    char *said = captured_errors();
    cr_expect_null(manifest, "it loads, and should say: %s", mention);
    cr_expect_eq(count_lines(said), 1, "one line: %s", said);
    snprintf(place, sizeof place,
             column > 0 ? "%s:%u:%u: "
             : line > 0 ? "%s:%u:"
                        : "%s:",
             path, line, column);
    cr_expect_not_null(strstr(said, place), "\"%s\" is not in: %s", place, said);
    cr_expect_not_null(strstr(said, mention), "\"%s\" is not in: %s", mention, said);
    free(said);
    if (manifest != NULL)
        manifest_free(manifest);
}

Test(manifest, that_is_sound_loads_whole) {
    struct manifest *manifest = manifest_load(make_own_file("lab.yaml", sound));
    const struct manifest_step *step = NULL;
    cr_assert_not_null(manifest);
    cr_expect_str_eq(manifest->lab, "99-fixture");
    cr_expect_eq(manifest->files_count, 2);
    cr_expect_str_eq(manifest->files[1], "more.c");
    cr_expect_eq(manifest->common_count, 0);
    cr_expect_eq(manifest->libraries_count, 0);
    cr_expect_eq(manifest->limits.tmp_mib, 8);
    cr_expect_eq(manifest->starter.score, 40);
    cr_expect_eq(manifest->steps_count, 2);
    cr_expect_eq(manifest->steps[0].tests[1].points, 10);
    cr_expect_eq(manifest->predictions_count, 1);
    cr_expect_eq(manifest_find(manifest, "two/first", &step), &manifest->steps[1].tests[0]);
    cr_expect_eq(step, &manifest->steps[1]);
    cr_expect_null(manifest_find(manifest, "two/second", NULL));
    cr_expect_null(manifest_find(manifest, "tw/first", NULL));
    cr_expect_null(manifest_find(manifest, "first", NULL));
    manifest_free(manifest);
}

Test(manifest, of_every_lab_here_loads) {
    struct manifest *manifest = manifest_load(root_path("labs/01-reads/lab.yaml"));
    cr_assert_not_null(manifest);
    cr_expect_str_eq(manifest->lab, "01-reads");
    cr_expect_str_eq(manifest->program, "reads");
    manifest_free(manifest);
}

Test(manifest, with_an_unknown_key_is_refused_there) {
    expect_complaint(changed("network: none", "network: none\ncolour: red"), 8, 0, "colour");
    expect_complaint(changed("        asks: a\n", "        asks: a\n        asking: c\n"), 20, 0,
                     "asking");
    expect_complaint(changed("tmp_mib: 8}", "tmp_mib: 8, tmp_gib: 1}"), 11, 0, "tmp_gib");
}

Test(manifest, without_a_key_is_refused_at_the_mapping) {
    expect_complaint(changed("title: A lab\n", ""), 1, 0, "title");
    expect_complaint(changed("        hint: b\n", ""), 17, 0, "hint");
    expect_complaint(changed("processes: 16, ", ""), 11, 0, "processes");
    expect_complaint(changed("    unit: reads\n", ""), 26, 0, "unit");
}

Test(manifest, with_a_value_of_another_kind_is_refused_there) {
    expect_complaint(changed("points: 10\n", "points: ten\n"), 18, 0, "ten");
    expect_complaint(changed("points: 10\n", "points: -10\n"), 18, 0, "");
    expect_complaint(changed("points: 10\n", "points: [10]\n"), 18, 0, "");
    expect_complaint(changed("files: [prog.c, more.c]", "files: prog.c"), 5, 0, "");
    expect_complaint(changed("files: [prog.c, more.c]", "files: []"), 5, 0, "");
    expect_complaint(changed("title: A lab", "title: {a: b}"), 2, 0, "");
}

Test(manifest, that_is_no_yaml_is_refused_where_it_breaks) {
    expect_complaint(changed("files: [prog.c, more.c]", "files: [prog.c, more.c"), 5, 0, "");
    expect_complaint(changed("title: A lab", "title: \"A lab"), 0, 0, "");
}

Test(manifest, that_is_missing_or_empty_is_told_in_a_line) {
    expect_complaint(own_file("none.yaml"), 0, 0, "");
    expect_complaint(make_own_file("empty.yaml", ""), 1, 1, "empty");
}

Test(manifest, whose_points_are_not_100_is_refused) {
    expect_complaint(changed("points: 10\n", "points: 11\n"), 13, 3, "add up to 101, not 100");
    expect_complaint(changed("points: 10\n", "points: 0\n"), 13, 3, "add up to 90, not 100");
}

Test(manifest, whose_points_overflow_is_refused) {
    /* 60 + 30 + 2^32 + 10: an int that wraps around would call it 100 */
    expect_complaint(changed("points: 10\n", "points: 4294967306\n"), 18, 0, "");
    expect_complaint(changed("points: 60", "points: 4294967256"), 0, 0, "");
}

Test(manifest, with_a_name_used_twice_is_refused_at_the_second) {
    expect_complaint(changed("id: two", "id: one"), 21, 9, "two steps");
    expect_complaint(changed("name: second", "name: first"), 17, 15, "two tests");
}

Test(manifest, with_a_name_that_is_no_identifier_is_refused) {
    expect_complaint(changed("id: two", "id: tw-o"), 21, 9, "identifier");
    expect_complaint(changed("id: two", "id: Two"), 21, 9, "identifier");
    expect_complaint(changed("name: second", "name: 2nd"), 17, 15, "identifier");
    expect_complaint(changed("name: second", "name: one/second"), 17, 15, "identifier");
}

Test(manifest, whose_starter_fails_a_test_that_is_not_there_is_refused) {
    expect_complaint(changed("[one/first]", "[one/first, one/third]"), 10, 22, "no such test");
}

Test(manifest, with_an_unknown_network_or_subject_is_refused) {
    expect_complaint(changed("network: none", "network: open"), 7, 10, "none or shared");
    expect_complaint(changed("of: starter", "of: teacher"), 29, 9,
                     "starter, submission or machine");
}

Test(manifest, whose_file_lies_elsewhere_is_refused) {
    expect_complaint(changed("more.c", "../more.c"), 5, 17, "plain file name");
    expect_complaint(changed("more.c", "/etc/passwd"), 5, 17, "plain file name");
    expect_complaint(changed("more.c", ".more.c"), 5, 17, "plain file name");
}

/* It may be left out, so the sound manifest has none. */
Test(manifest, names_libraries_as_pkg_config_does) {
    struct manifest *manifest =
        manifest_load(changed("common: []", "common: []\nlibraries: [libcurl, gtk+-3.0]"));
    cr_assert_not_null(manifest);
    cr_expect_eq(manifest->libraries_count, 2);
    cr_expect_str_eq(manifest->libraries[0], "libcurl");
    cr_expect_str_eq(manifest->libraries[1], "gtk+-3.0");
    manifest_free(manifest);
}

/* These names become words of command lines, on which an option would change what is built. */
Test(manifest, whose_library_is_no_name_is_refused) {
    static const char *const bad[] = {"-static", "'a b'",   "'$(id)'",       "'a;b'",
                                      "../libx", "'\"x\"'", "'libcurl >= 8'"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char line[128];
        snprintf(line, sizeof line, "common: []\nlibraries: [libcurl, %s]", bad[i]);
        expect_complaint(changed("common: []", line), 7, 22, "pkg-config");
    }
    expect_complaint(changed("common: []", "common: []\nlibraries: libcurl"), 7, 0, "");
}

/* These names become parts of paths: of the executable, and of modules. */
Test(manifest, whose_program_or_module_lies_elsewhere_is_refused) {
    expect_complaint(changed("program: prog", "program: ../prog"), 4, 10, "");
    expect_complaint(changed("common: []", "common: [../grader/judge]"), 6, 10, "");
}

/* ---- The tests in the code against those in the manifest ---- */

static struct lab fixture_lab(void) {
    struct lab lab = {0};
    snprintf(lab.manifest_path, sizeof lab.manifest_path, "%s", make_own_file("lab.yaml", sound));
    lab.manifest = manifest_load(lab.manifest_path);
    cr_assert_not_null(lab.manifest);
    return lab;
}

static json_t *plan_of(const char *first, const char *second, const char *third,
                       const char *fourth) {
    return json_pack("{s[sss*s*] s{ss ss}}", "tests", first, second, third, fourth, "places",
                     "two/more", "labs/99-fixture/tests/two.c:7", "three/x",
                     "labs/99-fixture/tests/three.c:9");
}

static void expect_plan_complaint(json_t *plan, const char *place, const char *mention) {
    struct lab lab = fixture_lab();
    capture_errors();
    int status = verdicts_check_plan(&lab, plan);
    char *said = captured_errors();
    cr_expect_lt(status, 0);
    cr_expect_eq(count_lines(said), 1, "%s", said);
    cr_expect_not_null(strstr(said, place), "%s is not in: %s", place, said);
    cr_expect_not_null(strstr(said, mention), "%s is not in: %s", mention, said);
    free(said);
    json_decref(plan);
    manifest_free(lab.manifest);
}

Test(plan, that_names_the_same_tests_is_sound) {
    struct lab lab = fixture_lab();
    json_t *plan = plan_of("two/first", "one/second", "one/first", NULL);
    cr_expect_eq(verdicts_check_plan(&lab, plan), 0);
    json_decref(plan);
    manifest_free(lab.manifest);
}

Test(plan, with_a_test_that_the_manifest_lacks_is_refused_at_the_tests_source) {
    expect_plan_complaint(plan_of("one/first", "one/second", "two/first", "two/more"),
                          "tests/two.c:7: ", "two/more");
    expect_plan_complaint(plan_of("one/first", "one/second", "two/first", "three/x"),
                          "tests/three.c:9: ", "three/x");
}

Test(plan, without_a_test_of_the_manifest_is_refused_at_its_name) {
    expect_plan_complaint(plan_of("one/first", "two/first", NULL, NULL),
                          "lab.yaml:17:15: ", "no such test");
    expect_plan_complaint(plan_of("one/second", "two/first", NULL, NULL),
                          "lab.yaml:16:16: ", "no such test");
    expect_plan_complaint(plan_of("one/first", "one/second", NULL, NULL),
                          "lab.yaml:24:16: ", "no such test");
}
