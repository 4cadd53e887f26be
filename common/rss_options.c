/* The command line of a program that observes memory. */
#include <argp.h>
#include <limits.h>
#include <string.h>

#include "common/options.h"
#include "common/rss_options.h"

enum { MOST_INTERVAL_MS = 3600000, TREE = 256, FORMAT };

static const struct argp_option shown[] = {
    {"interval", 'i', "MS", 0, "Take a sample every MS milliseconds (default 100)", 0},
    {"output", 'o', "FILE", 0, "Write the samples to FILE (default: standard output)", 0},
    {"pid", 'p', "PID", 0, "Observe the process PID", 0},
    {"tree", TREE, NULL, 0, "Observe its descendants as well, all together", 0},
    {"format", FORMAT, "FORMAT", 0, "table, csv or json (default table)", 0},
    {0}};

static enum format format_option(const struct argp_state *state, const char *text) {
    static const char *const names[] = {"table", "csv", "json"}; /* as in enum format */
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++) {
        if (strcmp(text, names[i]) == 0)
            return (enum format)i;
    }
    argp_error(state, "--format takes table, csv or json, not '%s'", text);
    return FORMAT_TABLE;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct rss_options *options = state->input;
    if (key == 'i')
        options->interval_ms = option_number(state, "interval", text, 1, MOST_INTERVAL_MS);
    else if (key == 'o')
        options->output = text;
    else if (key == 'p')
        options->pid = option_number(state, "pid", options->what = text, 1, INT_MAX);
    else if (key == TREE)
        options->tree = true;
    else if (key == FORMAT)
        options->format = format_option(state, text);
    else if (key == ARGP_KEY_ARGS)
        options->what = *(options->command = state->argv + state->next);
    else if (key == ARGP_KEY_END && (options->pid == 0) == (options->command == NULL))
        argp_error(state, "say either -p PID or a command");
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

void rss_options_parse(struct rss_options *options, int argc, char **argv, const char *about) {
    const struct argp command_line = {.options = shown,
                                      .parser = parse_option,
                                      .args_doc = "-p PID\n-- COMMAND [ARG...]",
                                      .doc = about};
    *options = (struct rss_options){.interval_ms = 100};
    argp_err_exit_status = 2;
    /* in order: the first word that is no option ends ours, so `rss ls -l` lists */
    argp_parse(&command_line, argc, argv, ARGP_IN_ORDER, NULL, options);
}
