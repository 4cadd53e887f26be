/* attack: announces itself in one line of almost 4 MiB, which a failure would quote in every test
 * lab: 02
 * expect: nothing
 */

/* Output is capped at 4 MiB a run; a message that repeats what was said is a multiple of that: in
 * the record, in the result, in each report. Of forty tests that is 160 MB. The end of the line
 * names a port on which nobody listens. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 4000000 };

int main(void) {
    static char line[LINE_BYTES];
    memset(line, 'A', sizeof line);
    memcpy(line, "hearing on ", 11);
    memcpy(line + 100000, "SECRET", 6); /* whoever quotes that far */
    memcpy(line + sizeof line - 4, ":1\n", 3);
    for (size_t sent = 0; sent < sizeof line - 1;) {
        ssize_t count = write(1, line + sent, sizeof line - 1 - sent);
        if (count <= 0)
            return 1;
        sent += (size_t)count;
    }
    return 0;
}
