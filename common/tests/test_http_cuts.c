/*
 * The parser's first promise: the same bytes give the same parse, however they were cut into
 * pieces. Each example and each seed of the fuzzer's corpus, alone and with others behind it on one
 * connection, is fed whole, cut in two at each byte, byte by byte, and in random pieces.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/tests/http_examples.h"
#include "common/tests/http_feed.h"

TestSuite(http_cuts, .timeout = 120);

enum { RANDOM_CUTS = 20, RANDOM_SIZES = 32, SEED = 20250301 };

/* Marsaglia's xorshift: the same numbers on every machine. */
static uint32_t next_random(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void check(const char *what, const char *bytes, size_t length, const struct story *expected,
                  struct cuts cuts) {
    struct story story = story_of(bytes, length, cuts);
    cr_expect(are_same(&story, expected),
              "%s, in pieces of %zu, %zu ... (of %zu): %s\n%s\nwhole:\n%s", what, cuts.sizes[0],
              cuts.sizes[cuts.count > 1], cuts.count, story.trouble ? story.trouble : "differs",
              story.text, expected->text);
    free(story.text);
}

static void check_random_cuts(const char *what, const char *bytes, size_t length,
                              const struct story *expected) {
    uint32_t state = SEED;
    for (int i = 0; i < RANDOM_CUTS; i++) {
        size_t sizes[RANDOM_SIZES];
        for (size_t j = 0; j < RANDOM_SIZES; j++)
            sizes[j] = 1 + next_random(&state) % (4U << i % 5);
        check(what, bytes, length, expected, (struct cuts){RANDOM_SIZES, sizes});
    }
}

/* Of a long one, `step` bytes lie between the places where it is cut in two. */
static void check_all_cuts(const char *what, const char *bytes, size_t length, size_t step) {
    static const size_t one = 1;
    struct story expected = story_of(bytes, length, (struct cuts){1, &length});
    for (size_t cut = 1; cut < length; cut += step)
        check(what, bytes, length, &expected, (struct cuts){2, (size_t[]){cut, length}});
    check(what, bytes, length, &expected, (struct cuts){1, &one});
    check_random_cuts(what, bytes, length, &expected);
    free(expected.text);
}

/* An array of examples, in the order of all tables. */
static const struct http_example *example_at(size_t i) {
    return i < HTTP_TAKEN_COUNT ? &http_taken[i] : &http_refused[i - HTTP_TAKEN_COUNT];
}

Test(http_cuts, change_nothing_in_one_request) {
    for (size_t i = 0; i < HTTP_TAKEN_COUNT + HTTP_REFUSED_COUNT; i++) {
        const struct http_example *example = example_at(i);
        check_all_cuts(example->what, example->bytes, example->length, 1);
    }
}

/* Each request has another in front of it and one behind. */
Test(http_cuts, change_nothing_in_three_requests) {
    for (size_t i = 0; i < HTTP_TAKEN_COUNT + HTTP_REFUSED_COUNT; i++) {
        const struct http_example *three[] = {&http_taken[i * 7 % HTTP_TAKEN_COUNT], example_at(i),
                                              &http_taken[i * 5 % HTTP_TAKEN_COUNT]};
        char bytes[1024];
        size_t length = 0;
        for (size_t j = 0; j < 3; length += three[j++]->length) {
            cr_assert(length + three[j]->length <= sizeof bytes);
            memcpy(bytes + length, three[j]->bytes, three[j]->length);
        }
        check_all_cuts(three[1]->what, bytes, length, 1);
    }
}

/* As much at once as any client sends: all that are taken, one behind the other. */
Test(http_cuts, change_nothing_in_a_long_pipeline) {
    static char bytes[HTTP_TAKEN_COUNT * 256];
    size_t length = 0;
    for (size_t i = 0; i < HTTP_TAKEN_COUNT; length += http_taken[i++].length)
        memcpy(bytes + length, http_taken[i].bytes, http_taken[i].length);
    check_all_cuts("all that are taken", bytes, length, 7);
}

static size_t read_seed(const char *folder, const char *name, char *bytes, size_t size) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    size_t length = fread(bytes, 1, size, file);
    fclose(file);
    return length;
}

Test(http_cuts, change_nothing_in_the_corpus) {
    static char bytes[2 * HTTP_REQUEST_BYTES];
    char folder[512];
    const char *root = getenv("GROUNDWORK_ROOT");
    snprintf(folder, sizeof folder, "%s/common/fuzz/corpus/http", root ? root : ".");
    DIR *entries = opendir(folder);
    cr_assert_not_null(entries, "%s", folder);
    size_t seeds = 0;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        size_t length = read_seed(folder, entry->d_name, bytes, sizeof bytes);
        check_all_cuts(entry->d_name, bytes, length, 1 + length / 512);
        seeds++;
    }
    closedir(entries);
    cr_expect_geq(seeds, 20);
}
