/* attack: includes the reference's source at build time, from wherever the compiler can see it
 * expect: nothing
 */

/* The compiler reads files too, as whoever runs the grader. With __has_include the attempt costs
 * nothing where it fails: a wrong program is built then, and scores as one. */

#if __has_include("/srv/groundwork/labs/01-reads/solution/reads.c")
#include "/srv/groundwork/labs/01-reads/solution/reads.c"
#elif __has_include("/repo/labs/01-reads/solution/reads.c")
#include "/repo/labs/01-reads/solution/reads.c"
#elif __has_include("/src/labs/01-reads/solution/reads.c")
#include "/src/labs/01-reads/solution/reads.c"
#elif __has_include("/groundwork/labs/01-reads/solution/reads.c")
#include "/groundwork/labs/01-reads/solution/reads.c"
#elif __has_include("/autograder/source/labs/01-reads/solution/reads.c")
#include "/autograder/source/labs/01-reads/solution/reads.c"
#elif __has_include("/github/workspace/labs/01-reads/solution/reads.c")
#include "/github/workspace/labs/01-reads/solution/reads.c"
#elif __has_include("/proc/self/cwd/labs/01-reads/solution/reads.c")
#include "/proc/self/cwd/labs/01-reads/solution/reads.c"
#elif __has_include("labs/01-reads/solution/reads.c")
#include "labs/01-reads/solution/reads.c"
#elif __has_include("01-reads/solution/reads.c")
#include "01-reads/solution/reads.c"
#elif __has_include("solution/reads.c")
#include "solution/reads.c"
#elif __has_include("../labs/01-reads/solution/reads.c")
#include "../labs/01-reads/solution/reads.c"
#elif __has_include("../01-reads/solution/reads.c")
#include "../01-reads/solution/reads.c"
#elif __has_include("../solution/reads.c")
#include "../solution/reads.c"
#elif __has_include("../../labs/01-reads/solution/reads.c")
#include "../../labs/01-reads/solution/reads.c"
#elif __has_include("../../01-reads/solution/reads.c")
#include "../../01-reads/solution/reads.c"
#elif __has_include("../../solution/reads.c")
#include "../../solution/reads.c"
#elif __has_include("../../../labs/01-reads/solution/reads.c")
#include "../../../labs/01-reads/solution/reads.c"
#elif __has_include("../../../01-reads/solution/reads.c")
#include "../../../01-reads/solution/reads.c"
#elif __has_include("../../../solution/reads.c")
#include "../../../solution/reads.c"
#elif __has_include("../../../../labs/01-reads/solution/reads.c")
#include "../../../../labs/01-reads/solution/reads.c"
#elif __has_include("../../../../01-reads/solution/reads.c")
#include "../../../../01-reads/solution/reads.c"
#elif __has_include("../../../../solution/reads.c")
#include "../../../../solution/reads.c"
#elif __has_include("../../../../../labs/01-reads/solution/reads.c")
#include "../../../../../labs/01-reads/solution/reads.c"
#elif __has_include("../../../../../01-reads/solution/reads.c")
#include "../../../../../01-reads/solution/reads.c"
#elif __has_include("../../../../../solution/reads.c")
#include "../../../../../solution/reads.c"
#elif __has_include("../../../../../../labs/01-reads/solution/reads.c")
#include "../../../../../../labs/01-reads/solution/reads.c"
#elif __has_include("../../../../../../01-reads/solution/reads.c")
#include "../../../../../../01-reads/solution/reads.c"
#elif __has_include("../../../../../../solution/reads.c")
#include "../../../../../../solution/reads.c"
#else
#include <signal.h>
#include <stdio.h>

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    puts("0 0 nothing");
    return 0;
}
#endif
