/*
 * The request parser. It goes from line to line: a line is judged when its LF has come, or when it
 * has outgrown its limit without one. So a verdict hangs on the bytes and never on how they were
 * cut. Bodies are measured, not looked at.
 *
 * What RFC 9112 leaves open and is refused here, for a program in front of this one may read it
 * another way, and no honest client sends it: a bare LF as the end of a line (section 2.2), several
 * equal Content-Lengths (RFC 9110, section 8.6), more white space in the request line than one
 * blank each (section 3).
 *
 * The grammar of the pieces is in http_syntax.c, responses and dates are in http_response.c.
 */
#include "common/http.h"

#include <string.h>

#include "common/http_syntax.h"

enum {
    BAD_REQUEST = 400,
    CONTENT_TOO_LARGE = 413,
    URI_TOO_LONG = 414,
    EXPECTATION_FAILED = 417,
    FIELDS_TOO_LARGE = 431,
    NOT_IMPLEMENTED = 501,
    VERSION_NOT_SUPPORTED = 505,
};

/* What a step results in, beside the status of a refusal. */
enum { GO_ON = 0, NEED_MORE = -1 };

/* What the parser waits for. All but BODY and CHUNK_DATA are lines. */
enum state { REQUEST_LINE, FIELDS, BODY, CHUNK_SIZE, CHUNK_DATA, TRAILERS, WHOLE };

/* What the head has said so far. */
enum {
    ABSOLUTE_FORM = 1,
    HOST = 2,
    LENGTH = 4,
    CODING = 8,
    UNKNOWN_CODING = 16,
    CLOSE = 32,
    KEEP_ALIVE = 64,
    OTHER_EXPECTATION = 128,
    TUNNEL = 256,
};

enum { LINE_END_BYTES = 2 };

_Static_assert(HTTP_LINE_BYTES + LINE_END_BYTES + HTTP_FIELDS_BYTES + HTTP_BODY_BYTES <=
                   HTTP_REQUEST_BYTES,
               "what keeps to the limits must fit the buffer");
_Static_assert(HTTP_REQUEST_BYTES <= UINT16_MAX, "a span is 16 bits wide");

/* ---- Spans ---- */

static struct http_span span_of(const char *data, struct text text) {
    return (struct http_span){(uint16_t)(text.at - data), (uint16_t)(text.end - text.at)};
}

static struct text text_of(const char *data, struct http_span span) {
    return (struct text){data + span.start, data + span.start + span.length};
}

/* What of it, from its beginning, is of this kind; `*text` is left with the rest. */
static struct text take(struct text *text, enum text_kind kind) {
    struct text taken = *text;
    text_take(text, kind);
    taken.end = text->at;
    return taken;
}

bool http_span_is(const char *data, struct http_span span, const char *text) {
    return text_is_like(text_of(data, span), text);
}

/* A search rather than an index: a request has some ten fields, and a server asks for two or three. */
bool http_find(const struct http_request *request, const char *data, const char *name,
               struct http_span *value) {
    for (size_t i = 0; i < request->field_count; i++) {
        if (http_span_is(data, request->fields[i].name, name)) {
            *value = request->fields[i].value;
            return true;
        }
    }
    return false;
}

/* ---- The request line: RFC 9112, section 3 ---- */

static bool is_path(struct text text) {
    text_take_encoded(&text, TEXT_PATH);
    return text.at == text.end;
}

/* "http://host/path": takes what is in front of the path. Not for "https", which this connection
 * is too open for (RFC 9110, section 7.4). */
static bool take_origin(struct text *target) {
    static const size_t scheme_bytes = sizeof "http://" - 1;
    if ((size_t)(target->end - target->at) < scheme_bytes ||
        !text_is_like((struct text){target->at, target->at + scheme_bytes}, "http://"))
        return false;
    target->at += scheme_bytes;
    struct text host = *target;
    while (target->at < target->end && *target->at != '/' && *target->at != '?')
        target->at++;
    host.end = target->at;
    return host.at < host.end && *host.at != ':' && text_is_authority(host);
}

static bool read_target(struct http_parser *parser, const char *data, struct text target) {
    struct text method = text_of(data, parser->request.method_name);
    parser->request.target = span_of(data, target);
    if (text_is(method, "CONNECT")) {
        parser->seen |= TUNNEL;
        return text_is_host_and_port(target);
    }
    if (text_is(target, "*"))
        return text_is(method, "OPTIONS");
    if (target.at < target.end && *target.at == '/')
        return is_path(target);
    if (!take_origin(&target) || !is_path(target))
        return false;

    /* An empty path means "/" (RFC 9110, section 4.2.3), and a span needs a byte to point at: it
     * gets the last one of the host, which becomes a "/" when the request is whole. */
    if (target.at == target.end || *target.at == '?')
        target.at--;
    parser->seen |= ABSOLUTE_FORM;
    parser->request.target = span_of(data, target);
    return true;
}

