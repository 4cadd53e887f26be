/* What the tests of the downloader do in almost every case: a folder, an origin, and a run. */
#pragma once

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "grader/testkit/origin.h"

/* First words for the program: where its files go. */
#define INTO_OUT "-o", "out"

/* An origin, and a folder that the program may write to. */
static inline struct origin *begin(void) {
    make_output_folder("out", 0);
    return start_origin();
}

/* Runs it to its end with these words and these URLs on standard input. */
#define fetch_lines(lines, ...)                                                                    \
    run_program(.arguments = WORDS(INTO_OUT, __VA_ARGS__), .input = (lines),                       \
                .input_bytes = strlen(lines), .awaits_others = true, .limit_ms = 10000)
/* The same, but returns when it runs: for tests that let answers go when they choose. */
#define start_lines(lines, ...)                                                                    \
    start_client_with((struct program){.arguments = WORDS(INTO_OUT, __VA_ARGS__),                  \
                                       .input = (lines),                                           \
                                       .input_bytes = strlen(lines)})
/* As fetch_lines(), with URLs among the words. */
#define fetch(...)                                                                                 \
    run_program(.arguments = WORDS(INTO_OUT, __VA_ARGS__), .awaits_others = true, .limit_ms = 10000)

static inline bool is_there(const char *name) {
    struct stat status;
    return lstat(output_path(name), &status) == 0;
}

static inline void expect_none(const char *name) {
    EXPECT(!is_there(name), "no such file as is not whole", "`%s`", name);
}

/* How many files and folders are in a folder of it, "" for itself. */
static inline int entries_in(const char *name) {
    struct dirent **entries = NULL;
    int found = scandir(output_path(name), &entries, NULL, NULL), count = 0;
    for (int i = 0; i < found; i++) {
        count += strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0;
        free(entries[i]);
    }
    free(entries);
    return count;
}

/* The number itself: 20 is not said by 120, nor by 20000. */
static inline bool says_number(const char *text, const char *number) {
    const size_t length = strlen(number);
    for (const char *at = strstr(text, number); at != NULL; at = strstr(at + 1, number)) {
        bool begins = at == text || !isdigit((unsigned char)at[-1]);
        if (begins && !isdigit((unsigned char)at[length]))
            return true;
    }
    return false;
}

/* A file of the test's own in that folder, and whether it is still as it was. */
static inline void put_file(const char *name, const char *text) {
    FILE *file = fopen(output_path(name), "we");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        unmeasured("can't write %s", output_path(name));
}

static inline bool holds(const char *name, const char *text) {
    char seen[256] = "";
    FILE *file = fopen(output_path(name), "re");
    if (file == NULL)
        return false;
    size_t length = fread(seen, 1, sizeof seen - 1, file);
    fclose(file);
    return length == strlen(text) && strcmp(seen, text) == 0;
}

/* A file in the folder is the body of that page. */
static inline void expect_fetched(const char *name, struct page page) {
    EXPECT(is_there(name), "a file for each URL", "no `%s`", name);
    expect_file(output_path(name), page);
}

/* A page that is always there. */
static inline struct page whole(const char *path, int64_t size_bytes) {
    return (struct page){.path = path, .size_bytes = size_bytes};
}
