/*
 * Feeds bytes to the request parser as a server would, in pieces of any sizes, and writes down what
 * became of them: two ways of cutting are right when they leave the same words behind. Each piece
 * comes with all unread bytes in a new block of just their size, so that AddressSanitizer sees a
 * look beyond the end and nothing may rely on an address.
 * Used by the parser's tests, its fuzz target and the comparison with llhttp.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/http.h"

/* Sizes of the pieces, none of them 0; after the last comes the first again. */
struct cuts {
    size_t count;
    const size_t *sizes;
};

static inline void put_span(FILE *out, const char *data, struct http_span span) {
    fwrite(data + span.start, 1, span.length, out);
}

/* "POST /echo 1.1 keep Host=a Content-Length=2 body=hi" */
static inline void describe(FILE *out, const struct http_request *request, const char *data) {
    put_span(out, data, request->method_name);
    fputc(' ', out);
    put_span(out, data, request->target);
    fprintf(out, " 1.%d %s%s", request->minor, request->keep_alive ? "keep" : "close",
            request->expects_continue ? " continue" : "");
    for (size_t i = 0; i < request->field_count; i++) {
        fputc(' ', out);
        put_span(out, data, request->fields[i].name);
        fputc('=', out);
        put_span(out, data, request->fields[i].value);
    }
    if (request->has_body) {
        fputs(" body=", out);
        put_span(out, data, request->body);
    }
}

/* Where all of it lies: equal words in other places would be another parse. */
static inline void describe_places(FILE *out, const struct http_request *request) {
    fprintf(out, "\n  size %d, method %d at %d, target at %d, body at %d, fields at",
            request->size_bytes, request->method, request->method_name.start, request->target.start,
            request->body.start);
    for (size_t i = 0; i < request->field_count; i++)
        fprintf(out, " %d:%d", request->fields[i].name.start, request->fields[i].value.start);
    fputc('\n', out);
}

static inline bool is_within(const struct http_request *request, struct http_span span) {
    return span.start + span.length <= request->size_bytes;
}

/* What is wrong with a request that was found among `have` bytes, or NULL. */
static inline const char *trouble_with(const struct http_request *request, const char *data,
                                       size_t have) {
    char first = data[request->target.start];
    if (request->size_bytes > have || request->size_bytes > HTTP_REQUEST_BYTES)
        return "the request is longer than its bytes";
    if (!is_within(request, request->method_name) || !is_within(request, request->target) ||
        !is_within(request, request->body))
        return "a span leaves the request";
    for (size_t i = 0; i < request->field_count; i++)
        if (!is_within(request, request->fields[i].name) ||
            !is_within(request, request->fields[i].value) || request->fields[i].name.length == 0)
            return "a field's span leaves the request, or a name is empty";
    if (request->method_name.length == 0 || request->target.length == 0)
        return "the method or the target is empty";
    if (first != '/' && request->method != HTTP_OTHER_METHOD)
        return "the target is no path";
    return NULL;
}

/* The bytes that are there, from the beginning of the request under way. */
struct inbox {
    char *block;
    size_t start;
    size_t have;
    bool continue_said;
};

static inline void receive(struct inbox *inbox, const char *piece, size_t length) {
    char *fresh = malloc(inbox->have + length);
    if (fresh == NULL)
        abort();
    if (inbox->have > 0)
        memcpy(fresh, inbox->block + inbox->start, inbox->have);
    memcpy(fresh + inbox->have, piece, length);
    free(inbox->block);
    inbox->block = fresh;
    inbox->start = 0;
    inbox->have += length;
}

/* What is wrong with asking for more, or NULL. `sent` ends where the bytes so far end. */
static inline const char *trouble_with_more(enum http_progress progress,
                                            const struct http_parser *parser, struct inbox *inbox,
                                            const char *sent_end) {
    const char *data = inbox->block + inbox->start;
    if (inbox->have >= HTTP_REQUEST_BYTES)
        return "more is wanted than the buffer holds";
    if (memcmp(data, sent_end - inbox->have, inbox->have) != 0)
        return "bytes were changed before the request was whole";
    if (progress != HTTP_CONTINUE)
        return NULL;
    if (inbox->continue_said || !parser->request.expects_continue)
        return "100 Continue twice, or unasked";
    inbox->continue_said = true;
    return memcmp(data + inbox->have - 4, "\r\n\r\n", 4) == 0 ? NULL : "100 Continue too late";
}

/* What was in it before must not matter to http_begin(). */
static inline struct http_parser begun_parser(void) {
    struct http_parser parser;
    memset(&parser, 0xa5, sizeof parser);
    http_begin(&parser);
    return parser;
}

/* Takes all whole requests out of the inbox. Returns the last progress; trouble goes to `trouble`. */
static inline enum http_progress take_requests(struct http_parser *parser, struct inbox *inbox,
                                               const char *sent_end, FILE *out,
                                               const char **trouble) {
    enum http_progress progress = HTTP_MORE;
    while (inbox->have > 0 && *trouble == NULL) {
        char *data = inbox->block + inbox->start;
        progress = http_parse(parser, data, inbox->have);
        if (progress == HTTP_REFUSED)
            break;
        if (progress != HTTP_REQUEST) {
            *trouble = trouble_with_more(progress, parser, inbox, sent_end);
            break;
        }
        *trouble = trouble_with(&parser->request, data, inbox->have);
        if (*trouble != NULL)
            break;
        describe(out, &parser->request, data);
        describe_places(out, &parser->request);
        inbox->start += parser->request.size_bytes;
        inbox->have -= parser->request.size_bytes;
        inbox->continue_said = false;
        http_begin(parser);
    }
    return progress;
}

/* Returns what is wrong whatever the cuts are, or NULL. */
static inline const char *feed(const char *bytes, size_t length, struct cuts cuts, FILE *out) {
    struct http_parser parser = begun_parser();
    struct inbox inbox = {0};
    const char *trouble = NULL;
    enum http_progress progress = HTTP_MORE;
    size_t sent = 0;
    for (size_t i = 0; sent < length && trouble == NULL && progress != HTTP_REFUSED; i++) {
        size_t piece = cuts.sizes[i % cuts.count];
        if (piece > length - sent)
            piece = length - sent;
        receive(&inbox, bytes + sent, piece);
        sent += piece;
        progress = take_requests(&parser, &inbox, bytes + sent, out, &trouble);
    }
    if (progress == HTTP_REFUSED)
        fprintf(out, "%d to method %d of 1.%d\n", parser.status, parser.request.method,
                parser.request.minor);
    else
        fprintf(out, "%zu bytes wait, %s\n", inbox.have, http_is_idle(&parser) ? "idle" : "busy");
    free(inbox.block);
    return trouble;
}

/* What feed() wrote, and what is wrong, if anything. There may be NULs in it. */
struct story {
    char *text; /* to be freed */
    size_t length;
    const char *trouble;
};

static inline struct story story_of(const char *bytes, size_t length, struct cuts cuts) {
    struct story story = {0};
    FILE *out = open_memstream(&story.text, &story.length);
    if (out == NULL)
        abort();
    story.trouble = feed(bytes, length, cuts, out);
    if (fclose(out) != 0)
        abort();
    return story;
}

static inline bool are_same(const struct story *left, const struct story *right) {
    return left->trouble == NULL && right->trouble == NULL && left->length == right->length &&
           memcmp(left->text, right->text, left->length) == 0;
}
