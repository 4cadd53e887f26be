/*
 * measure: what does it cost to get at a file's bytes? Times each way to read FILE, warm and with
 * its pages dropped from the page cache, and prints the medians as CSV. Repetitions go round all
 * methods, so that a slow moment of the machine does not fall on one of them alone.
 *
 *     measure FILE [REPETITIONS]
 *
 * `chunk_bytes` is what is taken at a time, from the kernel or from a buffer. `calls` are read(2)
 * calls, for stdio the library's calls (its reads it makes unseen), for mmap(2) the one.
 * Left out: O_DIRECT, readahead(2), io_uring, and what the storage does below the page cache.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/errors.h"

enum {
    MAX_CHUNK_BYTES = 4 << 20,
    OWN_BUFFER_BYTES = 64 << 10,
    PAGE_BYTES = 4096, /* also of machines with larger pages: then some are touched twice */
    MAX_CALLS = 65536, /* at 1 byte a call: 64 KiB of the file */
    MAX_REPETITIONS = 99,
};

struct outcome {
    uint64_t bytes;
    uint64_t calls;
};

struct method {
    const char *name;
    size_t chunk_bytes;
    struct outcome (*run)(int fd, size_t chunk_bytes);
};

static uint8_t memory[MAX_CHUNK_BYTES];
/* What a method found goes here, or the compiler would leave out the looking. */
static volatile uint64_t kept;

static _Noreturn void die(const char *what) {
    error_errno(what);
    exit(EXIT_FAILURE);
}

/* ---- the methods ---- */

static struct outcome by_read(int fd, size_t chunk_bytes) {
    struct outcome outcome = {0};
    while (outcome.calls < MAX_CALLS) {
        ssize_t count = read(fd, memory, chunk_bytes);
        if (count < 0)
            die("read");
        outcome.calls++;
        outcome.bytes += (uint64_t)count;
        if (count == 0)
            break;
    }
    return outcome;
}

static struct outcome by_own_buffer(int fd, size_t chunk_bytes) {
    (void)chunk_bytes;
    struct outcome outcome = {0};
    const uint8_t *next = memory, *end = memory;
    uint64_t sum = 0;
    for (;; outcome.bytes++) { /* get_byte, written out */
        if (next == end) {
            ssize_t count = read(fd, memory, OWN_BUFFER_BYTES);
            if (count < 0)
                die("read");
            outcome.calls++;
            if (count == 0)
                break;
            next = memory;
            end = memory + count;
        }
        sum += *next++;
    }
    kept = sum;
    return outcome;
}

static FILE *stream_of(int fd) {
    FILE *stream = fdopen(dup(fd), "r");
    if (stream == NULL)
        die("fdopen");
    return stream;
}

static struct outcome by_getc(int fd, size_t chunk_bytes) {
    (void)chunk_bytes;
    FILE *stream = stream_of(fd);
    uint64_t bytes = 0, sum = 0;
    int byte;
    for (; (byte = getc(stream)) != EOF; bytes++)
        sum += (uint64_t)byte;
    kept = sum;
    fclose(stream);
    return (struct outcome){bytes, bytes + 1};
}

static struct outcome by_getc_unlocked(int fd, size_t chunk_bytes) {
    (void)chunk_bytes;
    FILE *stream = stream_of(fd);
    uint64_t bytes = 0, sum = 0;
    int byte;
    for (; (byte = getc_unlocked(stream)) != EOF; bytes++)
        sum += (uint64_t)byte;
    kept = sum;
    fclose(stream);
    return (struct outcome){bytes, bytes + 1};
}

static struct outcome by_fread(int fd, size_t chunk_bytes) {
    FILE *stream = stream_of(fd);
    struct outcome outcome = {0};
    size_t count;
    while ((count = fread(memory, 1, chunk_bytes, stream)) > 0) {
        outcome.calls++;
        outcome.bytes += count;
    }
    outcome.calls++;
    fclose(stream);
    return outcome;
}

/* Touches a byte of each page: the kernel brings the page in, and nothing is copied. */
static struct outcome by_mmap(int fd, size_t chunk_bytes) {
    (void)chunk_bytes;
    struct stat status;
    if (fstat(fd, &status) < 0)
        die("fstat");
    size_t bytes = (size_t)status.st_size;
    const uint8_t *mapped = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped == MAP_FAILED)
        die("mmap");
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes; i += PAGE_BYTES)
        sum += mapped[i];
    kept = sum;
    munmap((void *)mapped, bytes);
    return (struct outcome){bytes, 1};
}

