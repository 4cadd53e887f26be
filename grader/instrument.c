/* What the compiler is told for each instrument. */
#include "grader/instrument.h"

#include <stddef.h>
#include <string.h>

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct instrument instruments[] = {
    {"asan", WORDS("-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined",
                   "-fno-sanitize-recover=all")},
    {"tsan", WORDS("-O1", "-fno-omit-frame-pointer", "-fsanitize=thread")},
    {"valgrind", WORDS("-O1", "-fno-omit-frame-pointer")},
};

const struct instrument *instrument_find(const char *name) {
    for (size_t i = 0; i < sizeof instruments / sizeof *instruments; i++)
        if (strcmp(instruments[i].name, name) == 0)
            return &instruments[i];
    return NULL;
}
