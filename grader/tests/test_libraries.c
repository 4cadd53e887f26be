/* Libraries of the system that a manifest names: a submission is linked with them, inside of the
 * sandbox, and with no others. What is missing on the machine is not held against a submission. */
#include "grader/tests/fixture.h"

TestSuite(libraries, .timeout = 240, .init = make_fixture);

/* Adds the line to the manifest of the fixture's lab. */
static void manifest_with(const char *line) {
    static const char before[] = "network:";
    const char *path = "root/labs/99-fixture/lab.yaml";
    const char *text = file_text(own_file(path));
    const char *at = strstr(text, before);
    char *changed = NULL;
    cr_assert_not_null(at);
    if (asprintf(&changed, "%.*s%s\n%s", (int)(at - text), text, line, at) < 0)
        abort();
    make_own_file(path, changed);
}

/* The fixture's program, which ends at once unless both libraries are there and work. */
static const char *submission(void) {
    const char *program = file_text(own_file("root/labs/99-fixture/starter/prog.c"));
    char *text = NULL;
    mkdir(own_file("submission"), 0755);
    if (asprintf(&text,
                 "#define GOOD 1\n#include <curl/curl.h>\n#include <jansson.h>\n"
                 "__attribute__((constructor)) static void use_both(void) {\n"
                 "    json_t *object = json_object();\n"
                 "    if (curl_version() == 0 || object == 0) __builtin_trap();\n"
                 "    json_decref(object);\n}\n%s",
                 program) < 0)
        abort();
    make_own_file("submission/prog.c", text);
    return own_file("submission");
}

static struct graded grade(const char *sandbox) {
    return GRADE("run", "99", "--submission", submission(), "--json", "-", "--sandbox", sandbox);
}

static void expect_built(const char *sandbox) {
    json_t *result = result_in(grade(sandbox));
    expect_status(result, "answers", "passed");
    json_decref(result);
}

Test(libraries, that_are_named_are_linked) {
    manifest_with("libraries: [libcurl, jansson]");
    expect_built("auto");
}

Test(libraries, are_linked_without_a_sandbox_too) {
    manifest_with("libraries: [libcurl, jansson]");
    expect_built("none");
}

Test(libraries, that_are_not_named_are_not_linked) {
    manifest_with("libraries: [libcurl]");
    json_t *result = result_in(grade("auto"));
    char *text = json_dumps(result, 0);
    expect_status(result, "answers", "error");
    cr_expect_not_null(strstr(text, "undefined reference to `json_object'"), "%s", text);
    cr_expect_null(strstr(text, "curl_version'"), "%s", text);
    free(text);
    json_decref(result);
}

/* Nobody's score may depend on what an instructor has forgotten to install. */
Test(libraries, that_are_not_installed_are_the_machines_fault) {
    manifest_with("libraries: [libcurl, no-such-library]");
    struct graded graded = grade("auto");
    cr_expect_eq(graded.status, 3);
    cr_expect_str_empty(graded.output);
    cr_expect_not_null(strstr(graded.errors, "no-such-library"), "%s", graded.errors);
}

/* An update may rename a source; what it was compiled to before lies in build/ until a `make clean`. */
Test(libraries, objects_without_a_source_are_left_out) {
    manifest_with("libraries: [libcurl, jansson]");
    make_own_file("root/build/common/io_gone.o", "no object at all\n");
    expect_built("auto");
}
