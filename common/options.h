/*
 * Command lines that several programs share: the servers', and that of programs which download.
 *
 * Left out: options of other programs; what a port or a stack is, which net.h and the labs tell.
 */
#pragma once

struct argp_state;

/*
 * Reads the number that was given to the option `--name`: digits and nothing else, `least` to
 * `most`, both not negative. Returns it; for any other text ends the program through argp_error(3),
 * whose exit status is argp_err_exit_status.
 */
int option_number(const struct argp_state *state, const char *name, const char *text, int least,
                  int most);

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

/* What was asked for of a program that downloads; the strings are argv's. */
struct download_options {
    int cap;        /* transfers at a time */
    int per_host;   /* of them from one host */
    int retries;    /* attempts after the first */
    int timeout_ms; /* in which something must come */
    char *folder;   /* where files go */
    char *json;     /* where a report goes; NULL: nowhere */
    char **urls;    /* up to a NULL; itself NULL: standard input has them, a line each */
};

/*
 * Reads the command line into `options`, whatever it held. Ends the program as
 * server_options_parse() does.
 */
void download_options_parse(struct download_options *options, int argc, char **argv,
                            const char *about);
