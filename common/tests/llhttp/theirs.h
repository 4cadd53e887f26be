/*
 * What llhttp makes of one request, in words that common/http.h has as well. A file of its own: both
 * headers define names such as HTTP_GET.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum theirs_outcome { THEIRS_TAKEN, THEIRS_REFUSED, THEIRS_MORE };

enum { THEIRS_TEXT_BYTES = 40000 };

/* Text that arrives in pieces. */
struct theirs_text {
    size_t length;
    char bytes[THEIRS_TEXT_BYTES];
};

struct theirs {
    enum theirs_outcome outcome;
    const char *reason; /* of a refusal */
    size_t size_bytes;  /* of the request, when it is taken; of what was read, when not */
    unsigned minor;
    bool keep_alive;
    struct theirs_text method;
    struct theirs_text target;
    struct theirs_text fields; /* " name=value" each */
    struct theirs_text body;
};

/* Parses the first request among these bytes, in strict mode and without any leniency. */
void theirs_parse(const char *bytes, size_t length, struct theirs *theirs);
