/* The command line of a program that downloads. */
#include <argp.h>
#include <stddef.h>

#include "common/options.h"

enum { MOST_AT_A_TIME = 1000, MOST_RETRIES = 100, MOST_TIMEOUT_MS = 3600000, PER_HOST = 256 };

static const struct argp_option shown[] = {
    {"jobs", 'j', "CAP", 0, "Fetch CAP files at a time (default 8)", 0},
    {"per-host", PER_HOST, "N", 0, "And N at a time from one host (default: CAP)", 0},
    {"output", 'o', "DIR", 0, "Put files into DIR, made if need be (default: here)", 0},
    {"retries", 'r', "N", 0, "Try a file again up to N times (default 5)", 0},
    {"timeout", 't', "MS", 0, "Give up an attempt when nothing comes for MS (default 30000)", 0},
    {"json", PER_HOST + 1, "FILE", 0, "Write the report to FILE as well", 0},
    {0}};

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct download_options *options = state->input;
    if (key == 'j')
        options->cap = option_number(state, "jobs", text, 1, MOST_AT_A_TIME);
    else if (key == PER_HOST)
        options->per_host = option_number(state, "per-host", text, 1, MOST_AT_A_TIME);
    else if (key == 'r')
        options->retries = option_number(state, "retries", text, 0, MOST_RETRIES);
    else if (key == 't')
        options->timeout_ms = option_number(state, "timeout", text, 1, MOST_TIMEOUT_MS);
    else if (key == 'o')
        options->folder = text;
    else if (key == PER_HOST + 1)
        options->json = text;
    else if (key == ARGP_KEY_ARGS)
        options->urls = state->argv + state->next;
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

void download_options_parse(struct download_options *options, int argc, char **argv,
                            const char *about) {
    const struct argp command_line = {
        .options = shown, .parser = parse_option, .args_doc = "[URL...]", .doc = about};
    *options = (struct download_options){.cap = 8,
                                         .per_host = MOST_AT_A_TIME,
                                         .retries = 5,
                                         .timeout_ms = 30000,
                                         .folder = (char *)"."};
    argp_err_exit_status = 2;
    argp_parse(&command_line, argc, argv, 0, NULL, options);
}
