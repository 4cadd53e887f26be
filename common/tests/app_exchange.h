/*
 * What the tests of app share: asking an application and taking its reply apart, and a folder of
 * files to ask for. Static functions, for each test is a program of one source file.
 *
 * Each request is asked three times, its reply taken into buffers of 1, 7 and 4,096 bytes: that all
 * three read the same is part of every test.
 */
#pragma once

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/app.h"
#include "common/io.h"

enum { REPLY_BYTES_MAX = 1 << 20 };

/* A request of a line and further fields, each of those ended by "\r\n". */
#define REQUEST(line, fields) line "\r\nHost: here\r\n" fields "\r\n"
#define GET(path)             REQUEST("GET " path " HTTP/1.1", "")

struct received {
    char *bytes; /* all of it, the head ending in a NUL instead of its empty line */
    size_t length;
    const char *body;
    size_t body_length;
    struct reply reply; /* as the application left it, before anything was taken */
};

static const char *one_line(const char *request) {
    static char line[256];
    snprintf(line, sizeof line, "%.*s", (int)strcspn(request, "\r\n"), request);
    return line;
}

/* Parses and answers. `data` must stay until the reply is taken. */
static inline void answer(struct app *app, char *data, size_t length, struct reply *reply) {
    struct http_parser parser = {0};
    enum http_progress progress = http_parse(&parser, data, length);
    cr_assert(progress == HTTP_REQUEST || progress == HTTP_REFUSED, "%s: not whole",
              one_line(data));
    memset(reply, 0xa5, sizeof *reply); /* what is not set, shows */
    if (progress == HTTP_REQUEST)
        app_answer(app, &parser.request, data, false, reply);
    else
        app_refuse(app, &parser, reply);
}

static inline size_t take_all(struct reply *reply, char *into, size_t buffer_bytes) {
    size_t length = 0;
    ssize_t count;
    char *buffer = malloc(buffer_bytes); /* of its very size: a byte beyond is seen by asan */
    while ((count = reply_take(reply, buffer, buffer_bytes)) > 0) {
        cr_assert(length + (size_t)count < REPLY_BYTES_MAX);
        memcpy(into + length, buffer, (size_t)count);
        length += (size_t)count;
        bool full = (size_t)count == buffer_bytes;
        cr_assert(full || reply_is_done(reply), "a buffer was left with room in it");
    }
    cr_assert(count == 0, "reply_take: %s", strerror(errno));
    cr_assert(reply_is_done(reply));
    free(buffer);
    reply_release(reply);
    reply_release(reply); /* twice is harmless */
    return length;
}

/* Replies live as long as the test; the chain shows a leak checker that this is meant. */
static inline char *keep(const char *bytes, size_t length) {
    static struct kept {
        struct kept *next;
        char bytes[];
    } * all;
    struct kept *kept = malloc(sizeof *kept + length);
    kept->next = all;
    all = kept;
    return memcpy(kept->bytes, bytes, length);
}

/* Asks once. `length` of the request, for a body may have NULs. */
static inline struct received ask_once(struct app *app, const char *request, size_t length,
                                       size_t buffer_bytes) {
    static char taken[REPLY_BYTES_MAX];
    struct received received;
    char *data = malloc(length);
    memcpy(data, request, length);
    struct reply reply;
    answer(app, data, length, &reply);
    received.reply = reply;
    received.length = take_all(&reply, taken, buffer_bytes);
    received.bytes = keep(taken, received.length);
    free(data);

    char *end = memmem(received.bytes, received.length, "\r\n\r\n", 4);
    cr_assert(end != NULL, "%s: the reply has no head", one_line(request));
    end[2] = '\0';
    received.body = end + 4;
    received.body_length = received.length - (size_t)(received.body - received.bytes);
    return received;
}

/* The second may change from one asking to the next. */
static inline void blank_date(struct received *received) {
    char *date = strstr(received->bytes, "\r\nDate: ");
    cr_assert(date != NULL, "every reply has a Date");
    memset(date + 8, '.', strlen("Sun, 06 Nov 1994 08:49:37 GMT"));
}

