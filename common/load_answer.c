/*
 * An answer's framing as a small machine: each line that comes, and each end of a body, says what
 * comes next. Bodies are counted and not kept.
 */
#include "common/load_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct load_answer load_answer_expected(void) {
    return (struct load_answer){.left = -1};
}

/* What comes behind the head. */
static void end_head(struct load_answer *answer) {
    bool has_body = answer->status != 204 && answer->status != 304;
    if (answer->status / 100 == 1) /* an interim answer: the real one follows */
        *answer = load_answer_expected();
    else if (has_body && answer->chunked)
        answer->part = ANSWER_CHUNK_SIZE;
    else if (has_body && answer->left != 0)
        answer->part = answer->left > 0 ? ANSWER_BODY : ANSWER_BODY_UNTIL_CLOSE;
    else
        answer->part = ANSWER_WHOLE;
}

/* The value of the field that the line holds, when it has that name; else NULL. */
static const char *field_value(const char *line, const char *name) {
    size_t length = strlen(name);
    if (strncasecmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    return line + length + 1 + strspn(line + length + 1, " \t");
}

static const char *take_field(struct load_answer *answer) {
    const char *value;
    if ((value = field_value(answer->line, "Content-Length")) != NULL) {
        char *end;
        answer->left = strtoll(value, &end, 10);
        if (end == value || *end != '\0' || answer->left < 0)
            return "bad Content-Length";
    } else if ((value = field_value(answer->line, "Transfer-Encoding")) != NULL) {
        answer->chunked = strcasecmp(value, "chunked") == 0;
    } else if ((value = field_value(answer->line, "Connection")) != NULL) {
        answer->closes = strcasecmp(value, "close") == 0;
    }
    return NULL;
}

static const char *take_chunk_size(struct load_answer *answer) {
    char *end;
    answer->left = strtoll(answer->line, &end, 16);
    if (end == answer->line || (*end != '\0' && *end != ';') || answer->left < 0)
        return "bad chunk size";
    answer->part = answer->left > 0 ? ANSWER_CHUNK : ANSWER_TRAILERS;
    return NULL;
}

/* What follows from a whole line. Returns NULL, or what is wrong with it. */
static const char *take_line(struct load_answer *answer) {
    bool is_empty = answer->line[0] == '\0';
    switch (answer->part) {
    case ANSWER_STATUS_LINE:
        if (sscanf(answer->line, "HTTP/1.%*1d %3d", &answer->status) != 1)
            return "not an HTTP/1 answer";
        answer->part = ANSWER_FIELDS;
        return NULL;
    case ANSWER_FIELDS:
        if (!is_empty)
            return take_field(answer);
        end_head(answer);
        return NULL;
    case ANSWER_CHUNK_SIZE:
        return take_chunk_size(answer);
    case ANSWER_CHUNK_END:
        answer->part = ANSWER_CHUNK_SIZE;
        return is_empty ? NULL : "chunk longer than its size";
    default:
        if (is_empty)
            answer->part = ANSWER_WHOLE;
        return NULL;
    }
}

/* Takes bytes up to the end of the line under way. Returns how many. */
static size_t gather_line(struct load_answer *answer, const char *bytes, size_t size,
                          const char **wrong) {
    const char *end = memchr(bytes, '\n', size);
    size_t length = end != NULL ? (size_t)(end - bytes) : size;
    size_t room = LOAD_ANSWER_LINE_BYTES - 1 - answer->line_length;
    size_t kept = length < room ? length : room;
    memcpy(answer->line + answer->line_length, bytes, kept);
    answer->line_length += kept;
    if (end == NULL)
        return size;
    if (answer->line_length > 0 && answer->line[answer->line_length - 1] == '\r')
        answer->line_length--;
    answer->line[answer->line_length] = '\0';
    answer->line_length = 0;
    *wrong = take_line(answer);
    return length + 1;
}

static size_t skip_body(struct load_answer *answer, size_t size) {
    size_t taken = size;
    if (answer->part != ANSWER_BODY_UNTIL_CLOSE) {
        taken = (int64_t)size < answer->left ? size : (size_t)answer->left;
        answer->left -= (int64_t)taken;
        if (answer->left == 0)
            answer->part = answer->part == ANSWER_CHUNK ? ANSWER_CHUNK_END : ANSWER_WHOLE;
    }
    answer->body_bytes += taken;
    return taken;
}

const char *load_answer_read(struct load_answer *answer, const char *bytes, size_t size) {
    const char *wrong = NULL;
    while (size > 0 && wrong == NULL) {
        size_t taken;
        if (answer->part == ANSWER_WHOLE)
            return "bytes behind the answer";
        if (answer->part == ANSWER_BODY || answer->part == ANSWER_CHUNK ||
            answer->part == ANSWER_BODY_UNTIL_CLOSE)
            taken = skip_body(answer, size);
        else
            taken = gather_line(answer, bytes, size, &wrong);
        bytes += taken;
        size -= taken;
    }
    return wrong;
}
