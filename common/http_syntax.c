/*
 * Pieces of text. A table says which characters are of which kind, so that a byte costs one look;
 * functions of <ctype.h> would ask the locale.
 */
#include "common/http_syntax.h"

#include <string.h>

/* Most characters are of several kinds at once, so each has a bit of its own.
 * Allowed in names of hosts and in paths: RFC 3986's unreserved characters and sub-delims. */
enum { IN_URI = TEXT_NAME | TEXT_PATH | TEXT_ADDRESS };
enum { LETTER = IN_URI | TEXT_TOKEN | TEXT_VALUE };

/* __extension__, for ranges are GNU's and -Wpedantic would say so. */
__extension__ static const uint8_t kinds[256] = {
    ['\t'] = TEXT_SPACE | TEXT_VALUE,
    [' '] = TEXT_SPACE | TEXT_VALUE,
    ['!'] = LETTER,
    ['"'] = TEXT_VALUE,
    ['#'] = TEXT_TOKEN | TEXT_VALUE,
    ['$'] = LETTER,
    ['%'] = TEXT_TOKEN | TEXT_VALUE,
    ['&' ... '\''] = LETTER,
    ['(' ... ')'] = IN_URI | TEXT_VALUE,
    ['*' ... '+'] = LETTER,
    [','] = IN_URI | TEXT_VALUE,
    ['-' ... '.'] = LETTER,
    ['/'] = TEXT_PATH | TEXT_VALUE,
    ['0' ... '9'] = LETTER | TEXT_HEX | TEXT_DIGIT,
    [':'] = TEXT_PATH | TEXT_ADDRESS | TEXT_VALUE,
    [';'] = IN_URI | TEXT_VALUE,
    ['<'] = TEXT_VALUE,
    ['='] = IN_URI | TEXT_VALUE,
    ['>'] = TEXT_VALUE,
    ['?' ... '@'] = TEXT_PATH | TEXT_VALUE,
    ['A' ... 'F'] = LETTER | TEXT_HEX,
    ['G' ... 'Z'] = LETTER,
    ['[' ... ']'] = TEXT_VALUE,
    ['^'] = TEXT_TOKEN | TEXT_VALUE,
    ['_'] = LETTER,
    ['`'] = TEXT_TOKEN | TEXT_VALUE,
    ['a' ... 'f'] = LETTER | TEXT_HEX,
    ['g' ... 'z'] = LETTER,
    ['{'] = TEXT_VALUE,
    ['|'] = TEXT_TOKEN | TEXT_VALUE,
    ['}'] = TEXT_VALUE,
    ['~'] = LETTER,
    [0x80 ... 0xff] = TEXT_VALUE,
};

static bool is_empty(struct text text) {
    return text.at == text.end;
}

static bool is(char byte, enum text_kind kind) {
    return (kinds[(unsigned char)byte] & kind) != 0;
}

static char lower(char byte) {
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

bool text_is_like(struct text text, const char *expected) {
    while (!is_empty(text) && *expected != '\0' && lower(*text.at) == lower(*expected)) {
        text.at++;
        expected++;
    }
    return is_empty(text) && *expected == '\0';
}

/* Methods know case: "get" is not GET (RFC 9110, section 9.1). */
bool text_is(struct text text, const char *expected) {
    size_t length = (size_t)(text.end - text.at);
    return length == strlen(expected) && memcmp(text.at, expected, length) == 0;
}

size_t text_take(struct text *text, enum text_kind kind) {
    const char *at = text->at;
    while (at < text->end && is(*at, kind))
        at++;
    size_t taken = (size_t)(at - text->at);
    text->at = at;
    return taken;
}

/* A "%" that nothing could decode ends the piece, and the caller finds that not all was taken. */
size_t text_take_encoded(struct text *text, enum text_kind kind) {
    const char *start = text->at;
    for (;;) {
        text_take(text, kind);
        const char *at = text->at;
        if (text->end - at < 3 || *at != '%' || !is(at[1], TEXT_HEX) || !is(at[2], TEXT_HEX))
            return (size_t)(at - start);
        text->at += 3;
    }
}

bool text_take_byte(struct text *text, char expected) {
    if (is_empty(*text) || *text->at != expected)
        return false;
    text->at++;
    return true;
}

bool text_is_all(struct text text, enum text_kind kind) {
    text_take(&text, kind);
    return is_empty(text);
}

bool text_split(struct text text, char at, struct text *left, struct text *right) {
    const char *found = memchr(text.at, at, (size_t)(text.end - text.at));
    if (found == NULL)
        return false;
    *left = (struct text){text.at, found};
    *right = (struct text){found + 1, text.end};
    return true;
}

struct text text_trim(struct text text) {
    text_take(&text, TEXT_SPACE);
    while (!is_empty(text) && is(text.end[-1], TEXT_SPACE))
        text.end--;
    return text;
}

/* Commas in quotes are not spared: no list that is read here has elements with quotes. */
bool text_take_element(struct text *list, struct text *element) {
    while (!is_empty(*list)) {
        if (!text_split(*list, ',', element, list)) {
            *element = *list;
            list->at = list->end;
        }
        *element = text_trim(*element);
        if (!is_empty(*element))
            return true;
    }
    return false;
}

/* Stops when it is beyond the limit; a limit of 28 bits leaves room for the digit that passes it. */
uint32_t text_number(struct text digits, uint32_t base, uint32_t limit) {
    uint32_t value = 0;
    for (const char *at = digits.at; at < digits.end && value <= limit; at++)
        value = value * base + (uint32_t)(is(*at, TEXT_DIGIT) ? *at - '0' : lower(*at) - 'a' + 10);
    return value;
}

/* ---- Hosts ---- */

/* The name, or the address in brackets, in which colons do not begin a port. Whether an address is
 * one does not matter: nothing here connects to it. */
static void take_host(struct text *text) {
    struct text address = *text;
    if (!text_take_byte(&address, '[')) {
        text_take_encoded(text, TEXT_NAME);
        return;
    }
    if (text_take(&address, TEXT_ADDRESS) > 0 && text_take_byte(&address, ']'))
        *text = address;
}

bool text_is_authority(struct text text) {
    take_host(&text);
    return is_empty(text) || (text_take_byte(&text, ':') && text_is_all(text, TEXT_DIGIT));
}

bool text_is_host_and_port(struct text text) {
    const char *host = text.at;
    take_host(&text);
    return text.at > host && text_take_byte(&text, ':') && !is_empty(text) &&
           text_is_all(text, TEXT_DIGIT);
}

/* ---- Chunk extensions ---- */

/* A backslash takes what follows it, a quote as well, out of the game. */
static bool take_quoted(struct text *text) {
    if (!text_take_byte(text, '"'))
        return false;
    while (!text_take_byte(text, '"')) {
        text_take_byte(text, '\\');
        if (is_empty(*text) || !is(*text->at, TEXT_VALUE))
            return false;
        text->at++;
    }
    return true;
}

/* *(";" name ["=" value]), with white space anywhere but at the end. */
bool text_is_chunk_extensions(struct text text) {
    while (!is_empty(text)) {
        text_take(&text, TEXT_SPACE);
        if (!text_take_byte(&text, ';'))
            return false;
        text_take(&text, TEXT_SPACE);
        if (text_take(&text, TEXT_TOKEN) == 0)
            return false;
        struct text value = text;
        text_take(&value, TEXT_SPACE);
        if (!text_take_byte(&value, '='))
            continue;
        text_take(&value, TEXT_SPACE);
        if (!take_quoted(&value) && text_take(&value, TEXT_TOKEN) == 0)
            return false;
        text = value;
    }
    return true;
}
