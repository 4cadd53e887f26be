/*
 * What names one version of a file, so that a later request can ask for the rest of that version
 * and of no other (RFC 9110, sections 8.8 and 13.1.5): taken from the fields of an answer, noted
 * beside a partial file, and read again by the next attempt, or the next run.
 *
 * Left out: requests, ranges, and the partial file itself. A note is NAME.note: a line with the URL
 * and a line with the validator.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { VALIDATOR_BYTES = 256 }; /* a longer one is as good as none */

/* All zeroes: nothing is known. */
struct validator {
    char etag[VALIDATOR_BYTES];
    char modified[VALIDATOR_BYTES];
    char date[VALIDATOR_BYTES];
    char range[VALIDATOR_BYTES]; /* of a part: "bytes 100-199/300" */
};

/* Takes what a line of an answer's head tells, with or without its end. The first line of a head
 * begins anew, for answers follow each other: after a redirect, or "100 Continue". */
void validator_hear(struct validator *validator, const char *field, size_t length);

/*
 * Returns what If-Range takes: an ETag, or without one the date of the last change. NULL when
 * nothing tells versions apart: an ETag that begins with W/ means "much the same", and a file that
 * changed in the second in which it was sent may have changed in it twice. Lives as `validator`
 * does.
 */
const char *validator_text(const struct validator *validator);

/*
 * Notes that the partial file of `name` is of `url` and of this version.
 * folder  the descriptor of the folder that it is in
 * Returns whether there is a note now; there is none where nothing tells versions apart.
 */
bool validator_note(int folder, const char *name, const char *url,
                    const struct validator *validator);

/* Returns the text in the note for `name`, when that is of this URL and whole; freed by the caller.
 * NULL: there is none; one that was of no use is removed. */
char *validator_noted(int folder, const char *name, const char *url);

/* Removes the note, if there is one. */
void validator_forget(int folder, const char *name);
