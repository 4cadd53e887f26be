/*
 * The small grammar below HTTP's messages (RFC 9110, RFC 3986): pieces of text, what they may be
 * made of, and how they are taken apart. Inner part of common/http.c; programs need common/http.h.
 *
 * Nothing here allocates, copies, or looks beyond a text's end, and no text ends in a NUL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From `at` up to `end`, which is not part of it. Taking from it moves `at`. */
struct text {
    const char *at;
    const char *end;
};

enum text_kind {
    TEXT_TOKEN = 1,   /* names of methods, fields, options: RFC 9110, section 5.6.2 */
    TEXT_NAME = 2,    /* of a host, apart from %XX: RFC 3986, section 3.2.2 */
    TEXT_PATH = 4,    /* a path and its query, apart from %XX: RFC 3986, sections 3.3, 3.4 */
    TEXT_ADDRESS = 8, /* between the brackets of a host: RFC 3986, section 3.2.2 */
    TEXT_HEX = 16,
    TEXT_DIGIT = 32,
    TEXT_SPACE = 64,  /* blank and tab: RFC 9110, section 5.6.3 */
    TEXT_VALUE = 128, /* a field's value: no control character but tab: RFC 9110, section 5.5 */
};

/* Without regard to case, as for field names; and with regard to it, as for methods. */
bool text_is_like(struct text text, const char *expected);
bool text_is(struct text text, const char *expected);

/* Takes all leading characters of a kind and returns how many. */
size_t text_take(struct text *text, enum text_kind kind);

/* Likewise, of a URI: "%" and two hexadecimal digits count as one of any kind. */
size_t text_take_encoded(struct text *text, enum text_kind kind);

/* Takes `expected`, or nothing when the text begins otherwise. */
bool text_take_byte(struct text *text, char expected);

/* Whether it is of this kind throughout; an empty one is. */
bool text_is_all(struct text text, enum text_kind kind);

/* Cuts at the first such byte, which is in neither half; false when there is none. */
bool text_split(struct text text, char at, struct text *left, struct text *right);

/* Without the white space around it. */
struct text text_trim(struct text text);

/* Takes the next element of a comma-separated list; empty ones don't count (RFC 9110, section
 * 5.6.1.2). Returns false when there is none left. */
bool text_take_element(struct text *list, struct text *element);

/* The value of digits to base 10 or 16. One above `limit` comes back as some number above it: it
 * can't wrap around, whatever the count of digits. `limit` is below 1 << 28. */
uint32_t text_number(struct text digits, uint32_t base, uint32_t limit);

/* "host", "host:80", "[::1]:80", "", ":80": RFC 9110, section 7.2. No user and password in front,
 * which is how links deceive: section 4.2.4. */
bool text_is_authority(struct text text);

/* "host:80", with both: RFC 9112, section 3.2.3. */
bool text_is_host_and_port(struct text text);

/* What may stand behind the size of a chunk: RFC 9112, section 7.1.1. */
bool text_is_chunk_extensions(struct text text);
