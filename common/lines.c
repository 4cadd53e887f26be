/* A buffer with lines in it: taken from the front, filled at the end. */
#include "common/lines.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

int lines_read(struct lines *lines) {
    lines->end -= lines->start;
    memmove(lines->text, lines->text + lines->start, lines->end);
    lines->start = 0;
    if (lines->end == LINES_BYTES && memchr(lines->text, '\n', lines->end) != NULL)
        return 0; /* lines are to be taken first */
    if (lines->end == LINES_BYTES) {
        lines->in_long_line = true;
        lines->end = 0;
    }
    ssize_t count = read(lines->fd, lines->text + lines->end, LINES_BYTES - lines->end);
    if (count > 0)
        lines->end += (size_t)count;
    if (count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN)))
        return 0;
    lines->ended = true;
    if (lines->in_long_line || (lines->end > 0 && lines->text[lines->end - 1] != '\n'))
        lines->text[lines->end++] = '\n';
    return (int)count;
}

static char *trimmed(char *line, char *end) {
    while (end > line && isspace((unsigned char)end[-1]))
        end--;
    *end = '\0';
    while (isspace((unsigned char)*line))
        line++;
    return line;
}

static char *take_word(struct lines *lines) {
    char *word = lines->words[lines->number];
    lines->ended = word == NULL;
    lines->number += word != NULL;
    return word;
}

char *lines_take(struct lines *lines) {
    if (lines->words != NULL)
        return take_word(lines);
    char *line = lines->text + lines->start;
    char *end = memchr(line, '\n', lines->end - lines->start);
    if (end == NULL)
        return NULL;
    lines->start = (size_t)(end + 1 - lines->text);
    lines->number++;
    bool bad = lines->in_long_line || memchr(line, '\0', (size_t)(end - line)) != NULL;
    lines->in_long_line = false;
    static char bad_line[] = LINES_BAD;
    return bad ? bad_line : trimmed(line, end);
}
