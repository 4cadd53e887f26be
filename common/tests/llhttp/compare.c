/*
 * Our request parser beside llhttp, on the same bytes: the examples of the tests, the seeds of the
 * fuzzer, and mutants of both. Each difference must be one of those in explained.c, or one of the
 * few below between two readings of a request that both take; any other is a failure.
 *
 *     compare MUTANTS SEED...
 *
 * What is compared: whether a request is taken, refused, or wants more bytes; method, target,
 * version, fields, body, size, and whether the connection persists. With which status it is refused
 * is not: llhttp has none.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/errors.h"
#include "common/fuzz/mutate.h"
#include "common/http.h"
#include "common/tests/http_examples.h"
#include "common/tests/http_feed.h"
#include "common/tests/llhttp/explained.h"
#include "common/tests/llhttp/theirs.h"

enum { MAX_UNEXPLAINED = 10, MAX_EXPLANATIONS = 64, MAX_FILES = 256 };
enum { MAX_SEEDS = HTTP_TAKEN_COUNT + HTTP_REFUSED_COUNT + MAX_FILES };

/* Differences in requests that both take. */
enum reading { ABSOLUTE_TARGET, SPACE_BEHIND_VALUE, TRAILERS_AS_FIELDS, READINGS };

static const struct {
    const char *what;
    const char *right;
    const char *section;
} readings[READINGS] = {
    [ABSOLUTE_TARGET] = {"the target is not cut down to its path", "either", "3.2.2"},
    [SPACE_BEHIND_VALUE] = {"white space behind a value is kept", "ours", "5.1"},
    [TRAILERS_AS_FIELDS] = {"trailers pass for header fields", "ours", "RFC 9110, 6.5.1"},
};

static struct {
    unsigned long requests;
    unsigned long same;
    unsigned long unexplained;
    unsigned long explained[MAX_EXPLANATIONS];
    unsigned long read[READINGS];
} tally;

/* What our parser makes of one request. */
struct ours {
    enum http_progress progress;
    struct http_parser parser;
    char *data; /* a copy, in which chunks have been joined */
    struct bytes sent;
};

static struct theirs theirs; /* large */

static void put_escaped(struct bytes text) {
    for (size_t i = 0; i < text.length && i < 400; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if (byte == '\r' || byte == '\n')
            fputs(byte == '\r' ? "\\r" : "\\n", stdout);
        else if (byte < ' ' || byte > '~')
            printf("\\x%02x", byte);
        else
            putchar(byte);
    }
    putchar('\n');
}

static void complain(const struct ours *ours, const char *what) {
    static const char *const progress[] = {"wants more", "wants more", "takes it", "refuses"};
    static const char *const outcome[] = {"takes it", "refuses", "wants more"};
    if (++tally.unexplained > MAX_UNEXPLAINED)
        return;
    printf("not explained: %s: ours %s (%d), llhttp %s (%s):\n    ", what, progress[ours->progress],
           ours->parser.status, outcome[theirs.outcome], theirs.reason ? theirs.reason : "");
    put_escaped(ours->sent);
}

static void count(const struct ours *ours, const struct disagreement *given, const char *what) {
    size_t i = explain(given);
    if (i < explanation_count)
        tally.explained[i]++;
    else
        complain(ours, what);
}

/* ---- One refuses ---- */

/* The line that holds the byte at `at`, and all before it. */
static void show_line(struct disagreement *given, struct bytes sent, size_t at) {
    size_t start = at;
    while (start > 0 && sent.at[start - 1] != '\n')
        start--;
    const char *line_end = memchr(sent.at + at, '\n', sent.length - at);
    if (line_end == NULL)
        line_end = sent.at + sent.length;
    given->line = (struct bytes){sent.at + start, (size_t)(line_end - sent.at) - start};
    given->head = (struct bytes){sent.at, (size_t)(line_end - sent.at)};
}

/* This looks into what is private to the parser: what it waited for, and where. */
static enum part part_of(const struct http_parser *parser) {
    static const enum part parts[] = {REQUEST_LINE, FIELD,   ANY_PART, CHUNK_SIZE,
                                      ANY_PART,     TRAILER, ANY_PART};
    return parts[parser->state];
}

