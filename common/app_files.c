/*
 * From the path in a request to an open file and the bytes of it that are wanted. What is left out
 * is in app_files.h.
 */
#include "common/app_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Opening ---- */

/* Returns 0 to 15, or -1. */
static int hex_digit(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Takes one byte, or three that encode one. Returns the byte, or -1 when it is badly encoded. */
static int take_byte(const char **text, const char *end) {
    int byte = (unsigned char)*(*text)++;
    if (byte != '%')
        return byte;
    if (end - *text < 2)
        return -1;
    int high = hex_digit((*text)[0]);
    int low = hex_digit((*text)[1]);
    *text += 2;
    return high == -1 || low == -1 ? -1 : high << 4 | low;
}

/*
 * Decodes the component of a path at `*text`, and moves `*text` behind it, to a '/' or to `end`.
 * Each is decoded by itself and once, so that an encoded slash can't become a separator. Returns
 * 0, or a status: 400 for a bad encoding, 404 for what no file can be called or must not be
 * followed: nothing, "." and "..", a name with a slash or a NUL in it, one that is too long.
 */
static int take_component(const char **text, const char *end, char name[NAME_MAX + 1]) {
    size_t length = 0;
    while (*text < end && **text != '/') {
        int byte = take_byte(text, end);
        if (byte == -1)
            return 400;
        if (byte == '/' || byte == '\0' || length == NAME_MAX)
            return 404;
        name[length++] = (char)byte;
    }
    name[length] = '\0';
    bool leads_on = length > 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
    return leads_on ? 0 : 404;
}

/*
 * A file that may not be read is, from outside, no different from one that is not there (RFC 9110,
 * section 15.5.4, allows that). A link is ELOOP or ENOTDIR; a socket, or a device without a driver,
 * ENXIO. What is out of descriptors or memory passes when other requests end.
 */
static int status_of_errno(int reason) {
    switch (reason) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return 503;
    case EIO:
        return 500;
    default:
        return 404;
    }
}

/* Without O_NONBLOCK, a FIFO that nobody writes to would hold the thread for ever. */
static int open_component(int folder, const char *name, bool is_last) {
    int flags = is_last ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY;
    return openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC);
}

/* Opens what a path names and leaves its last component in `name`. Returns 0 with `*fd`, or a
 * status. */
static int open_path(int root, const char *text, const char *end, char name[NAME_MAX + 1],
                     int *fd) {
    int folder = root;
    for (;;) {
        int status = take_component(&text, end, name);
        bool is_last = text == end;
        *fd = status == 0 ? open_component(folder, name, is_last) : -1;
        if (status == 0 && *fd == -1)
            status = status_of_errno(errno);
        if (folder != root)
            close(folder);
        if (status != 0 || is_last)
            return status;
        folder = *fd;
        text++; /* the slash */
    }
}

/* Without charset: in what encoding a file is written, its name does not tell. */
static const char *type_of(const char *name) {
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {
        {".html", "text/html"},     {".txt", "text/plain"},        {".css", "text/css"},
        {".js", "text/javascript"}, {".json", "application/json"}, {".csv", "text/csv"},
        {".md", "text/markdown"},   {".c", "text/plain"},          {".h", "text/plain"},
        {".svg", "image/svg+xml"},  {".png", "image/png"},         {".jpg", "image/jpeg"},
        {".gif", "image/gif"},      {".pdf", "application/pdf"},
    };
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending != NULL && i < sizeof types / sizeof types[0]; i++) {
        if (strcasecmp(ending, types[i].ending) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

/* ---- Conditions ---- */

struct asked {
    const struct http_request *request;
    const char *data;
    time_t now;
    time_t modified; /* the file; never later than `now` */
};

/* Returns how many fields have that name, and the value of the last. One that must be alone means
 * nothing when it comes twice. */
static int find_fields(const struct asked *asked, const char *name, struct http_span *value) {
    int count = 0;
    for (unsigned i = 0; i < asked->request->field_count; i++) {
        const struct http_field *field = &asked->request->fields[i];
        if (http_span_is(asked->data, field->name, name)) {
            *value = field->value;
            count++;
        }
    }
    return count;
}

/* If-Modified-Since (RFC 9110, section 13.1.3). No copy can have been fetched at a time that is yet
 * to come: such a date is a clock gone wrong, and the file is sent. */
static bool is_unchanged(const struct asked *asked) {
    struct http_span value;
    time_t since;
    /* If-None-Match takes its place. Without entity tags here, the answer to it is "send". */
    if (find_fields(asked, "if-none-match", &value) > 0)
        return false;
    return find_fields(asked, "if-modified-since", &value) == 1 &&
           http_read_date(asked->data + value.start, value.length, &since) && since <= asked->now &&
           asked->modified <= since;
}

/*
 * If-Range (RFC 9110, section 13.1.5): whether a part would fit the bytes that the client has. A
 * date tells that only if the file did not change twice within its second, so that second must be
 * over (section 8.8.2.2). An entity tag matches nothing, for none is given out.
 */
static bool part_would_fit(const struct asked *asked, const char *modified) {
    struct http_span value;
    int count = find_fields(asked, "if-range", &value);
    if (count == 0)
        return true;
    return count == 1 && asked->modified < asked->now && value.length == strlen(modified) &&
           memcmp(asked->data + value.start, modified, value.length) == 0;
}

/* ---- Ranges (RFC 9110, section 14.1.2) ---- */

struct range {
    int64_t first;
    int64_t length; /* 0: it lies behind the end */
};

/* Reads digits up to `end` and moves `*text` behind them; INT64_MAX stands for any larger number.
 * Returns false when there are none. */
static bool read_digits(const char **text, const char *end, int64_t *number) {
    const char *start = *text;
    *number = 0;
    for (; *text < end && **text >= '0' && **text <= '9'; (*text)++) {
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, **text - '0', number))
            *number = INT64_MAX;
    }
    return *text > start;
}

