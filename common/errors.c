/*
 * Error messages: one line, one write, nothing in it that a terminal would obey. The line is built
 * on the stack, so reporting works when memory has run out.
 */
#define _GNU_SOURCE                                                                                \
    1 /* program_invocation_short_name, and the strerror_r that returns its text                   \
       */
#include "common/errors.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct line {
    size_t length;
    char bytes[3 * ERROR_PART_MAX_BYTES + sizeof ": : \n"];
};
/* Above PIPE_BUF the kernel may mix a write into a pipe with others' (pipe(7)). */
_Static_assert(sizeof(struct line) <= PIPE_BUF, "a line must leave in one piece");

static void append(struct line *line, const char *text, size_t length) {
    memcpy(line->bytes + line->length, text, length);
    line->length += length;
}

/* A line separator or a change of direction would let a name pose as another message. */
static bool is_printable(uint32_t code) {
    bool separates_or_turns = code >= 0x2028 && code <= 0x202e;
    bool isolates = code >= 0x2066 && code <= 0x2069;
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return !separates_or_turns && !isolates && !surrogate && code <= 0x10ffff;
}

/*
 * Returns the length of the printable character that `text` starts with, or 0 when its first byte
 * must be escaped. A NUL is no continuation byte, so a sequence that the end cuts off stops there.
 */
static size_t printable_bytes(const unsigned char *text) {
    if (text[0] < 0x80)
        return text[0] >= ' ' && text[0] != 0x7f && text[0] != '\\';
    if (text[0] < 0xc2 || text[0] > 0xf4)
        return 0;
    size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    uint32_t code = text[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    /* Below its length's range a code is an overlong disguise; below U+00A0, a C1 control. */
    static const uint32_t smallest[] = {0, 0, 0xa0, 0x800, 0x10000};
    return code >= smallest[length] && is_printable(code) ? length : 0;
}

/* Appends `text`, escaped, as far as it fits in ERROR_PART_MAX_BYTES with room for the mark. */
static void append_part(struct line *line, const char *text) {
    const size_t limit = line->length + ERROR_PART_MAX_BYTES - strlen(ERROR_CUT_MARK);
    while (*text != '\0') {
        char shown[sizeof "\\xNN"];
        size_t taken = printable_bytes((const unsigned char *)text);
        size_t length = taken;
        if (taken > 0) {
            memcpy(shown, text, taken);
        } else {
            taken = 1;
            length = (size_t)snprintf(shown, sizeof shown, "\\x%02x", (unsigned char)*text);
        }
        if (line->length + length > limit) {
            append(line, ERROR_CUT_MARK, strlen(ERROR_CUT_MARK));
            return;
        }
        append(line, shown, length);
        text += taken;
    }
}

static void report(const char *what, const char *why) {
    struct line line = {.length = 0};
    append_part(&line, program_invocation_short_name);
    append(&line, ": ", 2);
    append_part(&line, what);
    append(&line, ": ", 2);
    append_part(&line, why);
    append(&line, "\n", 1);

    /* Up to PIPE_BUF a pipe takes all or nothing, so only an interruption is worth another try:
     * finishing a short write would be the second write that lets lines mix. */
    ssize_t put;
    do
        put = write(STDERR_FILENO, line.bytes, line.length);
    while (put == -1 && errno == EINTR);
}

void error_errno(const char *what) {
    int saved = errno;
    char text[128];
    report(what, strerror_r(saved, text, sizeof text));
    errno = saved;
}

void error_because(const char *what, const char *format, ...) {
    int saved = errno;
    /* One byte over what can be shown, so that a reason cut here is cut visibly below. */
    char why[ERROR_PART_MAX_BYTES + 1];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    report(what, length >= 0 ? why : "(the reason cannot be formatted)");
    errno = saved;
}
