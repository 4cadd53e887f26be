/* One argp parser for all verbs. */
#include "grader/options.h"

#include <string.h>

#include "grader/machine.h"

struct reading {
    const struct grammar *grammar;
    struct options *options;
};

static void take_word(struct argp_state *state, char *word) {
    struct reading *reading = state->input;
    if (reading->options->word_count == reading->grammar->most)
        argp_error(state, "%s: one word too many", word);
    else
        reading->options->words[reading->options->word_count++] = word;
}

static void take_sandbox(struct argp_state *state, char *tier) {
    struct reading *reading = state->input;
    if (strcmp(tier, "basic") == 0)
        argp_error(state, "--sandbox basic: this version has strict and none");
    if (!machine_may_want(tier))
        argp_error(state, "--sandbox %s: it is auto, strict or none", tier);
    reading->options->sandbox = tier;
}

static void take_instrument(struct argp_state *state, char *name) {
    struct reading *reading = state->input;
    reading->options->instrument = instrument_find(name);
    if (reading->options->instrument == NULL)
        argp_error(state, "--instrument %s: it is asan, tsan or valgrind", name);
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct reading *reading = state->input;
    switch (key) {
    case 's':
        reading->options->submission = argument;
        return 0;
    case 'j':
        reading->options->json = argument;
        return 0;
    case 'w':
        reading->options->html = argument;
        return 0;
    case 'b':
        take_sandbox(state, argument);
        return 0;
    case 'i':
        take_instrument(state, argument);
        return 0;
    case ARGP_KEY_ARG:
        take_word(state, argument);
        return 0;
    case ARGP_KEY_END:
        if (reading->options->word_count < reading->grammar->least)
            argp_error(state, "it takes %s; `grade list` shows what there is",
                       reading->grammar->words);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

struct options options_parse(const struct grammar *grammar, int argc, char **argv) {
    struct options options = {.sandbox = "auto"};
    struct reading reading = {grammar, &options};
    const struct argp argp = {
        grammar->offered, parse, grammar->words, grammar->does, NULL, NULL, NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &reading);
    return options;
}

bool options_want_text(const struct options *options) {
    return options->json == NULL || strcmp(options->json, "-") != 0;
}
