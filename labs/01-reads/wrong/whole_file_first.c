/*
 * caught by: reader/memory_of_a_long_line reader/memory_of_a_long_numbered_line trouble/beyond_32_bits
 * The learner takes the whole file into memory first and works on it there: few reads, simple
 * loops. Peak memory is then the size of the file, and one that is larger than memory (a sparse one
 * will do) ends the program; a pipe that never ends gives no line at all.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/errors.h"

enum { DEFAULT_BYTES = 64 << 10, MAX_BYTES = 1 << 30 };

/* ---- whole_file: every byte once, one chunk a read ---- */

/* One place asks the kernel for bytes, so one place can count how often. */
static uint64_t read_calls;

/*
 * read(2), asked again when a signal came first: nothing was read then, so nothing is lost.
 * A count below `capacity` is an ordinary answer; 0 is the end, -1 trouble.
 */
static ssize_t read_some(int fd, uint8_t *to, size_t capacity) {
    ssize_t count;
    do {
        read_calls++;
        count = read(fd, to, capacity);
    } while (count < 0 && errno == EINTR);
    return count;
}

struct tally {
    uint64_t sum;
    uint64_t bytes; /* 64 bits: a file can be larger than an int, and larger than memory */
};

/* ---- reader: all of it ---- */

struct contents {
    uint8_t *bytes;
    size_t length;
};

/* The caller frees `bytes`, after -1 too. */
static int load(int fd, size_t bytes_per_call, struct contents *contents) {
    size_t capacity = 0;
    *contents = (struct contents){0};
    for (;;) {
        if (capacity - contents->length < bytes_per_call) {
            capacity = 2 * capacity + bytes_per_call;
            uint8_t *larger = realloc(contents->bytes, capacity);
            if (larger == NULL)
                return -1;
            contents->bytes = larger;
        }
        ssize_t count = read_some(fd, contents->bytes + contents->length, bytes_per_call);
        if (count <= 0)
            return (int)count;
        contents->length += (size_t)count;
    }
}

/* ---- writer: one write for many small answers ---- */

struct writer {
    int fd;
    int trouble; /* errno of the write that failed: nothing more is written after it */
    uint8_t *buffer;
    size_t capacity;
    size_t used;
};

/* A pipe may take only a part of it (a short write): the rest is still ours to write. */
static void flush(struct writer *writer) {
    size_t written = 0;
    while (written < writer->used && writer->trouble == 0) {
        ssize_t count = write(writer->fd, writer->buffer + written, writer->used - written);
        if (count >= 0)
            written += (size_t)count;
        else if (errno != EINTR)
            writer->trouble = errno;
    }
    writer->used = 0;
}

/* Fills the buffer to the brim before it flushes: so writes are output / capacity, rounded up. */
static inline void put_byte(struct writer *writer, char byte) {
    if (writer->trouble != 0)
        return;
    writer->buffer[writer->used++] = (uint8_t)byte;
    if (writer->used == writer->capacity)
        flush(writer);
}

static void put_text(struct writer *writer, const char *text) {
    for (; *text != '\0'; text++)
        put_byte(writer, *text);
}

static void put_number(struct writer *writer, uint64_t number) {
    char digits[21]; /* as many as the largest 64-bit number has, and a NUL */
    char *first = &digits[sizeof digits - 1];
    *first = '\0';
    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put_text(writer, first);
}

static void put_row(struct writer *writer, uint64_t left, uint64_t right, const char *name) {
    put_number(writer, left);
    put_text(writer, " ");
    put_number(writer, right);
    put_text(writer, " ");
    put_text(writer, name);
    put_text(writer, "\n");
}

/* ---- the verbs: what each does with one open file; -1 with errno when it can't be read ---- */

struct work {
    uint8_t *memory; /* the chunk, or the reader's buffer */
    size_t memory_bytes;
    struct writer output;
    struct tally total;    /* of sum: only of files that were read to the end */
    uint64_t lines_so_far; /* of number: they run on from file to file */
};

static int sum_file(struct work *work, int fd, const char *name) {
    struct contents file;
    if (load(fd, work->memory_bytes, &file) < 0) {
        free(file.bytes); /* keeps errno (glibc 2.33 and later) */
        return -1;
    }
    struct tally tally = {.bytes = file.length};
    for (size_t i = 0; i < file.length; i++)
        tally.sum += file.bytes[i];
    free(file.bytes);

    put_row(&work->output, tally.sum, tally.bytes, name);
    work->total.sum += tally.sum;
    work->total.bytes += tally.bytes;
    return 0;
}

