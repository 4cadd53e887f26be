/* The command line of a verb: words such as the lab's name, and options that several verbs share.
 */
#pragma once

#include <argp.h>
#include <stdbool.h>

#include "grader/instrument.h"

enum { OPTIONS_WORDS = 3 };

struct options {
    const char *words[OPTIONS_WORDS]; /* in their order; NULL where there are fewer */
    int word_count;
    const char *submission;              /* -s */
    const char *json;                    /* -j: a file, or "-" */
    const char *html;                    /* -w */
    const char *sandbox;                 /* -b: "auto" unless given */
    const struct instrument *instrument; /* -i; NULL unless given */
};

/* One verb's grammar. `offered` lists its options among 's', 'j', 'w', 'b' and 'i', each with its help.
 */
struct grammar {
    const struct argp_option *offered;
    const char *words; /* for the usage line: "LAB [LEFT RIGHT]" */
    const char *does;
    int least; /* words */
    int most;
};

/* Reads a command line. Help and usage errors end the program, the latter with status 2. */
struct options options_parse(const struct grammar *grammar, int argc, char **argv);

/* Whether text is to be printed: not when the JSON takes standard output. */
bool options_want_text(const struct options *options);
