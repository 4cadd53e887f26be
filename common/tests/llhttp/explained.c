/* What one of the two parsers refuses and the other takes. It was written for llhttp 8.1, strict. */
#include "common/tests/llhttp/explained.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* RFC 9110, section 5.6.2; RFC 3986, sections 3.2.2 and 3.3; RFC 9112, section 7.1.1. */
#define TOKEN      "[a-z0-9!#$%&'*+.^_`|~-]+"
#define ENCODED    "%[0-9a-f][0-9a-f]"
#define NAME       "([a-z0-9._~!$&'()*+,;=-]|" ENCODED ")"
#define PATH       "([a-z0-9._~!$&'()*+,;=:@/?-]|" ENCODED ")*"
#define ADDRESS    "\\[[a-z0-9._~!$&'()*+,;=:-]+\\]"
#define VERSION    " HTTP/[0-9]\\.[0-9]\r$"
#define BWS        "[ \t]*"
#define QUOTED     "\"([^\"\\]|\\\\.)*\""
#define EXTENSION  BWS ";" BWS TOKEN "(" BWS "=" BWS "(" TOKEN "|" QUOTED "))?"
#define CHUNK_LINE "^[0-9a-f]+(" EXTENSION ")*\r$"

/* The methods that llhttp knows in HTTP. */
#define KNOWN                                                                                      \
    "^(DELETE|GET|HEAD|POST|PUT|CONNECT|OPTIONS|TRACE|COPY|LOCK|MKCOL|MOVE|PROPFIND|PROPPATCH|"    \
    "SEARCH|UNLOCK|BIND|REBIND|UNBIND|ACL|REPORT|MKACTIVITY|CHECKOUT|MERGE|M-SEARCH|NOTIFY|"       \
    "SUBSCRIBE|UNSUBSCRIBE|PATCH|PURGE|MKCALENDAR|LINK|UNLINK|SOURCE) "

/* Any other element of a list than "chunked", and than "100-continue". */
#define NOT_CHUNKED                                                                                \
    "[:,]" BWS "([^c \t,\r]|c[^h]|ch[^u]|chu[^n]|chun[^k]|chunk[^e]|chunke[^d]|"                   \
    "chunked" BWS "[^ \t,\r])"
#define NOT_CONTINUE                                                                               \
    "[:,]" BWS "([^1 \t,\r]|1[^0]|10[^0]|100[^-]|100-[^c]|100-c[^o]|100-co[^n]|100-con[^t]|"       \
    "100-cont[^i]|100-conti[^n]|100-contin[^u]|100-continu[^e]|100-continue" BWS "[^ \t,\r])"

/* Decimal numbers above 16384. */
#define LONG_LENGTH "0*([1-9].{5,}|[2-9].{4}|1[7-9].{3}|16[4-9]..|1639.|163[89][5-9])"