static int lines_file(struct work *work, int fd, const char *name) {
    struct contents file;
    if (load(fd, work->memory_bytes, &file) < 0) {
        free(file.bytes); /* keeps errno (glibc 2.33 and later) */
        return -1;
    }
    uint64_t lines = 0, longest = 0;
    for (size_t start = 0; start < file.length; lines++) {
        const uint8_t *newline = memchr(file.bytes + start, '\n', file.length - start);
        size_t end = newline ? (size_t)(newline - file.bytes) : file.length;
        longest = end - start > longest ? end - start : longest;
        start = end + 1;
    }
    free(file.bytes);
    put_row(&work->output, lines, longest, name);
    return 0;
}

static int number_file(struct work *work, int fd, const char *name) {
    (void)name;
    struct contents file;
    int result = load(fd, work->memory_bytes, &file);
    bool at_line_start = true;
    for (size_t i = 0; i < file.length && work->output.trouble == 0; i++) {
        if (at_line_start) {
            put_number(&work->output, ++work->lines_so_far);
            put_byte(&work->output, '\t');
        }
        put_byte(&work->output, (char)file.bytes[i]);
        at_line_start = file.bytes[i] == '\n';
    }
    free(file.bytes);
    return result;
}

/* ---- compare: the same bytes, in fewer and fewer calls ---- */

enum { COMPARE_SIZES = 12, COMPARE_MAX_CHUNK_BYTES = 4 << 20 }; /* 1, 4, 16 ... 4 MiB */
enum { COMPARE_MAX_CALLS = 65536, COMPARE_MAX_BYTES = 256 << 20 };

struct measurement {
    size_t chunk_bytes;
    uint64_t bytes;
    uint64_t calls;
    double seconds;
};

/* At one byte a call a large file takes minutes, so small chunks get only the file's beginning. */
static int measure(int fd, uint8_t *chunk, size_t chunk_bytes, struct measurement *result) {
    uint64_t wanted = (uint64_t)chunk_bytes * COMPARE_MAX_CALLS;
    if (wanted > COMPARE_MAX_BYTES)
        wanted = COMPARE_MAX_BYTES;
    *result = (struct measurement){.chunk_bytes = chunk_bytes};
    if (lseek(fd, 0, SEEK_SET) < 0)
        return -1;

    uint64_t calls_before = read_calls;
    int64_t start_ns = monotonic_ns();
    ssize_t count = 1;
    while (result->bytes < wanted && (count = read_some(fd, chunk, chunk_bytes)) > 0)
        result->bytes += (uint64_t)count;
    result->seconds = (double)(monotonic_ns() - start_ns) / 1e9;
    result->calls = read_calls - calls_before;
    return count < 0 ? -1 : 0;
}

static void put_measurement(struct writer *writer, const struct measurement *m) {
    char row[128];
    double mib = (double)m->bytes / (1 << 20);
    snprintf(row, sizeof row, "%zu,%ju,%ju,%.9f,%.3f\n", m->chunk_bytes, (uintmax_t)m->bytes,
             (uintmax_t)m->calls, m->seconds, mib / m->seconds);
    put_text(writer, row);
}

/*
 * The largest chunk goes first: it reads the most, so all others find their bytes in the page cache
 * without a warm-up that no row would account for. On a cold file its row shows the disk.
 */
static int compare_file(struct work *work, int fd, const char *name) {
    (void)name;
    struct measurement rows[COMPARE_SIZES];
    size_t chunk_bytes = work->memory_bytes;
    memset(work->memory, 0, chunk_bytes); /* or the first row would pay for the page faults */
    for (int i = COMPARE_SIZES - 1; i >= 0; i--, chunk_bytes /= 4) {
        if (measure(fd, work->memory, chunk_bytes, &rows[i]) < 0)
            return -1;
    }

    put_text(&work->output, "chunk_bytes,bytes,calls,seconds,mib_per_s\n");
    for (int i = 0; i < COMPARE_SIZES; i++)
        put_measurement(&work->output, &rows[i]);
    return 0;
}

/* ---- the command line ---- */

enum { OPTION_CHUNK = 256, OPTION_BUFFER };

static const struct verb {
    const char *name;
    int option; /* the one that sets memory_bytes */
    size_t default_bytes;
    int (*file)(struct work *work, int fd, const char *name);
} verbs[] = {
    {"sum", OPTION_CHUNK, DEFAULT_BYTES, sum_file},
    {"lines", OPTION_BUFFER, DEFAULT_BYTES, lines_file},
    {"number", OPTION_BUFFER, DEFAULT_BYTES, number_file},
    {"compare", 0, COMPARE_MAX_CHUNK_BYTES, compare_file},
};

struct request {
    const struct verb *verb;
    char **names; /* ends with NULL */
    size_t bytes; /* of --chunk or --buffer, 0 without either */
    int option;   /* which of them it was */
};