/* Reads "-N", the last N bytes, from behind its '-'. */
static bool read_last_bytes(const char *text, const char *end, int64_t size, struct range *range) {
    int64_t wanted;
    /* No part of an empty file can be named in Content-Range: it is sent whole. */
    if (!read_digits(&text, end, &wanted) || text != end || size == 0)
        return false;
    range->length = wanted < size ? wanted : size;
    range->first = size - range->length;
    return true;
}

/* Reads "A-B" or "A-". */
static bool read_first_to_last(const char *text, const char *end, int64_t size,
                               struct range *range) {
    int64_t last;
    if (!read_digits(&text, end, &range->first) || text == end || *text++ != '-')
        return false;
    if (!read_digits(&text, end, &last))
        last = INT64_MAX;
    if (text != end || last < range->first)
        return false;
    last = last < size ? last : size - 1;
    range->length = range->first < size ? last - range->first + 1 : 0;
    return true;
}

/* Returns false when it is anything but one range of bytes: it is then ignored (section 14.2). */
static bool read_range(const char *text, const char *end, int64_t size, struct range *range) {
    static const char unit[] = "bytes=";
    size_t unit_length = strlen(unit);
    if ((size_t)(end - text) <= unit_length || strncasecmp(text, unit, unit_length) != 0)
        return false;
    text += unit_length;
    return *text == '-' ? read_last_bytes(text + 1, end, size, range)
                        : read_first_to_last(text, end, size, range);
}

/* ---- The answer ---- */

static bool wants_part(const struct asked *asked, const struct file_answer *answer,
                       struct range *range) {
    struct http_span value;
    if (asked->request->method != HTTP_GET || find_fields(asked, "range", &value) != 1 ||
        !part_would_fit(asked, answer->modified))
        return false;
    const char *text = asked->data + value.start;
    return read_range(text, text + value.length, answer->size, range);
}

/* The order is that of RFC 9110, section 13.2.2. */
static void choose(const struct asked *asked, struct file_answer *answer) {
    struct range range = {0};
    http_write_date(answer->modified, asked->modified);
    if (is_unchanged(asked)) {
        answer->status = 304;
    } else if (!wants_part(asked, answer, &range)) {
        answer->status = 200;
        answer->length = answer->size;
    } else {
        answer->status = range.length > 0 ? 206 : 416;
        answer->first = range.first;
        answer->length = range.length;
    }
}

/* A date that is yet to come must not be told (RFC 9110, section 8.8.2.1); before 1970, none can. */
static time_t between(time_t least, time_t when, time_t most) {
    return when < least ? least : when > most ? most : when;
}

void files_answer(int root, const struct http_request *request, const char *data,
                  struct http_span path, time_t now, struct file_answer *answer) {
    *answer = (struct file_answer){.status = 404, .file = -1};
    if (root == -1)
        return;
    const char *text = data + path.start;
    char name[NAME_MAX + 1];
    int fd;
    answer->status = open_path(root, text, text + path.length, name, &fd);
    if (answer->status != 0)
        return;

    struct stat file;
    if (fstat(fd, &file) == -1) {
        answer->status = status_of_errno(errno);
    } else if (!S_ISREG(file.st_mode)) {
        answer->status = 404;
    } else {
        answer->size = file.st_size;
        answer->type = type_of(name);
        choose(&(struct asked){request, data, now, between(0, file.st_mtime, now)}, answer);
    }
    if (answer->status == 200 || answer->status == 206)
        answer->file = fd;
    else
        close(fd);
}
