/*
 * HTTP/1.1 requests in, response heads out (RFC 9110, RFC 9112).
 *
 * The parser works in the caller's buffer and copies nothing: what it finds are spans, offsets into
 * that buffer. It takes bytes as they come, one at a time or ten requests at once, goes over each
 * line once, and gives the same answer however the bytes were cut. What is ambiguous is
 * refused, for two programs that read one message differently are how requests are smuggled
 * (RFC 9112, section 11.2).
 *
 *     struct http_parser parser = {0};
 *     char in[HTTP_REQUEST_BYTES];
 *     size_t have = 0;
 *     while ((progress = http_parse(&parser, in, have)) == HTTP_MORE)
 *         have += recv(fd, in + have, sizeof in - have, 0);
 *     ... answer parser.request, then forget it; what follows it is the next one ...
 *     have -= parser.request.size_bytes;
 *     memmove(in, in + parser.request.size_bytes, have);
 *     http_begin(&parser);
 *
 * Left out: reading and writing, which is what the labs are about; trailers, which are checked and
 * dropped; upgrades; bodies larger than a buffer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* A request that fits these limits fits a buffer of HTTP_REQUEST_BYTES. */
enum {
    HTTP_LINE_BYTES = 8000,     /* of the request line (RFC 9112, section 3, asks for 8,000), and of
                                 * empty lines in front of it; 414 */
    HTTP_FIELDS_BYTES = 8192,   /* of all header fields, line ends and the empty line behind them
                                 * included, and likewise of all trailers; 431 */
    HTTP_FIELD_COUNT = 64,      /* header fields; 431 */
    HTTP_BODY_BYTES = 16384,    /* of a body, framing of its chunks and trailers included; 413 */
    HTTP_REQUEST_BYTES = 32768, /* of a whole request */
};

/* A piece of the caller's buffer, counted from where the request begins. */
struct http_span {
    uint16_t start;
    uint16_t length;
};

struct http_field {
    struct http_span name;  /* as sent; compare without regard to case */
    struct http_span value; /* without the white space around it */
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER_METHOD };

struct http_request {
    enum http_method method;
    struct http_span method_name;
    struct http_span target; /* origin-form, "/files/a?b=c", also where absolute-form was sent; or
                              * "*", only after OPTIONS; or "host:port", only after CONNECT */
    uint8_t minor;           /* version: HTTP/1.0 or HTTP/1.1; any later HTTP/1.x counts as 1.1 */
    bool keep_alive;         /* the connection may serve another (RFC 9112, section 9.3) */
    bool expects_continue;   /* RFC 9110, section 10.1.1; never for 1.0 */
    bool has_body;           /* Content-Length or Transfer-Encoding was there, be it of 0 bytes */
    struct http_span body;   /* decoded, in one piece */
    uint16_t size_bytes;     /* of the whole request as sent: the next one begins behind it */
    uint8_t field_count;
    struct http_field fields[HTTP_FIELD_COUNT]; /* last: see http_begin() */
};

enum http_progress {
    HTTP_MORE,     /* more bytes are needed */
    HTTP_CONTINUE, /* likewise, and the client waits for "100 Continue" first; said once a request,
                    * and only while no byte of the body is there */
    HTTP_REQUEST,  /* a whole request is in `request` */
    HTTP_REFUSED,  /* answer `status` and close: where the next request begins is unknown */
};

/* All zeroes is a parser at the beginning of a request. */
struct http_parser {
    int status; /* after HTTP_REFUSED: 400, 413, 414, 431, 501, 505 or 417 */
    /* private */
    uint8_t state;
    bool chunked;
    bool continue_said;
    uint16_t seen;          /* what the head has said so far */
    uint16_t scanned;       /* bytes that need no second look */
    uint16_t line_start;    /* of the line under way */
    uint16_t section_start; /* of the fields, or of the trailers */
    uint16_t body_start;
    uint32_t body_left; /* of the body, or of the chunk under way */
    /* public again */
    struct http_request request; /* whole after HTTP_REQUEST; only `method` and `minor` are of use
                                  * after HTTP_REFUSED, and only if the request line was sound */
};

/* Puts a parser at the beginning of a request, whatever was in it. Fields that `field_count` does not
 * count are never looked at, so those 512 bytes stay: 1 ns, where zeroing all of it takes 12. */
void http_begin(struct http_parser *parser);

/*
 * Goes on with a request as far as the bytes allow.
 * data    where the request begins. It may lie elsewhere at each call, its bytes must not change.
 *         Empty lines in front of a request are skipped and count as part of it (RFC 9112,
 *         section 2.2). The chunks of a body are joined in place when all of it is there, and
 *         an absolute-form without a path gets its "/" then.
 * length  all bytes that have come so far, those of later requests included; more than
 *         HTTP_REQUEST_BYTES are not looked at
 * After HTTP_REQUEST and HTTP_REFUSED, http_begin() before it is used again.
 */
enum http_progress http_parse(struct http_parser *parser, char *data, size_t length);

/* Whether no byte of a request has come, empty lines aside: the connection is idle. */
bool http_is_idle(const struct http_parser *parser);

/* The value of the first field of that name; false when there is none. `name` in lower case.
 * data  where the request begins */
bool http_find(const struct http_request *request, const char *data, const char *name,
               struct http_span *value);

/* Whether the span reads as `text`, without regard to case. */
bool http_span_is(const char *data, struct http_span span, const char *text);

/* ---- Responses ---- */

/* "Not Found"; "Unknown" for a status that this program never sends. */
const char *http_reason(int status);

enum {
    HTTP_DATE_BYTES = 30,         /* "Sun, 06 Nov 1994 08:49:37 GMT" and a NUL */
    HTTP_LENGTH_CHUNKED = -1,     /* Transfer-Encoding: chunked */
    HTTP_LENGTH_UNTIL_CLOSE = -2, /* neither: the end of the connection is the end of the body,
                                       * all that HTTP/1.0 knows for one of unknown length */
    HTTP_LENGTH_NONE = -3,        /* no body and no field that tells of one: 204, 304 */
};

/* What a response says before its body. */
struct http_head {
    int status;
    int64_t length;     /* of the body in bytes, or one of HTTP_LENGTH_...; for HEAD, what GET's
                         * would be */
    bool keep_alive;    /* from the request; false adds "Connection: close" */
    uint8_t minor;      /* of the request: a kept 1.0 connection is told "keep-alive" */
    const char *type;   /* Content-Type; NULL: none */
    const char *fields; /* further ones, each ending in CR LF; NULL: none */
};

/*
 * Writes a status line, Date, and the fields, with the empty line that ends them.
 * now  for Date, seconds since the epoch
 * Returns the bytes written, without a NUL, or -1 with errno ENOBUFS when they don't fit.
 */
int http_write_head(char *buffer, size_t size_bytes, const struct http_head *head, time_t now);

/* "HTTP/1.1 100 Continue" and its empty line (RFC 9110, section 15.2.1). */
extern const char http_continue[];

/*
 * Writes a date in the one form that may be generated (RFC 9110, section 5.6.7: IMF-fixdate).
 * Without locale, time zone or lock, unlike gmtime(3) and strftime(3). Years 1970 to 9999; of a
 * time beyond these, the nearest.
 */
void http_write_date(char date[HTTP_DATE_BYTES], time_t when);

/* Reads a date in any of the three forms that must be understood (RFC 9110, section 5.6.7).
 * Returns false when it is none of them. */
bool http_read_date(const char *text, size_t length, time_t *when);