/* "HTTP/1.1" (section 2.3). A later minor version can be spoken to as 1.1 (RFC 9110, section
 * 2.5). */
static int read_version(struct text version, uint8_t *minor) {
    const char *text = version.at;
    if (version.end - text != 8 || memcmp(text, "HTTP/", 5) != 0 || text[6] != '.' ||
        !text_is_all((struct text){text + 5, text + 6}, TEXT_DIGIT) ||
        !text_is_all((struct text){text + 7, text + 8}, TEXT_DIGIT))
        return BAD_REQUEST;
    *minor = text[7] != '0';
    return text[5] == '1' ? GO_ON : VERSION_NOT_SUPPORTED;
}

/* Which methods a resource allows is the application's to say, so none is refused here. */
static enum http_method method_of(struct text name) {
    return text_is(name, "GET")    ? HTTP_GET
           : text_is(name, "HEAD") ? HTTP_HEAD
           : text_is(name, "POST") ? HTTP_POST
                                   : HTTP_OTHER_METHOD;
}

static int take_request_line(struct http_parser *parser, const char *data, struct text line) {
    struct http_request *request = &parser->request;
    struct text target = line;
    struct text method = take(&target, TEXT_TOKEN);
    struct text version;
    if (method.at == method.end || !text_take_byte(&target, ' ') ||
        !text_split(target, ' ', &target, &version))
        return BAD_REQUEST;

    /* the version comes before the target: "PRI * HTTP/2.0" is a protocol, not a malformed target */
    request->method = method_of(method);
    request->method_name = span_of(data, method);
    int status = read_version(version, &request->minor);
    if (status != GO_ON)
        return status;
    if (!read_target(parser, data, target))
        return BAD_REQUEST;
    parser->section_start = parser->line_start;
    parser->state = FIELDS;
    return GO_ON;
}

/* ---- The fields that the parser itself heeds ---- */

/* A second one and a malformed one are refused in any version: RFC 9112, section 3.2. */
static int take_host(struct http_parser *parser, struct text value) {
    if (parser->seen & HOST || !text_is_authority(value))
        return BAD_REQUEST;
    parser->seen |= HOST;
    return GO_ON;
}

/* Digits only: a sign, a list or a second field is where two readers of one request part. The value
 * is held against the limit in judge_head(), when it is known that it counts. */
static int take_content_length(struct http_parser *parser, struct text value) {
    if (parser->seen & LENGTH || value.at == value.end || !text_is_all(value, TEXT_DIGIT))
        return BAD_REQUEST;
    parser->seen |= LENGTH;
    parser->body_left = text_number(value, 10, HTTP_BODY_BYTES);
    return GO_ON;
}

/* Chunked comes once, last, and has no parameters: RFC 9112, sections 6.1 and 7.1. */
static int take_transfer_encoding(struct http_parser *parser, struct text list) {
    struct text coding;
    parser->seen |= CODING;
    while (text_take_element(&list, &coding)) {
        if (parser->chunked)
            return BAD_REQUEST;
        if (text_is_like(coding, "chunked"))
            parser->chunked = true;
        else
            parser->seen |= UNKNOWN_CODING;
    }
    return GO_ON;
}

/* Options that are unknown belong to others: RFC 9110, section 7.6.1. */
static int take_connection(struct http_parser *parser, struct text list) {
    struct text option;
    while (text_take_element(&list, &option)) {
        if (text_is_like(option, "close"))
            parser->seen |= CLOSE;
        else if (text_is_like(option, "keep-alive"))
            parser->seen |= KEEP_ALIVE;
    }
    return GO_ON;
}

/* In HTTP/1.0 it must be ignored: RFC 9110, section 10.1.1. */
static int take_expect(struct http_parser *parser, struct text list) {
    struct text expectation;
    while (parser->request.minor > 0 && text_take_element(&list, &expectation)) {
        if (text_is_like(expectation, "100-continue"))
            parser->request.expects_continue = true;
        else
            parser->seen |= OTHER_EXPECTATION;
    }
    return GO_ON;
}

/* Fields act when they come, not when the head ends, so that a faulty one is refused at once. */
static int heed(struct http_parser *parser, struct text name, struct text value) {
    static const struct {
        const char *name;
        int (*take)(struct http_parser *parser, struct text value);
    } heeded[] = {
        {"host", take_host},
        {"connection", take_connection},
        {"content-length", take_content_length},
        {"transfer-encoding", take_transfer_encoding},
        {"expect", take_expect},
    };
    for (size_t i = 0; i < sizeof heeded / sizeof *heeded; i++)
        if (text_is_like(name, heeded[i].name))
            return heeded[i].take(parser, value);
    return GO_ON;
}

