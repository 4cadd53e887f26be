/*
 * reads: what does a read cost? The program that lab 01 begins with.
 *
 * It gives the right answers for ordinary files, and asks the kernel for every byte. The marks
 * TODO(step) say what to change, in the order of the steps: make one change, run `make check`,
 * look at what was counted. Command line and output stay as they are.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/errors.h"

/* ---- whole_file: every byte once, one chunk a read ---- */

static uint64_t read_calls;

struct tally {
    uint64_t sum;
    uint64_t bytes;
};

/*
 * TODO(whole_file): read `chunk_bytes` per call into memory of that size, and add up as many bytes
 * as read(2) says it gave: fewer than asked for is not the end, only 0 is. -1 with errno EINTR
 * means that a signal came first: ask again. Any other -1 is trouble that the caller must hear of.
 */
static void sum_all(int fd, size_t chunk_bytes, struct tally *tally) {
    (void)chunk_bytes;
    unsigned char byte;
    read_calls++;
    while (read(fd, &byte, 1) == 1) {
        tally->sum += byte;
        tally->bytes++;
        read_calls++;
    }
}

/* ---- reader: many small answers out of one read ---- */

/*
 * TODO(reader): give the reader a buffer of --buffer bytes and let get_byte take from it; call
 * read(2) only when it is used up. `lines` and `number` need not change for that. Where a byte at
 * a time is still too slow, write get_line: it finds the newline with memchr(3) and hands out a
 * line in pieces of at most what the buffer holds, so no line is too long for it.
 */
struct reader {
    int fd;
};

/* The next byte, or -1 at the end. */
static int get_byte(struct reader *reader) {
    unsigned char byte;
    return read(reader->fd, &byte, 1) == 1 ? byte : -1;
}

/* ---- writer: one write for many small answers ---- */

/*
 * TODO(writer): collect the output in a buffer of --buffer bytes and write(2) it when it is full,
 * and what is left before the program ends. write(2) may take only a part, or fail: go on with the
 * rest after the first, and end with "standard output: ..." and exit status 1 after the second.
 * The lines that `sum`, `lines` and `compare` print can be lost too: look at what printf returns.
 */
struct writer {
    int fd;
};

static void put_byte(struct writer *writer, char byte) {
    if (write(writer->fd, &byte, 1) != 1)
        return;
}

static void put_number(struct writer *writer, uint64_t number) {
    char digits[21];
    snprintf(digits, sizeof digits, "%ju", (uintmax_t)number);
    for (const char *digit = digits; *digit != '\0'; digit++)
        put_byte(writer, *digit);
}

/* ---- the verbs: what each does with one open file ---- */

struct work {
    size_t bytes; /* --chunk or --buffer */
    struct writer output;
    struct tally total;    /* of sum */
    uint64_t lines_so_far; /* of number: they run on from file to file */
};

static void sum_file(struct work *work, int fd, const char *name) {
    struct tally tally = {0};
    sum_all(fd, work->bytes, &tally);
    printf("%ju %ju %s\n", (uintmax_t)tally.sum, (uintmax_t)tally.bytes, name);
    work->total.sum += tally.sum;
    work->total.bytes += tally.bytes;
}

static void lines_file(struct work *work, int fd, const char *name) {
    (void)work;
    struct reader reader = {.fd = fd};
    uint64_t lines = 0, longest = 0, length = 0;
    int byte;
    while ((byte = get_byte(&reader)) >= 0) {
        if (byte != '\n') {
            length++;
            continue;
        }
        lines++;
        longest = length > longest ? length : longest;
        length = 0;
    }

    if (length > 0) { /* a last line without its newline is a line too */
        lines++;
        longest = length > longest ? length : longest;
    }
    printf("%ju %ju %s\n", (uintmax_t)lines, (uintmax_t)longest, name);
}

static void number_file(struct work *work, int fd, const char *name) {
    (void)name;
    struct reader reader = {.fd = fd};
    int at_line_start = 1;
    int byte;
    while ((byte = get_byte(&reader)) >= 0) {
        if (at_line_start) {
            put_number(&work->output, ++work->lines_so_far);
            put_byte(&work->output, '\t');
        }
        put_byte(&work->output, (char)byte);
        at_line_start = byte == '\n';
    }
}

