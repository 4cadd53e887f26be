/*
 * The application of the two servers: from a request to what must be sent. What is left out is in
 * app.h. Read app_answer() first, then the route that interests you.
 */
#include "common/app.h"
#include "common/app_files.h"
#include "common/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FIELDS_BYTES = 256, BODY_BYTES = 256, DEFAULT_CHUNK_BYTES = 16384 };

static const int64_t STREAM_BYTES_MAX = INT64_C(1) << 40;

/* One request being answered. */
struct exchange {
    struct app *app;
    const struct http_request *request;
    const char *data;
    struct reply *reply;
    bool keep_alive;
    time_t now; /* looked up once, so that Date and the conditions agree */
};

/* The counters are only read to be shown: nobody concludes from one what another thread has done to
 * memory, so nothing else has to be in order around it (memory_order_relaxed). */
static void add(atomic_long *counter, long number) {
    atomic_fetch_add_explicit(counter, number, memory_order_relaxed);
}

static long count_of(atomic_long *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

int app_open(struct app *app, const char *root) {
    atomic_init(&app->connections_now, 0);
    atomic_init(&app->connections_ever, 0);
    atomic_init(&app->requests, 0);
    app->root = root == NULL ? -1 : open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return root != NULL && app->root == -1 ? -1 : 0;
}

void app_close(struct app *app) {
    if (app->root != -1)
        close(app->root);
    app->root = -1;
}

void app_connection_opened(struct app *app) {
    add(&app->connections_now, 1);
    add(&app->connections_ever, 1);
}

void app_connection_closed(struct app *app) {
    add(&app->connections_now, -1);
}

/* ---- Heads and small replies ---- */

/* All but the text: a small reply is made in 53 ns, and in 68 when that is cleared too. */
static void begin(struct reply *reply) {
    memset(reply, 0, offsetof(struct reply, text));
    reply->file = -1;
}

static bool is_head(const struct exchange *exchange) {
    return exchange->request->method == HTTP_HEAD;
}

/* `type` and `fields` may be NULL, as in struct http_head. */
static void put_head(struct exchange *exchange, int status, int64_t length, const char *type,
                     const char *fields) {
    struct reply *reply = exchange->reply;
    reply->close = !exchange->keep_alive || length == HTTP_LENGTH_UNTIL_CLOSE;
    const struct http_head head = {
        .status = status,
        .length = length,
        .keep_alive = !reply->close,
        .minor = exchange->request->minor,
        .type = type,
        .fields = fields,
    };
    int bytes = http_write_head(reply->text, sizeof reply->text, &head, exchange->now);
    /* It fits, for all that goes into it is ours. Were that wrong, no client must wait for more. */
    reply->text_length = bytes > 0 ? (uint16_t)bytes : 0;
    reply->close = reply->close || bytes <= 0;
}

/* A whole reply in `text`, head and body together, so that one call sends it. */
static void put_small(struct exchange *exchange, int status, const char *type, const char *fields,
                      const char *body) {
    size_t length = strlen(body);
    put_head(exchange, status, (int64_t)length, type, fields);
    struct reply *reply = exchange->reply;
    if (is_head(exchange) || length > sizeof reply->text - reply->text_length)
        return;
    memcpy(reply->text + reply->text_length, body, length);
    reply->text_length = (uint16_t)(reply->text_length + length);
}

/* An error; its body is one line: the status and, where `why` is not NULL, what was wrong. */
static void put_error(struct exchange *exchange, int status, const char *fields, const char *why) {
    char body[BODY_BYTES];
    snprintf(body, sizeof body, "%d %s%s%s\n", status, http_reason(status), why == NULL ? "" : ": ",
             why == NULL ? "" : why);
    put_small(exchange, status, "text/plain", fields, body);
}

/* ---- Targets: path?name=number&name=number ---- */

static struct http_span path_of(const struct exchange *exchange) {
    struct http_span path = exchange->request->target;
    const char *mark = memchr(exchange->data + path.start, '?', path.length);
    if (mark != NULL)
        path.length = (uint16_t)(mark - exchange->data - path.start);
    return path;
}

/* Returns the value of the first parameter of that name, with its end, or NULL. */
static const char *find_parameter(const struct exchange *exchange, const char *name,
                                  const char **end) {
    struct http_span target = exchange->request->target;
    struct http_span path = path_of(exchange);
    const char *mark = exchange->data + path.start + path.length; /* a '?' or '&' */
    const char *target_end = exchange->data + target.start + target.length;
    size_t length = strlen(name);
    while (mark < target_end) {
        const char *start = mark + 1;
        mark = memchr(start, '&', (size_t)(target_end - start));
        mark = mark == NULL ? target_end : mark;
        if ((size_t)(mark - start) > length && start[length] == '=' &&
            memcmp(start, name, length) == 0) {
            *end = mark;
            return start + length + 1;
        }
    }
    return NULL;
}

/* Whether all of it is digits that say no more than `most`. */
static bool read_number(const char *text, const char *end, int64_t most, int64_t *number) {
    const char *digit = text;
    *number = 0;
    for (; digit < end && *digit >= '0' && *digit <= '9' && *number <= most; digit++)
        *number = *number * 10 + (*digit - '0');
    return digit > text && digit == end && *number <= most;
}

/* Reads a parameter into `*number`, which is its default; -1: it has none. When it is wrong, answers
 * 400 and returns false. */
static bool take_parameter(struct exchange *exchange, const char *name, int64_t least, int64_t most,
                           int64_t *number) {
    const char *end;
    const char *text = find_parameter(exchange, name, &end);
    if (text == NULL && *number != -1)
        return true;
    if (text != NULL && read_number(text, end, most, number) && *number >= least)
        return true;
    char why[BODY_BYTES / 2];
    snprintf(why, sizeof why, "%s must be a number from %" PRId64 " to %" PRId64, name, least,
             most);
    put_error(exchange, 400, NULL, why);
    return false;
}

/* ---- The routes ---- */

static void answer_hello(struct exchange *exchange) {
    put_small(exchange, 200, "text/plain", NULL, "hello, world\n");
}

/* Not of the type that the client names: a browser would run a page that a stranger made it post. */
static void answer_echo(struct exchange *exchange) {
    struct http_span body = exchange->request->body;
    if (!exchange->request->has_body) {
        put_error(exchange, 411, NULL, NULL);
        return;
    }
    put_head(exchange, 200, body.length, "application/octet-stream", NULL);
    if (body.length == 0)
        return;
    exchange->reply->rest = REPLY_MEMORY;
    exchange->reply->memory = exchange->data + body.start;
    exchange->reply->left = body.length;
}

static void answer_milliseconds(struct exchange *exchange, const char *verb, int64_t most,
                                unsigned *reply_ms) {
    int64_t ms = -1;
    if (!take_parameter(exchange, "ms", 0, most, &ms))
        return;
    *reply_ms = (unsigned)ms;
    char body[BODY_BYTES];
    snprintf(body, sizeof body, "%s %" PRId64 " ms\n", verb, ms);
    put_small(exchange, 200, "text/plain", NULL, body);
}

static void answer_wait(struct exchange *exchange) {
    answer_milliseconds(exchange, "waited", APP_WAIT_MS_MAX, &exchange->reply->wait_ms);
}

static void answer_burn(struct exchange *exchange) {
    answer_milliseconds(exchange, "burned", APP_BURN_MS_MAX, &exchange->reply->burn_ms);
}

static void answer_stats(struct exchange *exchange) {
    struct procfs_status status;
    if (procfs_status(0, &status) == -1) { /* most likely there was no descriptor for it */
        put_error(exchange, 503, NULL, NULL);
        return;
    }
    struct app *app = exchange->app;
    char body[BODY_BYTES];
    snprintf(body, sizeof body,
             "{\"connections_now\": %ld, \"connections_ever\": %ld, \"requests\": %ld, "
             "\"threads\": %" PRId64 ", \"vm_rss_kib\": %" PRId64 ", \"vm_hwm_kib\": %" PRId64
             "}\n",
             count_of(&app->connections_now), count_of(&app->connections_ever),
             count_of(&app->requests), status.threads, status.vm_rss_kib, status.vm_hwm_kib);
    put_small(exchange, 200, "application/json", NULL, body);
}

static void answer_stream(struct exchange *exchange) {
    int64_t bytes = -1;
    int64_t chunk = DEFAULT_CHUNK_BYTES;
    if (!take_parameter(exchange, "bytes", 0, STREAM_BYTES_MAX, &bytes) ||
        !take_parameter(exchange, "chunk", 1, APP_CHUNK_BYTES_MAX, &chunk))
        return;
    bool framed = exchange->request->minor >= 1;
    put_head(exchange, 200, framed ? HTTP_LENGTH_CHUNKED : HTTP_LENGTH_UNTIL_CLOSE, "text/plain",
             NULL);
    if (is_head(exchange))
        return;
    exchange->reply->rest = REPLY_STREAM;
    exchange->reply->left = bytes;
    exchange->reply->chunk = framed ? (uint32_t)chunk : 0;
}

/* Returns its end. Beside the calls for a file, snprintf(3) took 80 ns more. */
static char *put_modified(char *fields, const struct file_answer *answer) {
    return stpcpy(stpcpy(stpcpy(fields, "Last-Modified: "), answer->modified), "\r\n");
}

static void put_file(struct exchange *exchange, const struct file_answer *answer) {
    char fields[FIELDS_BYTES];
    char *end = stpcpy(put_modified(fields, answer), "Accept-Ranges: bytes\r\n");
    if (answer->status == 206)
        snprintf(end, sizeof fields - (size_t)(end - fields),
                 "Content-Range: bytes %" PRId64 "-%" PRId64 "/%" PRId64 "\r\n", answer->first,
                 answer->first + answer->length - 1, answer->size);
    put_head(exchange, answer->status, answer->length, answer->type, fields);
    if (is_head(exchange) || answer->length == 0) {
        close(answer->file);
        return;
    }
    exchange->reply->rest = REPLY_FILE;
    exchange->reply->file = answer->file;
    exchange->reply->offset = answer->first;
    exchange->reply->left = answer->length;
}

static const char files_path[] = "/files/";

static void answer_files(struct exchange *exchange) {
    struct http_span path = path_of(exchange);
    path.start = (uint16_t)(path.start + strlen(files_path));
    path.length = (uint16_t)(path.length - strlen(files_path));
    struct file_answer answer;
    files_answer(exchange->app->root, exchange->request, exchange->data, path, exchange->now,
                 &answer);
    char fields[FIELDS_BYTES];
    switch (answer.status) {
    case 200:
    case 206:
        put_file(exchange, &answer);
        return;
    case 304:
        put_modified(fields, &answer);
        put_head(exchange, 304, HTTP_LENGTH_NONE, NULL, fields);
        return;
    case 416:
        snprintf(fields, sizeof fields, "Content-Range: bytes */%" PRId64 "\r\n", answer.size);
        put_error(exchange, 416, fields, NULL);
        return;
    default:
        put_error(exchange, answer.status, NULL, NULL);
    }
}

static const struct route {
    const char *path; /* and all that is below it, if it ends in a slash */
    bool posts;       /* takes POST; the others GET and HEAD */
    void (*answer)(struct exchange *exchange);
} routes[] = {
    {"/hello", false, answer_hello},   {files_path, false, answer_files},
    {"/stream", false, answer_stream}, {"/echo", true, answer_echo},
    {"/wait", false, answer_wait},     {"/burn", false, answer_burn},
    {"/stats", false, answer_stats},
};

/* Paths are compared as sent: only the names of files are decoded. */
static const struct route *find_route(const struct exchange *exchange) {
    struct http_span path = path_of(exchange);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        size_t length = strlen(routes[i].path);
        bool is_folder = routes[i].path[length - 1] == '/';
        if ((path.length == length || (is_folder && path.length > length)) &&
            memcmp(exchange->data + path.start, routes[i].path, length) == 0)
            return &routes[i];
    }
    return NULL;
}

