/* attack: one 64 MiB line of NUL, control and broken UTF-8 bytes, on both outputs
 * expect: nothing
 */

/* A judge that reads by lines waits for a newline; one that treats the text as a C string stops at
 * the NUL; JSON made of invalid UTF-8 is refused by jansson, and the verdict is lost with it. */

#include <signal.h>
#include <string.h>
#include <unistd.h>

static char block[1 << 16];

int main(void) {
    static const char broken[] = "\0\x01\x7f\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82";
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof block; i += sizeof broken - 1)
        memcpy(block + i, broken, sizeof broken - 1);
    for (int i = 0; i < 1024; i++) {
        if (write(1, block, sizeof block) < 0)
            break;
        if (write(2, block, sizeof block) < 0)
            break;
    }
    return 0;
}
