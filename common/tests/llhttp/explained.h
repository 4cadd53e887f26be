/*
 * The differences between our parser and llhttp that are known: who is right, by which section, and
 * how each is recognized. Recognizing trusts neither parser: a regular expression says what RFC 9110
 * and RFC 9112 allow in the line that one of them refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum part { ANY_PART, REQUEST_LINE, FIELD, CHUNK_SIZE, TRAILER };

struct bytes {
    const char *at;
    size_t length;
};

/* One of the two refused a line that the other took. */
struct disagreement {
    int status;         /* with which ours refused; 0: it did not */
    enum part part;     /* what ours took that line for */
    const char *reason; /* why llhttp refused; NULL: it did not */
    struct bytes line;  /* without its LF */
    struct bytes head;  /* all of the request up to that line, and the line */
};

struct explanation {
    const char *what;
    const char *right;   /* "ours": the section asks for what ours does; "either": it leaves both */
    const char *section; /* of RFC 9112, or of another */

    /* What must hold. 0 and NULL stand for nothing. */
    enum part part;
    int status;
    const char *reason; /* "": whatever it was */
    size_t head_over_bytes;
    bool minds_case;
    const char *line_is; /* extended regular expressions */
    const char *line_is_not;
    const char *head_is; /* likewise; in the head, ^ and $ are at each line */
    const char *head_is_not;
};

/* A reason for requests that both take. */
#define PERSISTENCE "whether the connection persists"

extern const struct explanation explanations[];
extern const size_t explanation_count;

/* Which explanation fits first; explanation_count when none does. */
size_t explain(const struct disagreement *disagreement);
