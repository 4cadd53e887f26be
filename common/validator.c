/* Fields of an answer, dates, and a small file of two lines. */
#include "common/validator.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"

enum { NOTE_BYTES = 128 << 10 };

static void keep(const char *field, size_t length, const char *name, char *value) {
    size_t skip = strlen(name);
    if (length < skip || strncasecmp(field, name, skip) != 0)
        return;
    while (skip < length && isspace((unsigned char)field[skip]))
        skip++;
    while (length > skip && isspace((unsigned char)field[length - 1]))
        length--;
    length -= skip;
    snprintf(value, VALIDATOR_BYTES, "%.*s", length < VALIDATOR_BYTES ? (int)length : 0,
             field + skip);
}

void validator_hear(struct validator *validator, const char *field, size_t length) {
    if (length > 5 && memcmp(field, "HTTP/", 5) == 0)
        *validator = (struct validator){0};
    keep(field, length, "ETag:", validator->etag);
    keep(field, length, "Last-Modified:", validator->modified);
    keep(field, length, "Date:", validator->date);
    keep(field, length, "Content-Range:", validator->range);
}

/* The form that is sent; the two older ones of RFC 9110, section 5.6.7, are no date to us. */
static time_t seconds_of(const char *date) {
    struct tm parts = {0};
    const char *end = strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return end == NULL || *end != '\0' ? -1 : timegm(&parts);
}

const char *validator_text(const struct validator *validator) {
    if (validator->etag[0] != '\0')
        return validator->etag[0] == '"' ? validator->etag : NULL;
    time_t modified = seconds_of(validator->modified);
    return modified >= 0 && modified < seconds_of(validator->date) ? validator->modified : NULL;
}

static int open_note(int folder, const char *name, int flags) {
    char path[NAME_MAX + 8];
    snprintf(path, sizeof path, "%s.note", name);
    return openat(folder, path, flags | O_NOFOLLOW | O_CLOEXEC, 0666);
}

bool validator_note(int folder, const char *name, const char *url,
                    const struct validator *validator) {
    const char *text = validator_text(validator);
    int fd = text == NULL ? -1 : open_note(folder, name, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0)
        return false;
    bool written = dprintf(fd, "%s\n%s\n", url, text) > 0;
    return close(fd) == 0 && written;
}

/* What follows the URL, up to the second newline: without it the disk was full, or a crash came. */
static char *text_for(const char *url, const char *note) {
    size_t length = strlen(url);
    if (strncmp(note, url, length) != 0 || note[length] != '\n')
        return NULL;
    const char *text = note + length + 1, *end = strchr(text, '\n');
    return end == NULL || end == text ? NULL : strndup(text, (size_t)(end - text));
}

void validator_forget(int folder, const char *name) {
    char path[NAME_MAX + 8];
    snprintf(path, sizeof path, "%s.note", name);
    unlinkat(folder, path, 0);
}

char *validator_noted(int folder, const char *name, const char *url) {
    int fd = open_note(folder, name, O_RDONLY);
    char *note = fd < 0 ? NULL : read_whole(fd, NOTE_BYTES, NULL);
    if (fd >= 0)
        close(fd);
    char *text = note == NULL ? NULL : text_for(url, note);
    free(note);
    if (fd >= 0 && text == NULL)
        validator_forget(folder, name);
    return text;
}
