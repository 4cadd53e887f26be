/*
 * What `reads lines` does, in the naive program's loop over stdio's getc_unlocked(3) in place of
 * our own reader: the other side of `make bench LAB=01`. Left out: options, and more than one file.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/errors.h"

int main(int argc, char **argv) {
    if (argc != 2) {
        error_because("usage", "getc_lines FILE");
        return 2;
    }
    FILE *file = fopen(argv[1], "r");
    if (file == NULL) {
        error_errno(argv[1]);
        return EXIT_FAILURE;
    }

    uint64_t lines = 0, longest = 0, length = 0;
    int byte;
    while ((byte = getc_unlocked(file)) != EOF) {
        if (byte != '\n') {
            length++;
            continue;
        }
        lines++;
        longest = length > longest ? length : longest;
        length = 0;
    }
    if (length > 0) {
        lines++;
        longest = length > longest ? length : longest;
    }

    if (ferror(file)) {
        error_errno(argv[1]);
        return EXIT_FAILURE;
    }
    fclose(file);
    if (printf("%ju %ju %s\n", (uintmax_t)lines, (uintmax_t)longest, argv[1]) < 0 ||
        fclose(stdout) != 0) {
        error_errno("standard output");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