static void count_refusal(const struct ours *ours) {
    const struct http_parser *parser = &ours->parser;
    struct disagreement given = {.reason = theirs.reason};
    size_t at = theirs.size_bytes;
    if (parser->chunked && at >= parser->section_start)
        given.part = TRAILER;
    if (ours->progress == HTTP_REFUSED) {
        given.status = parser->status;
        given.part = part_of(parser);
        /* the line was passed, unless it is longer than it may be */
        at = parser->line_start == parser->scanned ? parser->line_start - 1U : parser->line_start;
    }
    show_line(&given, ours->sent, at);
    count(ours, &given, "a refusal");
}

/* ---- Both take it ---- */

static bool is_same(const struct theirs_text *theirs_text, struct bytes text) {
    return text.length == theirs_text->length &&
           memcmp(text.at, theirs_text->bytes, text.length) == 0;
}

static struct bytes bytes_of(const struct ours *ours, struct http_span span) {
    return (struct bytes){ours->data + span.start, span.length};
}

/* Ours must be the rest of theirs from the path on, with a "/" where there was none. */
static bool is_path_of(struct bytes path, const struct theirs_text *uri) {
    size_t at = strlen("http://");
    if (uri->length < at || strncasecmp(uri->bytes, "http://", at) != 0)
        return false;
    while (at < uri->length && uri->bytes[at] != '/' && uri->bytes[at] != '?')
        at++;
    size_t missing = at == uri->length || uri->bytes[at] == '?';
    return path.at[0] == '/' && path.length == uri->length - at + missing &&
           memcmp(path.at + missing, uri->bytes + at, uri->length - at) == 0;
}

static void compare_targets(const struct ours *ours) {
    struct bytes target = bytes_of(ours, ours->parser.request.target);
    if (is_same(&theirs.target, target))
        return;
    if (is_path_of(target, &theirs.target))
        tally.read[ABSOLUTE_TARGET]++;
    else
        complain(ours, "the target");
}

/* Without the white space that llhttp leaves at the end of a value. */
static size_t trim_values(struct theirs_text *fields) {
    size_t kept = 0;
    size_t dropped = 0;
    for (size_t i = 0; i < fields->length; i++) {
        if (fields->bytes[i] == '\n')
            while (fields->bytes[kept - 1] == ' ' || fields->bytes[kept - 1] == '\t') {
                kept--;
                dropped++;
            }
        fields->bytes[kept++] = fields->bytes[i];
    }
    fields->length = kept;
    return dropped;
}

static void compare_fields(const struct ours *ours) {
    const struct http_request *request = &ours->parser.request;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    for (size_t i = 0; out != NULL && i < request->field_count; i++) {
        put_span(out, ours->data, request->fields[i].name);
        fputc('=', out);
        put_span(out, ours->data, request->fields[i].value);
        fputc('\n', out);
    }
    if (out == NULL || fclose(out) != 0)
        abort();
    tally.read[SPACE_BEHIND_VALUE] += trim_values(&theirs.fields) > 0;
    bool begins = length <= theirs.fields.length && memcmp(text, theirs.fields.bytes, length) == 0;
    if (begins && length < theirs.fields.length && ours->parser.chunked)
        tally.read[TRAILERS_AS_FIELDS]++;
    else if (!begins || length < theirs.fields.length)
        complain(ours, "the fields");
    free(text);
}

static void compare_readings(const struct ours *ours) {
    const struct http_request *request = &ours->parser.request;
    if (!is_same(&theirs.method, bytes_of(ours, request->method_name)))
        complain(ours, "the method");
    compare_targets(ours);
    if (theirs.minor != request->minor)
        complain(ours, "the version");
    compare_fields(ours);
    if (!is_same(&theirs.body, bytes_of(ours, request->body)))
        complain(ours, "the body");
    if (theirs.size_bytes != request->size_bytes)
        complain(ours, "the size");
    struct bytes sent = {ours->sent.at, request->size_bytes};
    struct disagreement persistence = {.reason = PERSISTENCE, .line = sent, .head = sent};
    if (theirs.keep_alive != request->keep_alive)
        count(ours, &persistence, PERSISTENCE);
}

/* ---- A connection's worth of requests ---- */

static struct ours parse(struct bytes sent) {
    struct ours ours = {.sent = sent, .data = malloc(sent.length)};
    if (ours.data == NULL)
        abort();
    memcpy(ours.data, sent.at, sent.length);
    ours.progress = http_parse(&ours.parser, ours.data, sent.length);
    return ours;
}