const struct explanation explanations[] = {
    /* the request line */
    {"a line that ends in a bare LF", "either", "2.2", .status = 400, .line_is = "(^|[^\r])$"},
    {"a bare CR", "ours", "2.2", REQUEST_LINE, 400, .line_is = "^\r"},
    {"a request line without version", "ours", "3", REQUEST_LINE, 400,
     .line_is = "^[^ ]+ +[^ ]+\r$"},
    {"other than one blank between two words", "either", "3", REQUEST_LINE, 400,
     .line_is_not = "^[^ ]+ [^ ]+ [^ ]+\r$"},
    {"CONNECT to other than host and port", "ours", "3.2.3", REQUEST_LINE, 400,
     .line_is = "^CONNECT ", .line_is_not = "^CONNECT (" ADDRESS "|" NAME "+):[0-9]+" VERSION},
    {"* after other methods than OPTIONS", "ours", "3.2.4", REQUEST_LINE, 400,
     .line_is = "^[^ ]+ \\*", .line_is_not = "^OPTIONS \\* "},
    {"a path with what no path may hold", "ours", "3.2.1", REQUEST_LINE, 400, .line_is = "^[^ ]+ /",
     .line_is_not = "^[^ ]+ /" PATH VERSION},
    {"a URI with what http forbids", "ours", "RFC 9110, 4.2", REQUEST_LINE, 400,
     .line_is = "^[^ ]+ http://",
     .line_is_not = "^[^ ]+ http://(" ADDRESS "|" NAME "+)(:[0-9]*)?([/?]" PATH ")?" VERSION},
    {"a URI of another scheme", "ours", "RFC 9110, 7.4", REQUEST_LINE, 400,
     .line_is_not = "^[^ ]+ (http://|/|\\*)"},
    {"another major version", "ours", "RFC 9110, 2.5", REQUEST_LINE, 505,
     .line_is = " HTTP/[02-9]\\.[0-9]\r$"},
    {"a long request line", "either", "3", REQUEST_LINE, 414, .head_over_bytes = 8000},

    /* fields */
    {"a folded line", "ours", "5.2", FIELD, 400, .line_is = "^[ \t]"},
    {"a field without a name", "ours", "5.1", FIELD, 400, .line_is = "^:"},
    {"a length whose digits are on a folded line", "ours", "5.2", FIELD, 400,
     .line_is = "^content-length:" BWS "\r$"},
    {"a Host that is none", "ours", "3.2", FIELD, 400, .line_is = "^host:",
     .line_is_not = "^host:" BWS "(" ADDRESS "|" NAME "*)(:[0-9]*)?" BWS "\r$"},
    {"two Hosts", "ours", "3.2", FIELD, 400,
     .line_is = "^host:", .head_is = "^host:.*\n(.*\n)*host:"},
    {"many fields", "either", "RFC 9110, 5.4", FIELD, 431, .head_is = "(.*\n){64}"},
    {"long fields", "either", "RFC 9110, 5.4", FIELD, 431, .head_over_bytes = 8192},
    {"no Host", "ours", "3.2", FIELD, 400, .line_is = "^\r$", .head_is = " HTTP/1\\.[1-9]\r$",
     .head_is_not = "^host:"},
    {"a coding in HTTP/1.0", "ours", "6.1", FIELD, 400, .line_is = "^\r$",
     .head_is = " HTTP/1\\.0\r\n(.*\n)*transfer-encoding:"},
    {"an empty list of codings", "ours", "6.3", FIELD, 400, .line_is = "^\r$",
     .head_is = "^transfer-encoding:", .head_is_not = "^transfer-encoding:.*chunked"},
    {"a body behind CONNECT", "either", "RFC 9110, 9.3.6", FIELD, 400, .line_is = "^\r$",
     .head_is = "^CONNECT .*\n(.*\n)*(content-length|transfer-encoding):"},
    {"a coding besides chunked", "ours", "6.1", FIELD, 501, .line_is = "^\r$",
     .head_is = "^transfer-encoding(:.*|)" NOT_CHUNKED},
    {"a long body", "either", "RFC 9110, 15.5.14", FIELD, 413, .line_is = "^\r$",
     .head_is = "^content-length:" BWS LONG_LENGTH BWS "\r$"},
    {"an expectation that we don't know", "either", "RFC 9110, 10.1.1", FIELD, 417,
     .line_is = "^\r$", .head_is = "^expect(:.*|)" NOT_CONTINUE},

    /* chunks */
    {"malformed chunk extensions", "ours", "7.1.1", CHUNK_SIZE, 400, .line_is_not = CHUNK_LINE},
    {"a long chunk", "either", "RFC 9110, 15.5.14", CHUNK_SIZE, 413,
     .line_is = "^0*([4-9a-f].{3}|3f.[0-9a-f]|[1-9a-f][0-9a-f]{4})"},
    {"a folded trailer", "ours", "5.2", TRAILER, 400, .line_is = "^[ \t]"},
    {"a trailer without a name", "ours", "5.1", TRAILER, 400, .line_is = "^:"},
    {"long trailers", "either", "RFC 9110, 5.4", TRAILER, 431, .head_over_bytes = 8192},

    /* what llhttp refuses */
    {"a trailer, as if it were in the head", "ours", "RFC 9110, 6.5.1", TRAILER, .reason = "",
     .line_is = "^(content-length|transfer-encoding):"},
    {"a length that no integer holds, before the head's end", "either", "RFC 9110, 8.6",
     .reason = "Content-Length overflow", .line_is = "^content-length:" BWS "[0-9]{20,}" BWS "\r$"},
    {"a method not on llhttp's list", "either", "RFC 9110, 9.1",
     .reason = "Invalid method encountered", .line_is = "^[^ ]+ ", .line_is_not = KNOWN,
     .minds_case = true},
    {"a method that only begins like one on it", "either", "RFC 9110, 9.1",
     .reason = "Expected space after method", .line_is = "^[^ ]+ ", .line_is_not = KNOWN,
     .minds_case = true},
    {"a later minor version", "ours", "RFC 9110, 2.5", .reason = "Invalid HTTP version",
     .line_is = " HTTP/1\\.[2-9]\r$"},
    {"empty elements of a list", "ours", "RFC 9110, 5.6.1.2",
     .reason = "Invalid `Transfer-Encoding` header value",
     .head_is = "^transfer-encoding:(.*,)?" BWS "(,|\r$)"},
    {"white space in front of a chunk extension", "ours", "7.1.1",
     .reason = "Invalid character in chunk size", .line_is = CHUNK_LINE},
    {"white space in front of its name", "ours", "7.1.1",
     .reason = "Invalid character in chunk extensions", .line_is = CHUNK_LINE},
    {"white space behind its name", "ours", "7.1.1",
     .reason = "Invalid character in chunk extensions name", .line_is = CHUNK_LINE},
    {"white space behind its quoted value", "ours", "7.1.1",
     .reason = "Invalid character in chunk extensions quote value", .line_is = CHUNK_LINE},
    {"white space around its value", "ours", "7.1.1",
     .reason = "Invalid character in chunk extensions value", .line_is = CHUNK_LINE},
    {"a tab behind a length", "ours", "5.1", .reason = "Invalid character in Content-Length",
     .line_is = "^content-length:" BWS "[0-9]+[ \t]+\r$"},
    {"a tab behind a coding", "ours", "RFC 9110, 5.6.1.1",
     .reason = "Request has invalid `Transfer-Encoding`",
     .head_is = "^transfer-encoding:.*chunked *\t"},
    {"a tab behind an option is part of it", "ours", "RFC 9110, 5.6.1.1", .reason = PERSISTENCE,
     .head_is = "^connection:.*(close|keep-alive) *\t"},
    {"keep-alive outdoes close in HTTP/1.0", "ours", "9.3", .reason = PERSISTENCE,
     .head_is = " HTTP/1\\.0\r\n(.*\n)*connection:(.*,)?" BWS "close" BWS "(,|\r$)"},
    {"escapes and bytes above ASCII in a chunk extension", "ours", "RFC 9110, 5.6.4",
     .reason = "Invalid character in chunk extensions quoted value", .line_is = CHUNK_LINE},
};

