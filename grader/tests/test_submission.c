/* Taking a submission: only plain files of sane size, only those that the manifest names, and a
 * digest that says which they were. And a learner's predict.yaml, which is read outside the
 * sandbox. */
#include "grader/submission.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "grader/predictions.h"
#include "grader/tests/helpers.h"

TestSuite(submission, .timeout = 30);
TestSuite(predictions, .timeout = 30);

static char *names[] = {(char[]){"a.c"}, (char[]){"b.c"}};

static struct manifest two_files(void) {
    return (struct manifest){.files = names, .files_count = 2};
}

/* Takes the test's folder "in" into a new folder "out". Returns the digest, or NULL with the
 * reason. */
static const char *taken(char why[256]) {
    static int numbers;
    char name[32];
    struct submission *submission = calloc(1, sizeof *submission);
    struct manifest manifest = two_files();
    snprintf(name, sizeof name, "out%d", numbers++);
    cr_assert_eq(mkdir(own_file(name), 0755), 0);
    why[0] = '\0';
    int status = submission_take(submission, &manifest, own_file("in"), own_file(name), why, 256);
    return status == 0 ? submission->digest : NULL;
}

static void begin(void) {
    mkdir(own_file("in"), 0755);
    make_own_file("in/a.c", "int a;\n");
    make_own_file("in/b.c", "int b;\n");
}

/* What stands at in/b.c is refused, in a word of the reason; b.c is named. */
static void expect_refused(const char *mention) {
    char why[256];
    cr_expect_null(taken(why), "it was taken, and should be refused: %s", mention);
    cr_expect_eq(strncmp(why, "b.c: ", 5), 0, "%s", why);
    cr_expect_not_null(strstr(why, mention), "%s is not in: %s", mention, why);
    remove(own_file("in/b.c"));
}

Test(submission, of_plain_files_is_copied_and_nothing_else_taken, .init = begin) {
    char why[256];
    make_own_file("in/c.c", "not named\n");
    make_own_file("in/Makefile", "not named\n");
    cr_assert_not_null(taken(why), "%s", why);
    cr_expect_str_eq(file_text(own_file("out0/a.c")), "int a;\n");
    cr_expect_str_eq(file_text(own_file("out0/b.c")), "int b;\n");
    cr_expect_lt(access(own_file("out0/c.c"), F_OK), 0);
    cr_expect_lt(access(own_file("out0/Makefile"), F_OK), 0);
}

Test(submission, with_a_link_is_refused, .init = begin) {
    remove(own_file("in/b.c"));
    cr_assert_eq(symlink("/etc/passwd", own_file("in/b.c")), 0);
    expect_refused("link");
    cr_assert_eq(symlink("a.c", own_file("in/b.c")), 0);
    expect_refused("link");
    cr_assert_eq(symlink("nowhere", own_file("in/b.c")), 0);
    expect_refused("link");
}

Test(submission, with_anything_but_a_regular_file_is_refused_at_once, .init = begin) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    remove(own_file("in/b.c"));
    expect_refused("No such file");
    cr_assert_eq(mkdir(own_file("in/b.c"), 0755), 0);
    expect_refused("not a regular file");
    cr_assert_eq(mkfifo(own_file("in/b.c"), 0644), 0); /* an open of it would wait for a writer */
    expect_refused("not a regular file");
    snprintf(address.sun_path, sizeof address.sun_path, "%s", own_file("in/b.c"));
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    expect_refused("");
    close(fd);
}

Test(submission, with_a_file_over_1_mib_is_refused, .init = begin) {
    char why[256];
    cr_assert_eq(truncate(own_file("in/b.c"), 1 << 20), 0);
    cr_expect_not_null(taken(why), "just 1 MiB: %s", why);
    cr_assert_eq(truncate(own_file("in/b.c"), (1 << 20) + 1), 0);
    expect_refused("1 MiB");
}

Test(submission, that_may_not_be_read_is_refused, .init = begin) {
    if (geteuid() == 0)
        cr_skip_test("root may read everything");
    cr_assert_eq(chmod(own_file("in/b.c"), 0), 0);
    expect_refused("Permission denied");
}