static inline struct received ask_bytes(struct app *app, const char *request, size_t length) {
    static const size_t sizes[] = {1, 7, 4096};
    struct received first = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct received received = ask_once(app, request, length, sizes[i]);
        blank_date(&received);
        if (i == 0) {
            first = received;
            continue;
        }
        cr_assert(received.length == first.length &&
                      memcmp(received.bytes, first.bytes, first.length) == 0,
                  "%s: buffers of 1 and %zu bytes take different replies", one_line(request),
                  sizes[i]);
    }
    return first;
}

static inline struct received ask(struct app *app, const char *request) {
    return ask_bytes(app, request, strlen(request));
}

static inline int status_of(const struct received *received) {
    int status = 0;
    cr_assert(sscanf(received->bytes, "HTTP/1.1 %3d ", &status) == 1, "%s", received->bytes);
    return status;
}

/* Returns the value of a field, to be used before the next call, or NULL. */
static inline const char *field_of(const struct received *received, const char *name) {
    static char value[256];
    char start[64];
    snprintf(start, sizeof start, "\r\n%s: ", name);
    const char *found = strstr(received->bytes, start);
    if (found == NULL)
        return NULL;
    found += strlen(start);
    snprintf(value, sizeof value, "%.*s", (int)strcspn(found, "\r"), found);
    return value;
}

static inline bool has_field(const struct received *received, const char *name, const char *value) {
    const char *seen = field_of(received, name);
    return seen != NULL && strcmp(seen, value) == 0;
}

static inline bool has_body(const struct received *received, const char *body) {
    return received->body_length == strlen(body) &&
           memcmp(received->body, body, received->body_length) == 0;
}

/* The lowest free descriptor: what a leak would raise. */
static inline int next_descriptor(void) {
    int fd = dup(STDIN_FILENO);
    cr_assert(fd != -1);
    close(fd);
    return fd;
}

/* ---- Files to ask for ---- */

/* 1994-11-06 08:49:37, the example of RFC 9110. */
enum { LONG_AGO = 784111777 };
#define LONG_AGO_DATE "Sun, 06 Nov 1994 08:49:37 GMT"

/* A folder with `root` in it, and beside that what must not be reached. */
static char base[64];

static inline const char *under(const char *path) {
    static char whole[2 * HTTP_LINE_BYTES];
    snprintf(whole, sizeof whole, "%s/%s", base, path);
    return whole;
}

static inline void make_folder(const char *path) {
    cr_assert(mkdir(under(path), 0755) == 0, "%s: %s", path, strerror(errno));
}

/* Bytes without a short period, so that a piece from a wrong place shows. */
static inline char file_byte(size_t i) {
    return (char)(i * 31 + i / 251);
}

static inline void make_file_at(const char *path, const char *bytes, size_t length, time_t when) {
    int fd = open(under(path), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    cr_assert(fd != -1, "%s: %s", path, strerror(errno));
    cr_assert(write_full(fd, bytes, length) == 0);
    struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};
    cr_assert(futimens(fd, times) == 0);
    close(fd);
}

static inline void make_file(const char *path, const char *text) {
    make_file_at(path, text, strlen(text), LONG_AGO);
}

static inline void make_link(const char *path, const char *target) {
    cr_assert(symlink(target, under(path)) == 0, "%s: %s", path, strerror(errno));
}

static inline void make_base(void) {
    snprintf(base, sizeof base, "/tmp/groundwork-app-XXXXXX");
    cr_assert(mkdtemp(base) != NULL);
    cr_assert(chmod(base, 0755) == 0); /* for the test that gives up being root */
    make_folder("root");
}

static inline int remove_one(const char *path, const struct stat *status, int kind,
                             struct FTW *place) {
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static inline void remove_base(void) {
    nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void open_app(struct app *app) {
    cr_assert(app_open(app, under("root")) == 0, "%s", strerror(errno));
}
