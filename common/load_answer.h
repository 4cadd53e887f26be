/*
 * Where an HTTP/1 answer ends, found as its bytes come, however they were cut: by Content-Length,
 * by chunks, or by the end of the connection (RFC 9112, section 6.3). Part of the load generator.
 *
 * Left out: everything in an answer but its status and its framing; answers to HEAD, which have
 * another one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer line is cut to this: the fields that matter are short. */
enum { LOAD_ANSWER_LINE_BYTES = 96 };

enum load_answer_part {
    ANSWER_STATUS_LINE,
    ANSWER_FIELDS,
    ANSWER_BODY,
    ANSWER_BODY_UNTIL_CLOSE, /* whole when the connection ends */
    ANSWER_CHUNK_SIZE,
    ANSWER_CHUNK,
    ANSWER_CHUNK_END,
    ANSWER_TRAILERS,
    ANSWER_WHOLE,
};

struct load_answer {
    enum load_answer_part part; /* what comes next */
    int status;                 /* 0 until its line is there; never that of an interim answer */
    bool closes;                /* it says "Connection: close" */
    uint64_t body_bytes;        /* so far, without framing */
    /* private */
    bool chunked;
    int64_t left; /* of the body or the chunk; -1: no Content-Length */
    size_t line_length;
    char line[LOAD_ANSWER_LINE_BYTES];
};

/* An answer of which nothing has come. */
struct load_answer load_answer_expected(void);

/*
 * Takes the next bytes of an answer.
 * Returns NULL, or what is wrong with them: a few words for a message, never freed. Bytes behind a
 * whole answer are wrong too, for there is no pipelining here.
 */
const char *load_answer_read(struct load_answer *answer, const char *bytes, size_t size);