/* strtoul(3) takes "-1", " 7" and "12x" without complaint; a size is digits and nothing else. */
static size_t parse_bytes(const char *text, const char *option, const struct argp_state *state) {
    size_t bytes = 0;
    const char *digit = text;
    for (; *digit >= '0' && *digit <= '9' && bytes <= MAX_BYTES; digit++)
        bytes = bytes * 10 + (size_t)(*digit - '0');
    if (*digit != '\0' || bytes < 1 || bytes > MAX_BYTES)
        argp_error(state, "%s takes 1 to %d bytes, not '%s'", option, MAX_BYTES, text);
    return bytes;
}

static const struct verb *find_verb(const char *name, const struct argp_state *state) {
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    argp_error(state, "'%s' is none of sum, lines, number, compare", name);
    return NULL;
}

static void check_request(const struct request *request, const struct argp_state *state) {
    if (request->verb == NULL || request->names == NULL)
        argp_error(state, "what to do and a FILE are needed");
    else if (request->option != 0 && request->option != request->verb->option)
        argp_error(state, "%s does not take that option", request->verb->name);
    else if (request->verb->file == compare_file && request->names[1] != NULL)
        argp_error(state, "compare takes one FILE");
}

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    struct request *request = state->input;
    switch (key) {
    case OPTION_CHUNK:
    case OPTION_BUFFER:
        request->option = key;
        request->bytes = parse_bytes(argument, key == OPTION_CHUNK ? "--chunk" : "--buffer", state);
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0) {
            request->verb = find_verb(argument, state);
        } else { /* this one and all that follow are files */
            request->names = &state->argv[state->next - 1];
            state->next = state->argc;
        }
        return 0;
    case ARGP_KEY_END:
        check_request(request, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"chunk", OPTION_CHUNK, "BYTES", 0, "Read BYTES per call (sum; default 65536)", 0},
    {"buffer", OPTION_BUFFER, "BYTES", 0, "Buffer BYTES (lines, number; default 65536)", 0},
    {0},
};
static const struct argp command_line = {
    .options = options,
    .parser = parse_option,
    .args_doc = "sum [--chunk BYTES] FILE...\nlines [--buffer BYTES] FILE...\n"
                "number [--buffer BYTES] FILE...\ncompare FILE",
    .doc = "What does a read cost? FILE - is standard input; BYTES are 1 to 1073741824.\v"
           "sum prints SUM BYTES NAME, lines prints LINES LONGEST NAME,\n"
           "number prints each line after its number and a tab,\n"
           "compare times chunk sizes and prints CSV.",
};

/* ---- trouble: one bad file costs a message and the exit status, never the other files ---- */

static int one_file(const struct verb *verb, struct work *work, const char *name) {
    bool standard_input = strcmp(name, "-") == 0;
    int fd = standard_input ? STDIN_FILENO : open(name, O_RDONLY);
    int result = fd < 0 ? -1 : verb->file(work, fd, name);
    if (result < 0)
        error_errno(standard_input ? "standard input" : name);
    if (fd >= 0 && !standard_input)
        close(fd);
    return result;
}

static int each_file(const struct request *request, struct work *work) {
    int result = 0;
    for (char **name = request->names; *name != NULL && work->output.trouble == 0; name++) {
        if (one_file(request->verb, work, *name) < 0)
            result = -1;
    }
    if (request->verb->file == sum_file && request->names[1] != NULL)
        put_row(&work->output, work->total.sum, work->total.bytes, "total");
    return result;
}

/* Bytes in a buffer are not written yet, and some file systems refuse them only at close(2). */
static int finish(struct writer *writer) {
    flush(writer);
    if (close(writer->fd) < 0 && writer->trouble == 0)
        writer->trouble = errno;
    if (writer->trouble == 0)
        return 0;
    errno = writer->trouble;
    error_errno("standard output");
    return -1;
}

/* On a page boundary: the kernel copies faster to there, `sum` took 6 % longer without. */
static uint8_t *allocate(size_t bytes) {
    void *memory = NULL;
    errno = posix_memalign(&memory, 4096, bytes);
    return memory;
}

int main(int argc, char **argv) {
    struct request request = {0};
    argp_err_exit_status = 2;
    argp_parse(&command_line, argc, argv, 0, NULL, &request);

    size_t bytes = request.bytes > 0 ? request.bytes : request.verb->default_bytes;
    size_t output_bytes = request.option == OPTION_BUFFER ? bytes : DEFAULT_BYTES;
    struct work work = {
        .memory = allocate(bytes),
        .memory_bytes = bytes,
        .output = {STDOUT_FILENO, 0, allocate(output_bytes), output_bytes, 0},
    };
    int status = EXIT_FAILURE;
    if (work.memory == NULL || work.output.buffer == NULL) {
        error_errno("memory");
    } else {
        int read_result = each_file(&request, &work);
        int write_result = finish(&work.output);
        status = read_result < 0 || write_result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    free(work.memory);
    free(work.output.buffer);
    return status;
}
