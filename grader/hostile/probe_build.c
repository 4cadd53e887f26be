/* attack: asks the compiler which of the grader's files exist, and carries the answer into the run
 * expect: nothing
 */

/* __has_include is a question about the build machine's files that leaves no error behind. A yes is
 * printed after the word SECRET when the program runs. */

#include <signal.h>
#include <stdio.h>

static const char *const seen[] = {
#if __has_include("/srv/groundwork/labs/01-reads/lab.yaml")
    "/srv/groundwork/labs/01-reads/lab.yaml",
#endif
#if __has_include("/srv/groundwork/build/grade")
    "/srv/groundwork/build/grade",
#endif
#if __has_include("lab.yaml")
    "lab.yaml",
#endif
#if __has_include("../lab.yaml")
    "../lab.yaml",
#endif
#if __has_include("../../lab.yaml")
    "../../lab.yaml",
#endif
#if __has_include("labs/01-reads/lab.yaml")
    "labs/01-reads/lab.yaml",
#endif
#if __has_include("../tests/whole_file.c")
    "../tests/whole_file.c",
#endif
#if __has_include("../tests/tests.c")
    "../tests/tests.c",
#endif
#if __has_include("labs/01-reads/tests/whole_file.c")
    "labs/01-reads/tests/whole_file.c",
#endif
#if __has_include("../reference.json")
    "../reference.json",
#endif
#if __has_include("labs/01-reads/reference.json")
    "labs/01-reads/reference.json",
#endif
#if __has_include("/autograder/submission")
    "/autograder/submission",
#endif
#if __has_include("../../Makefile")
    "../../Makefile",
#endif
#if __has_include("../../../Makefile")
    "../../../Makefile",
#endif
#if __has_include("Makefile")
    "Makefile",
#endif
    NULL,
};

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    for (const char *const *path = seen; *path != NULL; path++)
        printf("SECRET %s\n", *path);
    puts("0 0 nothing");
    return 0;
}
