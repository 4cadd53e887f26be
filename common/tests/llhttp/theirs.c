/*
 * Runs llhttp over one request. Its callbacks may bring each text in pieces, so that all of them
 * append.
 */
#include "common/tests/llhttp/theirs.h"

/* Where it is missing, tools/lint still reads this file and tools/llhttp doesn't build it. */
#if __has_include(<llhttp.h>)
#include <llhttp.h>
#include <string.h>

static struct theirs *theirs_of(llhttp_t *parser) {
    return parser->data;
}

/* What is beyond the buffer is lost: the inputs are shorter. */
static int append(struct theirs_text *text, const char *bytes, size_t length) {
    if (length > sizeof text->bytes - text->length)
        return -1;
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    return 0;
}

static int on_method(llhttp_t *parser, const char *at, size_t length) {
    return append(&theirs_of(parser)->method, at, length);
}

static int on_url(llhttp_t *parser, const char *at, size_t length) {
    return append(&theirs_of(parser)->target, at, length);
}

static int on_name(llhttp_t *parser, const char *at, size_t length) {
    return append(&theirs_of(parser)->fields, at, length);
}

static int on_name_complete(llhttp_t *parser) {
    return append(&theirs_of(parser)->fields, "=", 1);
}

static int on_value(llhttp_t *parser, const char *at, size_t length) {
    return append(&theirs_of(parser)->fields, at, length);
}

static int on_value_complete(llhttp_t *parser) {
    return append(&theirs_of(parser)->fields, "\n", 1);
}

static int on_body(llhttp_t *parser, const char *at, size_t length) {
    return append(&theirs_of(parser)->body, at, length);
}

static int on_headers_complete(llhttp_t *parser) {
    theirs_of(parser)->minor = parser->http_minor;
    theirs_of(parser)->keep_alive = llhttp_should_keep_alive(parser);
    return 0;
}

/* Stops behind the first request. */
static int on_message_complete(llhttp_t *parser) {
    theirs_of(parser)->outcome = THEIRS_TAKEN;
    return HPE_PAUSED;
}

void theirs_parse(const char *bytes, size_t length, struct theirs *theirs) {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_method = on_method;
    settings.on_url = on_url;
    settings.on_header_field = on_name;
    settings.on_header_field_complete = on_name_complete;
    settings.on_header_value = on_value;
    settings.on_header_value_complete = on_value_complete;
    settings.on_body = on_body;
    settings.on_headers_complete = on_headers_complete;
    settings.on_message_complete = on_message_complete;

    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    theirs->outcome = THEIRS_MORE;
    theirs->reason = NULL;
    theirs->size_bytes = 0;
    theirs->method.length = theirs->target.length = 0;
    theirs->fields.length = theirs->body.length = 0;
    parser.data = theirs;

    enum llhttp_errno error = llhttp_execute(&parser, bytes, length);
    if (error != HPE_OK)
        theirs->size_bytes = (size_t)(llhttp_get_error_pos(&parser) - bytes);
    if (theirs->outcome == THEIRS_TAKEN || error == HPE_OK)
        return;
    theirs->outcome = THEIRS_REFUSED;
    theirs->reason = llhttp_get_error_reason(&parser);
}
#endif
