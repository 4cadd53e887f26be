/*
 * Lines of a descriptor, for a program that waits elsewhere: it reads when poll(2) says so, once a
 * time, and takes the lines that are whole. A line is as long as LINES_BYTES at most; the memory is
 * fixed, however much comes and however slowly. Words of a command line are taken the same way.
 *
 * Left out: waiting, opening and closing; reading ahead of what was asked for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { LINES_BYTES = 64 << 10 };

/* `{.fd = FD}` is a good beginning, and so is `{.words = WORDS}`. */
struct lines {
    int fd;
    char **words; /* up to a NULL, to be taken instead; or NULL */
    long number;  /* of lines taken, so that of the last one; the first is 1 */
    bool ended;   /* nothing is left to read, though lines may be left to take */
    /* private: */
    bool in_long_line;
    size_t start, end;
    char text[LINES_BYTES];
};

/*
 * Makes one read(2), unless the memory is full of lines to be taken. At the end, and when reading
 * fails, `ended` is set.
 * Returns 0, also when nothing had come after all, or -1 with errno.
 */
int lines_read(struct lines *lines);

/*
 * Takes the next line, without blanks around it and without its newline, which the last one need
 * not have. It stays until the next lines_read(). A line that is too long, or holds a NUL, is
 * LINES_BAD instead. Words are taken as they are.
 * Returns NULL when no line is whole: read, unless `ended`, which after the last word it is.
 */
char *lines_take(struct lines *lines);

#define LINES_BAD "\177"
