/* The servers' command line: a row a number, and argp(3) does the rest. */
#include "common/options.h"

#include <argp.h>
#include <stddef.h>
#include <stdio.h>

static const struct number {
    const char *name, *unit, *does;
    int least, most;
    size_t member;
} numbers[] = {
    {"port", "N", "Listen on port N, 0: a free one", 0, 65535,
     offsetof(struct server_options, port)},
    {"max-connections", "N", "Serve N, others wait", 1, 1000000,
     offsetof(struct server_options, max_connections)},
    {"timeout", "MS", "Wait so long for a client", 1, 3600000,
     offsetof(struct server_options, timeout_ms)},
    {"backlog", "N", "Let N connections wait to be accepted", 1, 65535,
     offsetof(struct server_options, backlog)},
    {"stack", "KIB", "Give each thread KIB of stack", OPTIONS_LEAST_STACK_KIB, 65536,
     offsetof(struct server_options, stack_kib)},
};

enum { COUNT = sizeof numbers / sizeof *numbers, ROOT = 256, FIRST_NUMBER, DOC_BYTES = 80 };

static int *member_of(struct server_options *options, const struct number *number) {
    return (int *)((char *)options + number->member);
}

/* strtol(3) takes "-1", " 7" and "12x" without complaint; a number is digits and nothing else. */
static int parse_number(const struct number *number, const char *text,
                        const struct argp_state *state) {
    int value = 0;
    const char *digit = text;
    for (; *digit >= '0' && *digit <= '9' && value <= number->most; digit++)
        value = value * 10 + (*digit - '0');
    if (digit == text || *digit != '\0' || value < number->least || value > number->most)
        argp_error(state, "--%s takes %d to %d, not '%s'", number->name, number->least,
                   number->most, text);
    return value;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct server_options *options = state->input;
    if (key == ROOT) {
        options->root = text;
        return 0;
    }
    if (key < FIRST_NUMBER || key >= FIRST_NUMBER + COUNT)
        return ARGP_ERR_UNKNOWN;
    const struct number *number = &numbers[key - FIRST_NUMBER];
    *member_of(options, number) = parse_number(number, text, state);
    return 0;
}

void server_options_parse(struct server_options *options, int argc, char **argv,
                          const char *about) {
    static char docs[COUNT][DOC_BYTES];
    struct argp_option shown[COUNT + 2] = {
        {"root", ROOT, "DIR", 0, "Show the files below DIR as /files/ (default: none)", 0}};
    for (int i = 0, count = 1; i < COUNT; i++) {
        const int fallback = *member_of(options, &numbers[i]);
        if (fallback == 0 && numbers[i].least > 0)
            continue; /* not this program's */
        snprintf(docs[i], DOC_BYTES, "%s (default %d)", numbers[i].does, fallback);
        shown[count++] =
            (struct argp_option){numbers[i].name, FIRST_NUMBER + i, numbers[i].unit, 0, docs[i], 0};
    }
    const struct argp command_line = {.options = shown, .parser = parse_option, .doc = about};
    argp_err_exit_status = 2;
    argp_parse(&command_line, argc, argv, 0, NULL, options);
}
