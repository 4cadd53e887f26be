/*
 * Seeded mutations of requests: the same number gives the same bytes on every machine. Blind, unlike
 * libFuzzer, which sees what a mutation reached; in return it needs no compiler of its own and can
 * be replayed by number.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { MUTANT_BYTES = 20000 };

struct seed {
    const char *bytes;
    size_t length;
};

struct mutant {
    size_t length;
    char bytes[MUTANT_BYTES];
};

/* Reads a seed from a file into `bytes`; false with errno when it can't, or when it is too long. */
static inline bool read_seed(const char *path, char bytes[MUTANT_BYTES], struct seed *seed) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    *seed = (struct seed){bytes, fread(bytes, 1, MUTANT_BYTES, file)};
    bool is_whole = !ferror(file) && fgetc(file) == EOF;
    if (!is_whole)
        errno = ferror(file) ? EIO : EFBIG;
    fclose(file);
    return is_whole;
}

/* Marsaglia's xorshift; never 0. */
static inline uint32_t draw(uint32_t *state, size_t below) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return below > 0 ? (uint32_t)(*state % below) : 0;
}

/* Makes room for `count` bytes at `at`; what no longer fits is lost. Returns how many fit. */
static inline size_t open_gap(struct mutant *mutant, size_t at, size_t count) {
    if (count > MUTANT_BYTES - at)
        count = MUTANT_BYTES - at;
    size_t behind = mutant->length - at;
    if (behind > MUTANT_BYTES - at - count)
        behind = MUTANT_BYTES - at - count;
    memmove(mutant->bytes + at + count, mutant->bytes + at, behind);
    mutant->length = at + count + behind;
    return count;
}

static inline void insert(struct mutant *mutant, size_t at, const char *bytes, size_t count) {
    count = open_gap(mutant, at, count);
    if (count > 0)
        memcpy(mutant->bytes + at, bytes, count);
}

/* Pieces of requests: what a byte changed at random would hardly ever put together. */
static const char *const mutation_words[] = {
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    ":",
    ";",
    ",",
    "=",
    "\"",
    "\\",
    "%",
    "%41",
    "#",
    "?",
    "/",
    "*",
    "[",
    "]",
    "@",
    "0",
    "1",
    "5",
    "a",
    "ffffffff",
    "18446744073709551616",
    "GET ",
    "HEAD ",
    "POST ",
    "OPTIONS * ",
    "CONNECT a:1 ",
    "http://b",
    "HTTP/1.1",
    "HTTP/1.0",
    "HTTP/2.0",
    "Host: a\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Expect: 100-continue\r\n",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    ";a=b",
    ";a=\"b\"",
    " c\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
};

static inline void insert_word(struct mutant *mutant, uint32_t *state) {
    const char *word = mutation_words[draw(state, sizeof mutation_words / sizeof *mutation_words)];
    insert(mutant, draw(state, mutant->length + 1), word, strlen(word));
}

static inline void erase(struct mutant *mutant, uint32_t *state) {
    size_t at = draw(state, mutant->length);
    size_t count = 1 + draw(state, draw(state, 4) == 0 ? 64 : 3);
    if (count > mutant->length - at)
        count = mutant->length - at;
    memmove(mutant->bytes + at, mutant->bytes + at + count, mutant->length - at - count);
    mutant->length -= count;
}

/* A run of one byte, now and then long enough for a limit. */
static inline void swell(struct mutant *mutant, uint32_t *state) {
    size_t at = draw(state, mutant->length);
    char byte = mutant->bytes[at];
    size_t count = draw(state, 16) == 0 ? 7900 + draw(state, 400) : 1 + draw(state, 16);
    count = open_gap(mutant, at, count);
    memset(mutant->bytes + at, byte, count);
}

static inline void repeat(struct mutant *mutant, uint32_t *state) {
    char piece[64];
    size_t at = draw(state, mutant->length);
    size_t count = 1 + draw(state, sizeof piece);
    if (count > mutant->length - at)
        count = mutant->length - at;
    memcpy(piece, mutant->bytes + at, count);
    insert(mutant, draw(state, mutant->length + 1), piece, count);
}

static inline void mutate_once(struct mutant *mutant, const struct seed *other, uint32_t *state) {
    size_t at = draw(state, mutant->length);
    switch (draw(state, 8)) {
    case 0:
        mutant->bytes[at] = (char)draw(state, 256);
        break;
    case 1:
        mutant->bytes[at] ^= (char)(1 << draw(state, 8));
        break;
    case 2:
        erase(mutant, state);
        break;
    case 3:
        repeat(mutant, state);
        break;
    case 4:
        swell(mutant, state);
        break;
    case 5:
        mutant->length = at;
        insert(mutant, at, other->bytes, other->length);
        break;
    default:
        insert_word(mutant, state);
    }
}

/* The mutant of this number. */
static inline void mutate(struct mutant *mutant, const struct seed *seeds, size_t count,
                          uint32_t number) {
    uint32_t state = number * 2654435761U + 1; /* neighbours begin far apart */
    if (state == 0)
        state = 1;
    const struct seed *seed = &seeds[draw(&state, count)];
    mutant->length = 0;
    insert(mutant, 0, seed->bytes, seed->length);
    for (uint32_t i = 1 + draw(&state, 4); i > 0 && mutant->length > 0; i--)
        mutate_once(mutant, &seeds[draw(&state, count)], &state);
}
