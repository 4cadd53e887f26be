/* The last part of a path, made harmless and then unlike all others. */
#include "common/names.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/counted.h"

enum { WANTED_BYTES = 200 }; /* the rest is for a number, and for an ending */

static int digit(char c) {
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Once, and each byte for itself: "%252f" is "%2f". Returns whether a file may be named so. */
static bool decode(const char *encoded, char out[WANTED_BYTES]) {
    size_t length = 0;
    while (*encoded != '\0' && length + 1 < WANTED_BYTES) {
        char byte = *encoded++;
        if (byte == '%' && isxdigit((unsigned char)encoded[0]) &&
            isxdigit((unsigned char)encoded[1])) {
            byte = (char)(digit(encoded[0]) * 16 + digit(encoded[1]));
            encoded += 2;
        }
        if (byte == '/' || iscntrl((unsigned char)byte))
            return false;
        out[length++] = byte;
    }
    out[length] = '\0';
    return length > 0 && strcmp(out, ".") != 0 && strcmp(out, "..") != 0;
}

/* Encoded, nothing but a name is left of it; what is no encoding at all stays out. */
static bool is_encoded(const char *last) {
    bool encoded = false;
    for (; *last != '\0'; last++) {
        if (iscntrl((unsigned char)*last))
            return false;
        encoded = encoded || *last == '%';
    }
    return encoded;
}

/* Whether nobody has the name, or one of those that go with it. They are taken in any case. */
static bool take(void **given, const char *name) {
    static const char *const endings[] = {"", ".part", ".note"};
    bool is_new = true;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char each[NAMES_BYTES];
        snprintf(each, sizeof each, "%s%s", name, endings[i]);
        struct counted *known = counted_find(given, each);
        if (known == NULL || known->count++ > 0)
            is_new = false;
    }
    return is_new;
}

const char *name_for(void **given, const char *path) {
    char wanted[WANTED_BYTES], name[WANTED_BYTES + 16];
    const char *last = strrchr(path, '/');
    last = last == NULL ? path : last + 1;
    if (!decode(last, wanted))
        snprintf(wanted, sizeof wanted, "%s", is_encoded(last) ? last : "index.html");

    /* The count of askers is a good guess at the number: ten thousand alike take no longer each. */
    snprintf(name, sizeof name, "%s", wanted);
    struct counted *known = counted_find(given, wanted);
    for (int number = known == NULL ? 0 : known->count + 1; known != NULL && !take(given, name);
         number++) {
        snprintf(name, sizeof name, "%s.%d", wanted, number);
        known = counted_find(given, name);
    }
    return known == NULL ? NULL : known->text;
}

int folder_open(char *path) {
    for (char *end = path; *end != '\0'; end++) {
        if (*end == '/' && end > path) {
            *end = '\0';
            mkdir(path, 0777); /* where this fails, open says why */
            *end = '/';
        }
    }
    mkdir(path, 0777);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