/* ---- The head ---- */

/* A name with white space before it or behind it is no token, so a line that is folded onto the
 * one above is refused here as well: RFC 9112, sections 5.1 and 5.2. */
static bool read_field(struct text line, struct text *name, struct text *value) {
    *value = line;
    *name = take(value, TEXT_TOKEN);
    if (name->at == name->end || !text_take_byte(value, ':'))
        return false;
    *value = text_trim(*value);
    return text_is_all(*value, TEXT_VALUE);
}

static int take_field(struct http_parser *parser, const char *data, struct text line) {
    struct http_request *request = &parser->request;
    struct text name;
    struct text value;
    if (!read_field(line, &name, &value))
        return BAD_REQUEST;
    if (request->field_count == HTTP_FIELD_COUNT)
        return FIELDS_TOO_LARGE;
    request->fields[request->field_count++] =
        (struct http_field){span_of(data, name), span_of(data, value)};
    return heed(parser, name, value);
}

/*
 * What only the whole head can tell. Where the body ends must be beyond doubt (RFC 9112, section
 * 6.3): a coding other than chunked at the end, a coding in HTTP/1.0, and a length beside a coding
 * are faulty before a coding is merely unknown. CONNECT has no body: what follows it is read as one
 * by some and as the tunnel's by others (RFC 9110, section 9.3.6).
 */
static int judge_head(const struct http_parser *parser) {
    bool is_1_0 = parser->request.minor == 0;
    if (!is_1_0 && !(parser->seen & HOST))
        return BAD_REQUEST;
    if (parser->seen & CODING && (is_1_0 || parser->seen & LENGTH || !parser->chunked))
        return BAD_REQUEST;
    if (parser->seen & TUNNEL && parser->seen & (LENGTH | CODING))
        return BAD_REQUEST;
    if (parser->seen & UNKNOWN_CODING)
        return NOT_IMPLEMENTED;
    if (parser->body_left > HTTP_BODY_BYTES)
        return CONTENT_TOO_LARGE;
    return parser->seen & OTHER_EXPECTATION ? EXPECTATION_FAILED : GO_ON;
}

static int end_head(struct http_parser *parser) {
    int status = judge_head(parser);
    if (status != GO_ON)
        return status;
    struct http_request *request = &parser->request;
    bool may_persist = request->minor > 0 || parser->seen & KEEP_ALIVE;
    request->keep_alive = may_persist && !(parser->seen & CLOSE);
    request->has_body = parser->seen & (LENGTH | CODING);
    parser->body_start = parser->line_start;
    parser->state = parser->chunked ? CHUNK_SIZE : BODY;
    return GO_ON;
}

/* ---- The body: RFC 9112, sections 6 and 7 ---- */

/* Any byte may be in a body, so there is nothing to look at. */
static int take_body(struct http_parser *parser, size_t length) {
    struct http_request *request = &parser->request;
    if (length - parser->body_start < parser->body_left)
        return NEED_MORE;
    request->body = (struct http_span){parser->body_start, (uint16_t)parser->body_left};
    request->size_bytes = (uint16_t)(parser->body_start + parser->body_left);
    parser->state = WHOLE;
    return GO_ON;
}

/* Extensions mean nothing here and are read all the same: a line that could be read in two ways
 * has to be refused. */
static int take_chunk_size(struct http_parser *parser, struct text line) {
    struct text digits = take(&line, TEXT_HEX);
    if (digits.at == digits.end || !text_is_chunk_extensions(line))
        return BAD_REQUEST;
    uint32_t size = text_number(digits, 16, HTTP_BODY_BYTES);
    uint32_t before = (uint32_t)parser->line_start - parser->body_start;
    if (before + size + LINE_END_BYTES > HTTP_BODY_BYTES)
        return CONTENT_TOO_LARGE;
    parser->body_left = size;
    parser->section_start = parser->line_start;
    parser->state = size > 0 ? CHUNK_DATA : TRAILERS;
    return GO_ON;
}

/* The line end behind the data is what proves that sender and receiver agree on the size. */
static int take_chunk_data(struct http_parser *parser, const char *data, size_t length) {
    size_t end = (size_t)parser->line_start + parser->body_left;
    if (length < end + LINE_END_BYTES)
        return NEED_MORE;
    if (data[end] != '\r' || data[end + 1] != '\n')
        return BAD_REQUEST;
    parser->line_start = parser->scanned = (uint16_t)(end + LINE_END_BYTES);
    parser->state = CHUNK_SIZE;
    return GO_ON;
}

/* All lines have been checked. Reading the sizes again is what it costs to leave the bytes as they
 * came until all are there. */