Test(submission, has_a_digest_of_names_and_contents, .init = begin) {
    char why[256];
    const char *first = taken(why), *again = taken(why);
    cr_assert(first != NULL && again != NULL);
    cr_expect_eq(strlen(first), 64);
    cr_expect_str_eq(first, again, "the same files, the same digest");
    make_own_file("in/b.c", "int c;\n");
    cr_expect_str_neq(taken(why), first, "other contents");
    make_own_file("in/a.c", "int b;\n");
    make_own_file("in/b.c", "int a;\n");
    cr_expect_str_neq(taken(why), first, "the contents of the two exchanged");
    make_own_file("in/a.c", "int a;\nint b;\n");
    make_own_file("in/b.c", "");
    cr_expect_str_neq(taken(why), first, "a border moved");
    make_own_file("in/a.c", "int a;\n");
    make_own_file("in/b.c", "int b;\n");
    make_own_file("in/c.c", "not named\n");
    cr_expect_str_eq(taken(why), first, "what is not taken does not matter");
}

/* ---- predict.yaml: also the learner's, and read without a sandbox ---- */

static json_t *predicted(void) {
    char id[] = "p", question[] = "q", unit[] = "reads", of[] = "submission", measure[] = "m";
    struct manifest_prediction asked = {id, question, unit, of, measure};
    struct manifest manifest = {.predictions = &asked, .predictions_count = 1};
    struct lab lab = {.manifest = &manifest};
    json_t *measured = json_pack("{s{si}}", "m", "value", 7), *reference = json_object();
    json_t *list = predictions_make(&lab, own_file(""), reference, measured);
    json_t *first = json_deep_copy(json_array_get(list, 0));
    json_decref(list);
    json_decref(measured);
    json_decref(reference);
    return first;
}

static void expect_no_prediction(size_t lines) {
    capture_errors();
    json_t *first = predicted();
    char *said = captured_errors();
    cr_expect_null(json_object_get(first, "predicted"));
    cr_expect_null(json_object_get(first, "measured"), "who has not predicted is not told");
    cr_expect_eq(count_lines(said), lines, "%s", said);
    cr_expect(lines == 0 || strstr(said, "predict.yaml: ") != NULL, "%s", said);
    remove(own_file("predict.yaml"));
    json_decref(first);
    free(said);
}

Test(predictions, stand_beside_what_was_measured) {
    make_own_file("predict.yaml", "predictions:\n  - id: p\n    answer: 12\n");
    json_t *first = predicted();
    cr_expect_eq(json_integer_value(json_object_get(first, "predicted")), 12);
    cr_expect_eq(json_integer_value(json_object_get(first, "measured")), 7);
    json_decref(first);
}

Test(predictions, not_made_yet_are_no_trouble) {
    expect_no_prediction(0);
    make_own_file("predict.yaml", "predictions:\n  - id: p\n    answer:\n");
    expect_no_prediction(0);
    make_own_file("predict.yaml", "predictions:\n  - id: other\n    answer: 3\n");
    expect_no_prediction(0);
}

Test(predictions, that_can_not_be_read_are_told_in_one_line) {
    make_own_file("predict.yaml", "predictions:\n  - id: p\n    answer: many\n");
    expect_no_prediction(1);
    make_own_file("predict.yaml", "");
    expect_no_prediction(0);
    make_own_file("predict.yaml", "predictions: [[[[\n");
    expect_no_prediction(1);
}

/* The grader itself would wait for ever, or read for ever, or read what is not the learner's. */
Test(predictions, in_anything_but_a_plain_file_are_not_read) {
    cr_assert_eq(mkfifo(own_file("predict.yaml"), 0644), 0);
    expect_no_prediction(1);
    cr_assert_eq(symlink("/dev/zero", own_file("predict.yaml")), 0);
    expect_no_prediction(1);
    make_own_file("elsewhere", "predictions:\n  - id: p\n    answer: 12\n");
    cr_assert_eq(symlink("elsewhere", own_file("predict.yaml")), 0);
    expect_no_prediction(1);
    make_own_file("predict.yaml", "");
    cr_assert_eq(truncate(own_file("predict.yaml"), (1 << 20) + 1), 0);
    expect_no_prediction(1);
}

/* Nine levels of nine aliases would be 400 million nodes. */
Test(predictions, that_explode_when_expanded_are_told_in_one_line) {
    make_own_file("predict.yaml", "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                                  "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                                  "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                                  "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
                                  "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
                                  "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
                                  "h: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n"
                                  "predictions: *h\n");
    expect_no_prediction(1);
}
