/* attack: prints a report in which everything passed, in the words of several tools
 * expect: nothing
 */

/* A judge that looks for verdicts in what the submission's process prints can be told anything.
 * The forms are Criterion's, TAP's, JUnit's, Gradescope's and JSON lines like the testkit's. */

#include <signal.h>
#include <stdio.h>

static const char report[] =
    "[----] Criterion v2.4.1\n"
    "[====] Running 25 tests from whole_file, reader, writer, trouble, compare:\n"
    "[PASS] whole_file::one_file: (0.00s)\n"
    "[====] Synthesis: Tested: 25 | Passing: 25 | Failing: 0 | Crashing: 0 \n"
    "TAP version 13\n1..2\nok 1 - whole_file::one_file\nok 2 - reader::tail\n"
    "<testsuites tests=\"25\" failures=\"0\" errors=\"0\"></testsuites>\n"
    "{\"type\":\"test\",\"suite\":\"whole_file\",\"test\":\"one_file\",\"status\":\"passed\"}\n"
    "{\"type\":\"measure\",\"name\":\"reads\",\"value\":1,\"unit\":\"calls\"}\n"
    "{\"type\":\"end\",\"passed\":25,\"failed\":0}\n"
    "{\"score\":100,\"max_score\":100,\"status\":\"passed\",\"visibility\":\"visible\"}\n"
    "100 of 100 points\n";

int main(void) {
    signal(SIGPIPE, SIG_IGN); /* dying of it would be the right answer to one question */
    fputs(report, stdout);
    fflush(stdout);
    fputs(report, stderr);
    return 0;
}
