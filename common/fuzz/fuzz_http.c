/*
 * Fuzz target of the request parser: any bytes, as a connection might bring them. Sanitizers watch
 * each look at memory; this watches that nothing depends on the cuts, that spans stay within their
 * request, and that a date which can be read can be written and read again.
 * Built and run by tools/fuzz.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/tests/http_feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUTS = 8, BYTEWISE_MAX = 1024 };

/* Sizes of pieces that come from the bytes themselves: a finding is its input and nothing else. */
static void derive_cuts(const uint8_t *data, size_t size, size_t sizes[CUTS]) {
    uint32_t hash = 2166136261; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * 16777619;
    size_t longest = 1 + hash % 64 + size / 16;
    for (size_t i = 0; i < CUTS; i++) {
        hash = hash * 1664525 + 1013904223;
        sizes[i] = 1 + (hash >> 8) % longest;
    }
}

static void fail(const char *why, const struct story *whole, const struct story *cut) {
    fprintf(stderr, "fuzz_http: parse: %s\n-- whole:\n%s\n-- in pieces:\n%s\n", why, whole->text,
            cut->text);
    abort();
}

static void compare(const char *bytes, size_t size, const struct story *whole, struct cuts cuts) {
    struct story cut = story_of(bytes, size, cuts);
    if (!are_same(whole, &cut))
        fail(cut.trouble ? cut.trouble : "the cuts changed it", whole, &cut);
    free(cut.text);
}

static void check_parse(const uint8_t *data, size_t size) {
    static const size_t one = 1;
    const char *bytes = (const char *)data;
    struct story whole = story_of(bytes, size, (struct cuts){1, &size});
    if (whole.trouble != NULL)
        fail(whole.trouble, &whole, &whole);
    size_t sizes[CUTS];
    derive_cuts(data, size, sizes);
    compare(bytes, size, &whole, (struct cuts){CUTS, sizes});
    if (size <= BYTEWISE_MAX)
        compare(bytes, size, &whole, (struct cuts){1, &one});
    free(whole.text);
}

static void check_date(const uint8_t *data, size_t size) {
    time_t when;
    time_t again;
    char date[HTTP_DATE_BYTES];
    if (!http_read_date((const char *)data, size, &when) || when < 0)
        return;
    http_write_date(date, when);
    if (!http_read_date(date, sizeof date - 1, &again) || again != when)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    check_parse(data, size);
    check_date(data, size);
    return 0;
}