/* ---- compare: the same bytes, in fewer and fewer calls ---- */

/*
 * TODO(compare): measure chunks of 1 byte, 4, 16 and so on to 4 MiB, a row each (lseek(2) goes back
 * to the beginning). Give the small ones only the first part of the file, or this takes minutes.
 * Count every call, the last one that returns 0 too: strace will.
 */
static void compare_file(struct work *work, int fd, const char *name) {
    (void)work;
    (void)name;
    struct tally tally = {0};
    int64_t start_ns = monotonic_ns();
    sum_all(fd, 1, &tally);
    double seconds = (double)(monotonic_ns() - start_ns) / 1e9;
    printf("chunk_bytes,bytes,calls,seconds,mib_per_s\n");
    printf("1,%ju,%ju,%.9f,%.3f\n", (uintmax_t)tally.bytes, (uintmax_t)read_calls, seconds,
           (double)tally.bytes / (1 << 20) / seconds);
}

/* ---- the command line ---- */

enum { OPTION_BYTES = 256 };

struct request {
    const char *verb;
    char **names; /* ends with NULL */
    size_t bytes;
};

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    struct request *request = state->input;
    switch (key) {
    case OPTION_BYTES:
        /* TODO(trouble): digits only, 1 to 1073741824; else argp_error, naming the option. */
        request->bytes = (size_t)atol(argument);
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0) {
            request->verb = argument;
        } else { /* this one and all that follow are files */
            request->names = &state->argv[state->next - 1];
            state->next = state->argc;
        }
        return 0;
    case ARGP_KEY_END:
        if (request->verb == NULL || request->names == NULL)
            argp_error(state, "what to do and a FILE are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"chunk", OPTION_BYTES, "BYTES", 0, "Read BYTES per call (sum; default 65536)", 0},
    {"buffer", OPTION_BYTES, "BYTES", 0, "Buffer BYTES (lines, number; default 65536)", 0},
    {0},
};
static const struct argp command_line = {
    .options = options,
    .parser = parse_option,
    .args_doc = "sum [--chunk BYTES] FILE...\nlines [--buffer BYTES] FILE...\n"
                "number [--buffer BYTES] FILE...\ncompare FILE",
    .doc = "What does a read cost? FILE - is standard input; BYTES are 1 to 1073741824.",
};

/* ---- trouble: one bad file costs a message and the exit status, never the other files ---- */

/*
 * TODO(trouble): a file that can't be opened or read gets its line on stderr, and then the next
 * file its turn; the exit status is 1 in the end. A directory can be opened but not read.
 */
static int one_file(const char *verb, struct work *work, const char *name) {
    int fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY);
    if (fd < 0) {
        error_errno(name);
        exit(EXIT_FAILURE);
    }
    if (strcmp(verb, "sum") == 0)
        sum_file(work, fd, name);
    else if (strcmp(verb, "lines") == 0)
        lines_file(work, fd, name);
    else if (strcmp(verb, "number") == 0)
        number_file(work, fd, name);
    else if (strcmp(verb, "compare") == 0)
        compare_file(work, fd, name);
    else
        return -1;
    if (fd != STDIN_FILENO)
        close(fd);
    return 0;
}

int main(int argc, char **argv) {
    struct request request = {.bytes = 65536};
    argp_err_exit_status = 2;
    argp_parse(&command_line, argc, argv, 0, NULL, &request);

    struct work work = {.bytes = request.bytes, .output = {.fd = STDOUT_FILENO}};
    for (char **name = request.names; *name != NULL; name++) {
        if (one_file(request.verb, &work, *name) < 0) {
            error_because(request.verb, "is none of sum, lines, number, compare");
            return 2;
        }
    }
    if (strcmp(request.verb, "sum") == 0 && request.names[1] != NULL)
        printf("%ju %ju total\n", (uintmax_t)work.total.sum, (uintmax_t)work.total.bytes);
    return EXIT_SUCCESS;
}
