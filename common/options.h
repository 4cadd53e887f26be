/*
 * The command line that the labs' servers share.
 *
 * Left out: options of other programs; what a port or a stack is, which net.h and the labs tell.
 */
#pragma once

enum { OPTIONS_LEAST_STACK_KIB = 64 };

/* What was asked for. A program fills in its defaults, which `--help` shows. */
struct server_options {
    const char *root;    /* the folder shown as /files/; NULL: none */
    int port;            /* 0: the kernel picks one */
    int max_connections; /* served at a time */
    int timeout_ms;      /* for a client to say something */
    int backlog;         /* see net_listen() */
    int stack_kib;       /* of a thread; 0: the program has no --stack */
};

/*
 * Reads the command line into `options`; the strings are argv's.
 * about  what `--help` says of the program, one line
 * Ends the program where there is nothing to serve: with status 0 after --help, with 2 after a
 * line on standard error when an option is not known or a number is none or out of its range.
 * Source: argp (GNU C library manual, "Parsing Program Options with Argp").
 */
void server_options_parse(struct server_options *options, int argc, char **argv, const char *about);