static void judge(const struct ours *ours) {
    static const enum theirs_outcome same[] = {THEIRS_MORE, THEIRS_MORE, THEIRS_TAKEN,
                                               THEIRS_REFUSED};
    tally.requests++;
    if (theirs.outcome == same[ours->progress]) {
        unsigned long before = tally.unexplained;
        if (theirs.outcome == THEIRS_TAKEN)
            compare_readings(ours);
        tally.same += tally.unexplained == before;
    } else if (theirs.outcome == THEIRS_REFUSED || ours->progress == HTTP_REFUSED) {
        count_refusal(ours);
    } else {
        complain(ours, "where the request ends");
    }
}

/* Where one refuses and the other waits, it may only wait for a line's end: ours because it judges
 * whole lines, llhttp because the next line could be folded onto this one. So the line is ended. */
static void end_line(struct bytes *sent, char *longer) {
    memcpy(longer, sent->at, sent->length);
    memcpy(longer + sent->length, "\r\n", 2);
    *sent = (struct bytes){longer, sent->length + 2};
    theirs_parse(sent->at, sent->length, &theirs);
}

/* Returns the size of the request when both take it, or 0. */
static size_t compare_one(struct bytes sent) {
    static char longer[MUTANT_BYTES + 2];
    struct ours ours = parse(sent);
    theirs_parse(sent.at, sent.length, &theirs);
    bool ours_waits = ours.progress < HTTP_REQUEST;
    bool theirs_waits = theirs.outcome == THEIRS_MORE;
    if ((ours_waits && theirs.outcome == THEIRS_REFUSED) ||
        (theirs_waits && ours.progress == HTTP_REFUSED)) {
        free(ours.data);
        end_line(&sent, longer);
        ours = parse(sent);
    }
    judge(&ours);
    bool both = ours.progress == HTTP_REQUEST && theirs.outcome == THEIRS_TAKEN;
    free(ours.data);
    return both ? ours.parser.request.size_bytes : 0;
}

static void compare_all(const char *at, size_t length) {
    size_t size;
    while (length > 0 && (size = compare_one((struct bytes){at, length})) > 0) {
        at += size;
        length -= size;
    }
}

static void report(void) {
    printf("%10lu requests, %lu the same to both\n", tally.requests, tally.same);
    for (size_t i = 0; i < explanation_count; i++)
        printf("%10lu %-6s %-16s %-8s %s\n", tally.explained[i], explanations[i].right,
               explanations[i].section,
               explanations[i].reason ? "llhttp:" : "ours:", explanations[i].what);
    for (size_t i = 0; i < READINGS; i++)
        printf("%10lu %-6s %-16s llhttp:  %s\n", tally.read[i], readings[i].right,
               readings[i].section, readings[i].what);
    printf("%10lu not explained\n", tally.unexplained);
}

/* The examples, and the files that are named. */
static size_t gather_seeds(struct seed seeds[MAX_SEEDS], char **paths, size_t path_count) {
    static char bytes[MAX_FILES][MUTANT_BYTES];
    size_t count = 0;
    for (size_t i = 0; i < HTTP_TAKEN_COUNT; i++)
        seeds[count++] = (struct seed){http_taken[i].bytes, http_taken[i].length};
    for (size_t i = 0; i < HTTP_REFUSED_COUNT; i++)
        seeds[count++] = (struct seed){http_refused[i].bytes, http_refused[i].length};
    for (size_t i = 0; i < path_count; i++) {
        if (!read_seed(paths[i], bytes[i], &seeds[count++])) {
            error_errno(paths[i]);
            exit(1);
        }
    }
    return count;
}

int main(int argc, char **argv) {
    static struct seed seeds[MAX_SEEDS];
    static struct mutant mutant;
    if (argc < 2 || argc - 2 > MAX_FILES) {
        error_because("arguments", "the count of mutants, and at most %d files", MAX_FILES);
        return 2;
    }
    size_t count = gather_seeds(seeds, argv + 2, (size_t)argc - 2);
    for (size_t i = 0; i < count; i++)
        compare_all(seeds[i].bytes, seeds[i].length);
    uint32_t mutants = (uint32_t)strtoul(argv[1], NULL, 10);
    for (uint32_t i = 0; i < mutants; i++) {
        mutate(&mutant, seeds, count, i);
        compare_all(mutant.bytes, mutant.length);
    }
    report();
    return tally.unexplained > 0;
}