static const struct method methods[] = {
    {"read", 1, by_read},
    {"read", 4, by_read},
    {"read", 16, by_read},
    {"read", 64, by_read},
    {"read", 256, by_read},
    {"read", 1 << 10, by_read},
    {"read", 4 << 10, by_read},
    {"read", 16 << 10, by_read},
    {"read", 64 << 10, by_read},
    {"read", 256 << 10, by_read},
    {"read", 1 << 20, by_read},
    {"read", 4 << 20, by_read},
    {"own_buffer_get_byte", 1, by_own_buffer},
    {"stdio_getc", 1, by_getc},
    {"stdio_getc_unlocked", 1, by_getc_unlocked},
    {"stdio_fread", 64, by_fread},
    {"mmap_touch_pages", PAGE_BYTES, by_mmap},
};
enum { METHODS = sizeof methods / sizeof methods[0] };

/* ---- the page cache ---- */

static void warm(int fd) {
    if (lseek(fd, 0, SEEK_SET) < 0)
        die("lseek");
    ssize_t count;
    while ((count = read(fd, memory, sizeof memory)) > 0)
        continue;
    if (count < 0)
        die("read");
}

/* The part of the file's pages that is in memory, from 0 to 1. */
static double resident(int fd) {
    struct stat status;
    if (fstat(fd, &status) < 0)
        die("fstat");
    size_t bytes = (size_t)status.st_size;
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = (bytes + page_bytes - 1) / page_bytes;
    void *mapped = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    unsigned char *in_memory = malloc(pages);
    if (mapped == MAP_FAILED || in_memory == NULL || mincore(mapped, bytes, in_memory) < 0)
        die("mincore");
    size_t count = 0;
    for (size_t i = 0; i < pages; i++)
        count += in_memory[i] & 1;
    free(in_memory);
    munmap(mapped, bytes);
    return (double)count / (double)pages;
}

/* Advice, not an order: tmpfs keeps all, so the caller has to look at what is still resident. */
static double drop(int fd) {
    if (fdatasync(fd) < 0)
        die("fdatasync");
    int problem = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    if (problem != 0) {
        errno = problem;
        die("posix_fadvise");
    }
    return resident(fd);
}

/* ---- measuring ---- */

static double seconds[2][METHODS][MAX_REPETITIONS]; /* warm, dropped */
static struct outcome outcomes[METHODS];

static double time_once(const struct method *method, const char *file, struct outcome *outcome) {
    int fd = open(file, O_RDONLY);
    if (fd < 0)
        die(file);
    int64_t start_ns = monotonic_ns();
    *outcome = method->run(fd, method->chunk_bytes);
    double elapsed = (double)(monotonic_ns() - start_ns) / 1e9;
    close(fd);
    return elapsed;
}

static int by_value(const void *left, const void *right) {
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof values[0], by_value);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Returns the largest part of the file that stayed in memory although it was dropped. */
static double measure_all(const char *file, int fd, size_t repetitions) {
    double most_resident = 0;
    for (size_t round = 0; round < repetitions; round++) {
        warm(fd);
        for (size_t i = 0; i < METHODS; i++)
            seconds[0][i][round] = time_once(&methods[i], file, &outcomes[i]);
        for (size_t i = 0; i < METHODS; i++) {
            double still = drop(fd);
            most_resident = still > most_resident ? still : most_resident;
            seconds[1][i][round] = time_once(&methods[i], file, &outcomes[i]);
        }
    }
    return most_resident;
}

int main(int argc, char **argv) {
    long repetitions = argc == 3 ? strtol(argv[2], NULL, 10) : 5;
    if (argc < 2 || argc > 3 || repetitions < 1 || repetitions > MAX_REPETITIONS) {
        error_because("usage", "measure FILE [REPETITIONS], at most %d", MAX_REPETITIONS);
        return 2;
    }
    int fd = open(argv[1], O_RDONLY);
    if (fd < 0)
        die(argv[1]);
    double still = measure_all(argv[1], fd, (size_t)repetitions);
    close(fd);

    /* A page that stayed makes a "dropped" row partly warm: then the rows are called what they are.
     */
    const char *caches[2] = {"warm", still < 0.01 ? "dropped" : "not_dropped"};
    if (still >= 0.01)
        error_because("page cache", "up to %.0f %% of the file stayed in memory", still * 100);
    printf("method,chunk_bytes,cache,bytes,calls,seconds\n");
    for (size_t cache = 0; cache < 2; cache++) {
        for (size_t i = 0; i < METHODS; i++) {
            printf("%s,%zu,%s,%ju,%ju,%.9f\n", methods[i].name, methods[i].chunk_bytes,
                   caches[cache], (uintmax_t)outcomes[i].bytes, (uintmax_t)outcomes[i].calls,
                   median(seconds[cache][i], (size_t)repetitions));
        }
    }
    if (ferror(stdout) || fclose(stdout) != 0)
        die("standard output");
    return EXIT_SUCCESS;
}
