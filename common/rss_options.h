/*
 * The command line of a program that observes memory.
 *
 * Left out: what the options mean to it, which is the program's.
 */
#pragma once

#include <stdbool.h>

#include "common/sample.h"

/* What was asked for of a program that observes memory; the strings are argv's. */
struct rss_options {
    int interval_ms;    /* from one sample to the next */
    enum format format; /* of the samples */
    const char *output; /* where they go; NULL: standard output */
    bool tree;          /* descendants as well */
    int pid;            /* of the process; 0: there is a command instead */
    char **command;     /* to be started, and its arguments, up to a NULL; NULL: there is a PID */
    char *what;         /* is observed, as it was given: the PID, or the command's name */
};

/*
 * Reads the command line into `options`, whatever it held. What follows the command is the
 * command's own, options of this program's name among it. Ends the program as
 * server_options_parse() does, also when there is neither PID nor command, or both.
 */
void rss_options_parse(struct rss_options *options, int argc, char **argv, const char *about);
