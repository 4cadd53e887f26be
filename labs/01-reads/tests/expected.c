/* What a right program prints. Slow and plain on purpose: it is what the fast ones are held to. */
#include "labs/01-reads/tests/expected.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grader/testkit/testkit.h"

static const char *row(uint64_t left, uint64_t right, const char *name) {
    char *text = NULL;
    if (asprintf(&text, "%ju %ju %s\n", (uintmax_t)left, (uintmax_t)right, name) < 0)
        unmeasured("out of memory");
    return text;
}

const char *expected_sum(const void *data, size_t size_bytes, const char *name) {
    const unsigned char *bytes = data;
    uint64_t sum = 0;
    for (size_t i = 0; i < size_bytes; i++)
        sum += bytes[i];
    return row(sum, size_bytes, name);
}

const char *expected_lines(const char *text, size_t size_bytes, const char *name) {
    uint64_t lines = 0, longest = 0, length = 0;
    for (size_t i = 0; i < size_bytes; i++) {
        bool newline = text[i] == '\n';
        length += !newline;
        longest = length > longest ? length : longest;
        lines += newline || i + 1 == size_bytes; /* the last one may lack its newline */
        length = newline ? 0 : length;
    }
    return row(lines, longest, name);
}

const char *expected_numbers(const char *text) {
    char *numbered = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&numbered, &size);
    if (stream == NULL)
        unmeasured("out of memory");
    for (int number = 1; *text != '\0'; number++) {
        size_t length = strcspn(text, "\n");
        length += text[length] == '\n';
        fprintf(stream, "%d\t%.*s", number, (int)length, text);
        text += length;
    }
    fclose(stream);
    return numbered;
}

void expect_that_it_works(void) {
    make_file("good", "abc", 3);
    struct run *run = run_with("sum", "good");
    EXPECT_EXIT(run, 0);
    EXPECT_OUTPUT(run, "294 3 good\n");
}
