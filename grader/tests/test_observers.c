/* What the testkit promises of subjects and of programs that observe them, by grading
 * fixture/labs/96-observer: its program sees what a subject says that it did, whether that runs
 * beside it or is started by it, and can't speak in its place. */
#include "grader/sandbox/cgroup.h"
#include "grader/tests/outcomes.h"

TestSuite(observers, .timeout = 240, .init = make_observer_fixture);

static const struct outcome owes[] = {
    {"marks_of_its_own", "marks from the subject alone", "one from another program"},
    {"another_word", "the subject's word `touched`", "`started`"},
};

static bool can_make_groups(void) {
    struct cgroup group;
    bool made = cgroup_make(&group, "groundwork-test-observers", 8, 1 << 20) > 0 &&
                cgroup_memory_folder(&group) != NULL;
    cgroup_remove(&group);
    return made;
}

Test(observers, see_what_subjects_say_and_say_nothing_for_them) {
    const char *folder = own_file("root/labs/96-observer/starter");
    json_t *result = result_in(GRADE("run", "96", "--submission", folder, "--json", "-"));
    expect_failures(result, "owes", owes, sizeof owes / sizeof *owes);
    expect_passes(result, "keeps");
    cr_expect_str_eq(result_text(test_of(result, "group", "its_own"), "status"),
                     can_make_groups() ? "passed" : "unmeasured");
    json_decref(result);
}
