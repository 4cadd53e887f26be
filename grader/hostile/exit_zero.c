/* attack: leaves with exit(0) at once, without a word
 * expect: nothing
 */

/* Code linked into its judge could end the judge this way, with success. Run from outside it only
 * says that this program is content; a test that it passes is a test that looks at nothing. */

#include <stdlib.h>

int main(void) {
    exit(0);
}
