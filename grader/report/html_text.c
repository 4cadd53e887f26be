/* Text on its way into the page.
 *
 * A submission says what it likes: its name, its output and its paths end up in the result. Here,
 * and only here, text becomes HTML: markup characters are escaped, and characters that no reader
 * sees but that change what a reader sees are dropped (controls, direction overrides, invisible
 * ones). */
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "grader/report/html_parts.h"

/* ---- Characters ---- */

/* Decodes a character of UTF-8 and stores its length, at least 1; 0, "drop it", for stray bytes.
 * Strings of jansson are valid; this only must not run past the end of one that is not. */
static uint32_t decode(const char *text, size_t *length) {
    unsigned char first = (unsigned char)text[0];
    size_t bytes = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
    *length = 1;
    if (bytes <= 1)
        return bytes == 1 ? first : 0;
    uint32_t point = first & (0x7fU >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | ((unsigned char)text[i] & 0x3f);
    }
    *length = bytes;
    return point;
}

/* Source: Unicode Standard Annex 9, "Directional Formatting Characters"; HTML Standard, section
 * "Preprocessing the input stream", for controls and noncharacters. */
static bool is_dropped(uint32_t point) {
    static const struct {
        uint32_t first, last;
    } dropped[] = {
        {0x00, 0x08},       {0x0b, 0x1f},     {0x7f, 0x9f}, /* controls but tab and newline */
        {0xad, 0xad},       {0x61c, 0x61c},                 /* soft hyphen, Arabic letter mark */
        {0x200b, 0x200b},   {0x200e, 0x200f},               /* zero width space, direction marks */
        {0x2028, 0x202e},   {0x2060, 0x206f}, /* separators, overrides, isolates, invisibles */
        {0xfdd0, 0xfdef},   {0xfeff, 0xfeff}, /* noncharacters, byte order mark */
        {0xe0000, 0xe007f},                   /* tags: text that is not shown */
    };
    for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
        if (dropped[i].first <= point && point <= dropped[i].last)
            return true;
    return (point & 0xfffe) == 0xfffe;
}

static void put_character(FILE *out, const char *text, size_t length, uint32_t point) {
    if (is_dropped(point))
        return;
    switch (point) {
    case '&':
        fputs("&amp;", out);
        return;
    case '<':
        fputs("&lt;", out);
        return;
    case '>':
        fputs("&gt;", out);
        return;
    case '"':
        fputs("&quot;", out);
        return;
    case '\'':
        fputs("&#39;", out);
        return;
    default:
        fwrite(text, 1, length, out);
    }
}

static void put_escaped(FILE *out, const char *text, const char *end) {
    while (text < end) {
        size_t length;
        uint32_t point = decode(text, &length);
        put_character(out, text, length, point);
        text += length;
    }
}

/* ---- Strings ---- */

void html_put(FILE *out, const char *format, ...) {
    va_list values;
    va_start(values, format);
    for (const char *at = format; *at != '\0'; at++) {
        if (*at != '%') {
            fputc(*at, out);
        } else if (*++at == 's') {
            const char *text = va_arg(values, const char *);
            put_escaped(out, text, text + strlen(text));
        } else {
            fputc('%', out);
        }
    }
    va_end(values);
}

void html_put_prose(FILE *out, const char *text) {
    for (;;) {
        const char *open = strchr(text, '`');
        const char *close = open == NULL ? NULL : strchr(open + 1, '`');
        if (close == NULL)
            break;
        put_escaped(out, text, open);
        fputs("<code>", out);
        put_escaped(out, open + 1, close);
        fputs("</code>", out);
        text = close + 1;
    }
    put_escaped(out, text, text + strlen(text));
}