/* ---- Answering ---- */

/* 501 is for a method that is not known at all, 405 for one that this path does not take (RFC 9110,
 * section 9.1). These are known, and taken by no path; names of methods have one case. */
static bool is_known_method(const struct exchange *exchange) {
    static const char *const others[] = {"DELETE", "PATCH", "PUT"};
    if (exchange->request->method != HTTP_OTHER_METHOD)
        return true;
    struct http_span name = exchange->request->method_name;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strlen(others[i]) == name.length &&
            memcmp(exchange->data + name.start, others[i], name.length) == 0)
            return true;
    }
    return false;
}

static bool takes_method(const struct route *route, enum http_method method) {
    return route->posts ? method == HTTP_POST : method == HTTP_GET || method == HTTP_HEAD;
}

void app_answer(struct app *app, const struct http_request *request, const char *data, bool closing,
                struct reply *reply) {
    begin(reply);
    add(&app->requests, 1);
    struct exchange exchange = {
        .app = app,
        .request = request,
        .data = data,
        .reply = reply,
        .keep_alive = request->keep_alive && !closing,
        .now = time(NULL),
    };
    const struct route *route = find_route(&exchange);
    if (!is_known_method(&exchange))
        put_error(&exchange, 501, NULL, NULL);
    else if (route == NULL)
        put_error(&exchange, 404, NULL, NULL);
    else if (!takes_method(route, request->method))
        put_error(&exchange, 405, route->posts ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n", NULL);
    else
        route->answer(&exchange);
}

void app_refuse(struct app *app, const struct http_parser *parser, struct reply *reply) {
    begin(reply);
    add(&app->requests, 1);
    struct exchange exchange = {
        .app = app,
        .request = &parser->request,
        .reply = reply,
        .keep_alive = false,
        .now = time(NULL),
    };
    put_error(&exchange, parser->status, NULL, NULL);
}

static int64_t thread_cpu_ns(void) {
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used); /* can't fail: the clock and the thread exist */
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

void app_burn(unsigned ms) {
    /* Looking at this clock is a system call, unlike the monotonic one: so look seldom. So many
     * rounds, each waiting for the last, took a quarter of a millisecond: 4 calls for each ms. */
    enum { ROUNDS_A_LOOK = 250 * 1000 };
    volatile uint64_t value = 1; /* or the compiler would see that nobody wants the result */
    int64_t end_ns = thread_cpu_ns() + (int64_t)ms * 1000000;
    do {
        for (int round = 0; round < ROUNDS_A_LOOK && ms > 0; round++)
            value = value * UINT64_C(6364136223846793005) + 1;
    } while (thread_cpu_ns() < end_ns);
}

/* ---- Sending ---- */

enum { STREAM_PERIOD_BYTES = 27 };

char app_stream_byte(int64_t offset) {
    int place = (int)(offset % STREAM_PERIOD_BYTES);
    return place == STREAM_PERIOD_BYTES - 1 ? '\n' : (char)('a' + place);
}

/* Doubles what is there already, so that memcpy(3) does nearly all of it: 67 GB/s into a buffer of
 * 16 KiB, against 0.8 byte by byte. */
static void fill_stream(char *buffer, size_t length, int64_t offset) {
    size_t done = length < STREAM_PERIOD_BYTES ? length : STREAM_PERIOD_BYTES;
    for (size_t i = 0; i < done; i++)
        buffer[i] = app_stream_byte(offset + (int64_t)i);
    while (done < length) {
        size_t more = done < length - done ? done : length - done;
        memcpy(buffer + done, buffer, more);
        done += more;
    }
}

enum stream_state { STREAM_BEGINS, STREAM_IN_CHUNKS, STREAM_ENDED };

/* The head has left by now, so `text` takes what stands between two chunks (RFC 9112, section
 * 7.1). The last chunk has no bytes, and no trailers follow it. */
static void put_framing(struct reply *reply) {
    const char *behind_chunk = reply->stream_state == STREAM_IN_CHUNKS ? "\r\n" : "";
    bool is_last = reply->left == 0;
    reply->chunk_left = reply->left < reply->chunk ? (uint32_t)reply->left : reply->chunk;
    reply->text_length = (uint16_t)snprintf(reply->text, sizeof reply->text, "%s%" PRIx32 "\r\n%s",
                                            behind_chunk, reply->chunk_left, is_last ? "\r\n" : "");
    reply->text_sent = 0;
    reply->stream_state = is_last ? STREAM_ENDED : STREAM_IN_CHUNKS;
}

bool reply_is_done(const struct reply *reply) {
    bool is_framed = reply->rest == REPLY_STREAM && reply->chunk > 0;
    return reply->text_sent == reply->text_length && reply->left == 0 &&
           (!is_framed || reply->stream_state == STREAM_ENDED);
}

static size_t smaller(size_t size_bytes, int64_t left) {
    return left < (int64_t)size_bytes ? (size_t)left : size_bytes;
}

void reply_sent(struct reply *reply, size_t bytes) {
    size_t of_text = smaller(bytes, reply->text_length - reply->text_sent);
    reply->text_sent = (uint16_t)(reply->text_sent + of_text);
    bytes -= of_text;
    reply->left -= (int64_t)bytes;
    reply->offset += (off_t)bytes;
    if (reply->rest == REPLY_MEMORY)
        reply->memory += bytes;
    if (reply->chunk > 0)
        reply->chunk_left -= (uint32_t)bytes;
}

static ssize_t read_file(const struct reply *reply, char *buffer, size_t size_bytes) {
    ssize_t count;
    do
        count = pread(reply->file, buffer, size_bytes, reply->offset);
    while (count == -1 && errno == EINTR);
    if (count != 0)
        return count;
    errno = EIO; /* somebody has cut the file short */
    return -1;
}

/* Copies from what comes next, be it the text or the rest. Returns how many bytes, or -1. */
static ssize_t copy_piece(const struct reply *reply, char *buffer, size_t size_bytes) {
    size_t length = smaller(size_bytes, reply->text_length - reply->text_sent);
    if (length > 0) {
        memcpy(buffer, reply->text + reply->text_sent, length);
        return (ssize_t)length;
    }
    length = smaller(size_bytes, reply->chunk > 0 ? reply->chunk_left : reply->left);
    if (reply->rest == REPLY_FILE)
        return read_file(reply, buffer, length);
    if (reply->rest == REPLY_STREAM)
        fill_stream(buffer, length, reply->offset);
    else
        memcpy(buffer, reply->memory, length);
    return (ssize_t)length;
}

ssize_t reply_take(struct reply *reply, char *buffer, size_t size_bytes) {
    size_t taken = 0;
    while (taken < size_bytes && !reply_is_done(reply)) {
        if (reply->text_sent == reply->text_length && reply->chunk > 0 && reply->chunk_left == 0)
            put_framing(reply);
        ssize_t count = copy_piece(reply, buffer + taken, size_bytes - taken);
        if (count == -1)
            return -1;
        reply_sent(reply, (size_t)count);
        taken += (size_t)count;
    }
    return (ssize_t)taken;
}

void reply_release(struct reply *reply) {
    if (reply->file != -1)
        close(reply->file);
    reply->file = -1;
}