const size_t explanation_count = sizeof explanations / sizeof *explanations;

/* Whether there is no such pattern, or the text has it, or by `expected` has it not. */
static bool passes(const char *pattern, int flags, struct bytes text, bool expected) {
    regex_t expression;
    if (pattern == NULL)
        return true;
    if (regcomp(&expression, pattern, REG_EXTENDED | flags) != 0)
        abort();
    /* REG_STARTEND does without a NUL at the end; AddressSanitizer has not heard of it. */
    char *copy = calloc(text.length + 1, 1);
    if (copy == NULL)
        abort();
    memcpy(copy, text.at, text.length);
    regmatch_t part = {.rm_so = 0, .rm_eo = (regoff_t)text.length};
    bool found = regexec(&expression, copy, 1, &part, REG_STARTEND) == 0;
    free(copy);
    regfree(&expression);
    return found == expected;
}

static bool fits(const struct explanation *explanation, const struct disagreement *given) {
    const char *reason = explanation->reason;
    if (explanation->status != given->status ||
        (explanation->part != ANY_PART && explanation->part != given->part) ||
        (reason == NULL) != (given->reason == NULL) ||
        (reason != NULL && *reason != '\0' && strcmp(reason, given->reason) != 0) ||
        given->head.length < explanation->head_over_bytes)
        return false;
    int flags = explanation->minds_case ? 0 : REG_ICASE;
    return passes(explanation->line_is, flags, given->line, true) &&
           passes(explanation->line_is_not, flags, given->line, false) &&
           passes(explanation->head_is, flags | REG_NEWLINE, given->head, true) &&
           passes(explanation->head_is_not, flags | REG_NEWLINE, given->head, false);
}

size_t explain(const struct disagreement *disagreement) {
    size_t i = 0;
    while (i < explanation_count && !fits(&explanations[i], disagreement))
        i++;
    return i;
}
