/*
 * Runs a fuzz target where libFuzzer is missing: the seeds as they are, then mutants of them by
 * number. The input under way is written to a file when the process dies of it.
 *
 *     driver [--mutants=N] [--first=NUMBER] [--keep=FILE] SEED...
 */
#include <argp.h>
#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/errors.h"
#include "common/fuzz/mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HANG_SECONDS = 10, MAX_SEEDS = 512 };

struct options {
    uint32_t mutants;
    uint32_t first;
    const char *keep;
    char **paths;
    size_t path_count;
};

static const struct argp_option option_list[] = {
    {"mutants", 'm', "N", 0, "Try so many mutants; 0 without this", 0},
    {"first", 'f', "NUMBER", 0, "The first mutant's number", 0},
    {"keep", 'k', "FILE", 0, "Where to leave an input that kills", 0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    struct options *options = state->input;
    switch (key) {
    case 'm':
        options->mutants = (uint32_t)strtoul(argument, NULL, 10);
        return 0;
    case 'f':
        options->first = (uint32_t)strtoul(argument, NULL, 10);
        return 0;
    case 'k':
        options->keep = argument;
        return 0;
    case ARGP_KEY_ARGS:
        options->paths = state->argv + state->next;
        options->path_count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* For the handlers, which can't be passed anything. */
static const char *keep;
static const char *current;
static size_t current_length;

/* The process dies of its input: only write(2) can be relied on. */
static void keep_input(void) {
    int fd = keep == NULL ? -1 : open(keep, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd == -1 || write(fd, current, current_length) != (ssize_t)current_length)
        return;
    close(fd);
}

static void keep_input_on_signal(int signal_number) {
    keep_input();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void run(const char *bytes, size_t length) {
    /* a block of just this size, for AddressSanitizer to guard */
    char *copy = malloc(length + !length);
    if (copy == NULL)
        abort();
    memcpy(copy, bytes, length);
    current = copy;
    current_length = length;
    alarm(HANG_SECONDS);
    LLVMFuzzerTestOneInput((const uint8_t *)copy, length);
    free(copy);
}

static void run_all(const struct options *options, const struct seed *seeds) {
    static struct mutant mutant;
    for (size_t i = 0; i < options->path_count; i++)
        run(seeds[i].bytes, seeds[i].length);
    for (uint32_t i = 0; i < options->mutants; i++) {
        mutate(&mutant, seeds, options->path_count, options->first + i);
        run(mutant.bytes, mutant.length);
    }
}

int main(int argc, char **argv) {
    static char bytes[MAX_SEEDS][MUTANT_BYTES];
    static struct seed seeds[MAX_SEEDS];
    struct options options = {.first = 1};
    struct argp argp = {option_list,
                        parse_option,
                        "SEED...",
                        "Runs a fuzz target on files and on mutants of them.",
                        0,
                        0,
                        0};
    argp_parse(&argp, argc, argv, 0, 0, &options);
    if (options.path_count > MAX_SEEDS) {
        error_because("seeds", "over %d of them", MAX_SEEDS);
        return 2;
    }
    for (size_t i = 0; i < options.path_count; i++) {
        if (!read_seed(options.paths[i], bytes[i], &seeds[i])) {
            error_errno(options.paths[i]);
            return 1;
        }
    }

    keep = options.keep;
    __sanitizer_set_death_callback(keep_input);
    signal(SIGABRT, keep_input_on_signal);
    signal(SIGALRM, keep_input_on_signal);
    run_all(&options, seeds);
    printf("%zu seeds and %u mutants\n", options.path_count, options.mutants);
    return 0;
}