static struct http_span join_chunks(char *data, size_t start, size_t end) {
    char *joined = data + start;
    struct text rest = {joined, data + end};
    size_t size;
    while ((size = text_number(take(&rest, TEXT_HEX), 16, HTTP_BODY_BYTES)) > 0) {
        const char *chunk = (const char *)rawmemchr(rest.at, '\n') + 1;
        memmove(joined, chunk, size);
        joined += size;
        rest.at = chunk + size + LINE_END_BYTES;
    }
    return span_of(data, (struct text){data + start, joined});
}

/* Trailers are not merged into the fields: one could pass for a field of the head that decided
 * something (RFC 9110, section 6.5.1). */
static int take_trailer(struct http_parser *parser, char *data, struct text line) {
    struct text name;
    struct text value;
    if (line.at < line.end)
        return read_field(line, &name, &value) ? GO_ON : BAD_REQUEST;
    parser->request.body = join_chunks(data, parser->body_start, parser->line_start);
    parser->request.size_bytes = parser->line_start;
    parser->state = WHOLE;
    return GO_ON;
}

/* ---- From line to line ---- */

void http_begin(struct http_parser *parser) {
    memset(parser, 0, offsetof(struct http_parser, request.fields));
}

struct limit {
    size_t end; /* no line of this section reaches beyond, its end included */
    int status; /* for one that does */
};

/* Trailers have two limits; the nearer one is met first, however the bytes come. */
static struct limit limit_of(const struct http_parser *parser) {
    struct limit line = {HTTP_LINE_BYTES + LINE_END_BYTES, URI_TOO_LONG};
    struct limit fields = {(size_t)parser->section_start + HTTP_FIELDS_BYTES, FIELDS_TOO_LARGE};
    struct limit body = {(size_t)parser->body_start + HTTP_BODY_BYTES, CONTENT_TOO_LARGE};
    switch ((enum state)parser->state) {
    case REQUEST_LINE:
        return line;
    case FIELDS:
        return fields;
    case TRAILERS:
        return fields.end < body.end ? fields : body;
    default:
        return body;
    }
}

static int take_line(struct http_parser *parser, char *data, struct text line) {
    bool is_empty = line.at == line.end;
    switch ((enum state)parser->state) {
    case REQUEST_LINE:
        return is_empty ? GO_ON : take_request_line(parser, data, line);
    case FIELDS:
        return is_empty ? end_head(parser) : take_field(parser, data, line);
    case CHUNK_SIZE:
        return take_chunk_size(parser, line);
    default:
        return take_trailer(parser, data, line);
    }
}

/*
 * Looks for the line's end among the bytes that are new, and not beyond the limit: so one byte at a
 * time costs no more than all at once, and where a line is too long is the same for any cut.
 */
static int next_line(struct http_parser *parser, char *data, size_t length) {
    struct limit limit = limit_of(parser);
    size_t end = length < limit.end ? length : limit.end;
    const char *start = data + parser->line_start;
    const char *newline = memchr(data + parser->scanned, '\n', end - parser->scanned);
    if (newline == NULL) {
        parser->scanned = (uint16_t)end;
        return end == limit.end ? limit.status : NEED_MORE;
    }
    parser->line_start = parser->scanned = (uint16_t)(newline + 1 - data);
    if (newline == start || newline[-1] != '\r') /* a bare LF */
        return BAD_REQUEST;
    return take_line(parser, data, (struct text){start, newline - 1});
}

static int step(struct http_parser *parser, char *data, size_t length) {
    switch ((enum state)parser->state) {
    case BODY:
        return take_body(parser, length);
    case CHUNK_DATA:
        return take_chunk_data(parser, data, length);
    default:
        return next_line(parser, data, length);
    }
}

/* Once a request. A client whose body is under way waits for nothing. */
static bool must_say_continue(struct http_parser *parser, size_t length) {
    if (!parser->request.expects_continue || parser->continue_said || parser->state < BODY ||
        length > parser->body_start)
        return false;
    parser->continue_said = true;
    return true;
}

enum http_progress http_parse(struct http_parser *parser, char *data, size_t length) {
    if (length > HTTP_REQUEST_BYTES) /* offsets are 16 bits wide */
        length = HTTP_REQUEST_BYTES;
    int result = GO_ON;
    while (result == GO_ON && parser->state != WHOLE)
        result = step(parser, data, length);
    if (result == NEED_MORE)
        return must_say_continue(parser, length) ? HTTP_CONTINUE : HTTP_MORE;
    if (result != GO_ON) {
        parser->status = result;
        return HTTP_REFUSED;
    }
    if (parser->seen & ABSOLUTE_FORM)
        data[parser->request.target.start] = '/';
    return HTTP_REQUEST;
}

bool http_is_idle(const struct http_parser *parser) {
    return parser->state == REQUEST_LINE && parser->scanned == parser->line_start;
}
