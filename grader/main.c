/* grade: judges a lab's program by what the kernel was asked to do. This file only picks the verb.
 */
#include <argp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/errors.h"
#include "grader/result.h"
#include "grader/verbs.h"

struct verb {
    const char *name;
    int (*act)(int argc, char **argv);
    const char *does;
};

static const struct verb verbs[] = {
    {"run", verb_run, "grade one submission"},
    {"compare", verb_compare, "grade two and set their ledgers side by side"},
    {"list", verb_list, "labs, steps, tests and points"},
    {"explain", verb_explain, "what one test asks, its budgets, its hint"},
    {"doctor", verb_doctor, "what this machine can and can't measure"},
    {"start", verb_start, "copy a lab's starter to work/"},
    {"reference", verb_reference, "write a lab's reference.json (for authors)"},
};

static void print_verbs(FILE *out) {
    fputs("Usage: grade VERB [ARGUMENT...]\n\n", out);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].does);
    fputs("\n`grade VERB --help` tells more.\n"
          "Exit status: 0 all passed, 1 something failed, 2 usage, 3 not measured.\n",
          out);
}

/* A standard stream that was closed would be the number of the next file opened, and a program
 * under test would get that instead. */
static void open_standard_streams(void) {
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv) {
    open_standard_streams();
    argp_program_version = "grade " GRADER_VERSION;
    argp_err_exit_status = STATUS_USAGE;
    if (argc < 2) {
        print_verbs(stderr);
        return STATUS_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_verbs(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts(argp_program_version);
        return 0;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(argv[1], verbs[i].name) != 0)
            continue;
        char name[64];
        snprintf(name, sizeof name, "grade %s", verbs[i].name);
        argv[1] = name; /* so that help and errors name the verb */
        return verbs[i].act(argc - 1, argv + 1);
    }
    error_because(argv[1], "no such verb; `grade --help` lists them");
    return STATUS_USAGE;
}
