/* Clients: connections of the test's own to the server, and its answers. */
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "grader/testkit/kit.h"
#include "grader/testkit/patience.h"
#include "grader/testkit/server.h"

enum {
    RECEIVE_BYTES = 256 * 1024,
    HEAD_BYTES = 16 * 1024,
    BODY_BYTES = 4 << 20,
    SHOWN_BYTES = 80,
    DRIBBLE_MS = 15000, /* for a head, a line: patience begins anew with each byte, this does not */
    LOOK_MS = 5,        /* between looks at the server while a client waits */
};

static const int64_t MOST_RECEIVED_BYTES = INT64_C(2) << 30;

static struct client *clients; /* of this test; freed with its process */
static int client_count;

static void client_step(const struct client *client, const char *what) {
    if (!client->quiet)
        step("%s: %s", client->name, what);
}

/* Waits until the socket is ready; what is owed is said when the server does not make it so. */
static void await_ready(struct client *client, short events, const char *owed) {
    struct pollfd watched = {.fd = client->fd, .events = events};
    if (poll(&watched, 1, 0) > 0)
        return;
    char words[128];
    snprintf(words, sizeof words, "%s%s%s", owed, client->quiet ? "" : " on connection ",
             client->quiet ? "" : client->name);
    struct patience patience = patience_with(client->server, words);
    while (poll(&watched, 1, LOOK_MS) == 0)
        patience_pump(&patience, 0);
    patience_end(&patience);
}

/* ---- Connecting ---- */

static void name_client(struct client *client) {
    int number = client_count++;
    if (number < 26)
        snprintf(client->name, sizeof client->name, "%c", 'A' + number);
    else
        snprintf(client->name, sizeof client->name, "%d", number + 1);
}

static struct client *new_client(struct run *server, bool quiet) {
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL || (client->answer = calloc(1, sizeof *client->answer)) == NULL)
        unmeasured("out of memory");
    client->server = server;
    client->quiet = quiet;
    client->next = clients;
    clients = client;
    name_client(client);
    return client;
}

static struct client *make_connection(struct run *server, bool quiet) {
    struct client *client = new_client(server, quiet);
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)server->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    client_step(client, "connect");
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0)
        unmeasured("no socket for a client: %s", strerror(errno));
    /* what is sent in two pieces arrives in two */
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(client->fd, (const struct sockaddr *)(const void *)&address, sizeof address) < 0 &&
        errno != EINPROGRESS)
        fail_test("a connection to the port that was announced", "%s", strerror(errno));
    await_ready(client, POLLOUT, "a connection");
    int error = 0;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error});
    if (error != 0)
        fail_test("a connection to the port that was announced", "%s", strerror(error));
    return client;
}

struct client *connect_client(struct run *server) {
    return make_connection(server, false);
}

struct client *connect_quiet_client(struct run *server) {
    return make_connection(server, true);
}

void connect_clients(struct run *server, struct client **made, size_t count) {
    step("connect %zu clients", count);
    for (size_t i = 0; i < count; i++)
        made[i] = make_connection(server, true);
}

void half_close(struct client *client) {
    client_step(client, "say that no more will be sent");
    shutdown(client->fd, SHUT_WR);
}

void hang_up(struct client *client) {
    client_step(client, "hang up");
    close(client->fd);
    client->fd = -1;
}

/* Closing with a linger time of 0 sends a reset in place of an end (socket(7), SO_LINGER). */
void reset_connection(struct client *client) {
    client_step(client, "hang up with a reset");
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(client->fd);
    client->fd = -1;
}

/* ---- Sending ---- */

ssize_t try_to_send(struct client *client, const void *data, size_t size_bytes) {
    ssize_t sent = send(client->fd, data, size_bytes, MSG_NOSIGNAL);
    if (sent > 0)
        client->sent_bytes += sent;
    return sent < 0 && errno == EAGAIN ? 0 : sent;
}

void send_data(struct client *client, const void *data, size_t size_bytes) {
    const char *rest = data;
    while (size_bytes > 0) {
        await_ready(client, POLLOUT, "that it takes what was sent");
        ssize_t sent = try_to_send(client, rest, size_bytes);
        if (sent < 0) {
            int error = errno;
            patience_look(client->server, "a connection that takes what is sent");
            fail_test("a connection that takes what is sent", "%s", strerror(error));
        }
        rest += sent;
        size_bytes -= (size_t)sent;
    }
}

/* "send `GET /hello HTTP/1.1`": the first line, without what can't be shown. */
static void step_send(const struct client *client, const char *text) {
    char shown[SHOWN_BYTES + 32];
    size_t length = strcspn(text, "\r\n");
    bool is_whole = strlen(text) == length;
    snprintf(shown, sizeof shown, "send `%.*s`%s",
             (int)(length < SHOWN_BYTES ? length : SHOWN_BYTES), text, is_whole ? "" : " ...");
    for (char *c = shown; *c != '\0'; c++)
        if (!isprint((unsigned char)*c))
            *c = '?';
    client_step(client, shown);
}

void send_text(struct client *client, const char *format, ...) {
    char *text = NULL;
    va_list values;
    va_start(values, format);
    int length = vasprintf(&text, format, values);
    va_end(values);
    if (length < 0)
        unmeasured("out of memory");
    step_send(client, text);
    send_data(client, text, (size_t)length);
    free(text);
}

void send_get(struct client *client, const char *path) {
    send_text(client, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
}

/* ---- Receiving ---- */

/* Takes what is there. Returns the bytes, 0 at the end, -1 with errno. */
static ssize_t receive(struct client *client) {
    static char buffer[RECEIVE_BYTES];
    if (client->taken == client->in.length)
        client->taken = client->in.length = 0;
    ssize_t got = recv(client->fd, buffer, sizeof buffer, 0);
    int error = errno;
    if (got > 0 && bytes_append(&client->in, buffer, (size_t)got) < 0)
        unmeasured("out of memory");
    client->received_bytes += got > 0 ? got : 0;
    if (client->received_bytes > MOST_RECEIVED_BYTES)
        fail_test("an answer that ends", "over 2 GiB of it");
    process_pump(&client->server->process, 0);
    errno = error;
    return got;
}

static void require_more(struct client *client, const char *owed) {
    await_ready(client, POLLIN, owed);
    ssize_t got = receive(client);
    if (got > 0)
        return;
    char words[128];
    int error = errno;
    snprintf(words, sizeof words, "%s on connection %s", owed, client->name);
    patience_look(client->server, words);
    fail_test(words, "%s, after %lld bytes in all",
              got == 0 ? "the server closed the connection" : strerror(error),
              (long long)client->received_bytes);
}

static const char *rest_of(const struct client *client) {
    return client->in.data == NULL ? "" : client->in.data + client->taken;
}

static size_t rest_bytes(const struct client *client) {
    return client->in.length - client->taken;
}

/* Waits for bytes up to and including `mark`; returns how many. */
static size_t await_mark(struct client *client, const char *mark, size_t limit, const char *owed) {
    const char *found;
    size_t length = strlen(mark);
    int64_t deadline = deadline_in_ms(limit_for(DRIBBLE_MS));
    while ((found = memmem(rest_of(client), rest_bytes(client), mark, length)) == NULL) {
        if (rest_bytes(client) > limit)
            fail_test(owed, "%zu bytes without the end of it", rest_bytes(client));
        if (milliseconds_left(deadline) == 0)
            fail_test(owed, "%zu bytes of it in %d s", rest_bytes(client),
                      limit_for(DRIBBLE_MS) / 1000);
        require_more(client, owed);
    }
    return (size_t)(found - rest_of(client)) + length;
}

const char *field_of(const struct answer *answer, const char *name) {
    static char value[1024];
    size_t length = strlen(name);
    const char *line = answer->head == NULL ? NULL : strstr(answer->head, "\r\n");
    for (; line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) != 0 || line[length] != ':')
            continue;
        const char *start = line + length + 1 + strspn(line + length + 1, " \t");
        snprintf(value, sizeof value, "%.*s", (int)strcspn(start, "\r"), start);
        return value;
    }
    return NULL;
}

static bool field_is(const struct answer *answer, const char *name, const char *text) {
    const char *value = field_of(answer, name);
    return value != NULL && strcasecmp(value, text) == 0;
}

/* How the body's end is known (RFC 9112, section 6.3). */
static void begin_body(struct client *client, bool to_head_request) {
    struct answer *answer = client->answer;
    const char *length = field_of(answer, "Content-Length");
    bool has_none =
        to_head_request || answer->status < 200 || answer->status == 204 || answer->status == 304;
    if (length != NULL && (*length == '\0' || length[strspn(length, "0123456789")] != '\0'))
        fail_test("a number as the Content-Length", "`%.40s`", length);
    client->body_left = length == NULL ? 0 : strtoll(length, NULL, 10);
    answer->chunked = field_is(answer, "Transfer-Encoding", "chunked");
    answer->closes = field_is(answer, "Connection", "close");
    client->body_chunked = answer->chunked && !has_none;
    client->body_to_close = !has_none && !answer->chunked && length == NULL;
    if (has_none || answer->chunked)
        client->body_left = 0;
}

static void forget(struct answer *answer) {
    free(answer->head);
    free(answer->body);
    memset(answer, 0, sizeof *answer);
}

const struct answer *await_head(struct client *client, bool to_head_request) {
    struct answer *answer = client->answer;
    size_t length = await_mark(client, "\r\n\r\n", HEAD_BYTES, "an answer");
    forget(answer);
    answer->head = strndup(rest_of(client), length - 2);
    if (answer->head == NULL)
        unmeasured("out of memory");
    client->taken += length;
    const char *head = answer->head;
    if (strncmp(head, "HTTP/1.1 ", 9) != 0 || !isdigit((unsigned char)head[9]))
        fail_test("a status line, `HTTP/1.1 200 OK`", "`%.*s`", (int)strcspn(head, "\r\n"), head);
    answer->status = atoi(head + 9);
    begin_body(client, to_head_request);
    return answer;
}

/* The next chunk's size, or the end of the body. Returns whether there is one. */
static bool begin_chunk(struct client *client) {
    size_t length = await_mark(client, "\r\n", HEAD_BYTES, "a chunk");
    char *end;
    client->body_left = strtoll(rest_of(client), &end, 16);
    if (!isxdigit((unsigned char)*rest_of(client)) || strchr("\r;", *end) == NULL)
        fail_test("the size of a chunk", "`%.*s`", (int)(length - 2), rest_of(client));
    client->taken += length;
    if (client->body_left > 0)
        return true;
    client->body_chunked = false;
    while ((length = await_mark(client, "\r\n", HEAD_BYTES, "the end of the chunks")) > 2)
        client->taken += length; /* a trailer */
    client->taken += length;
    return false;
}

static void end_chunk(struct client *client) {
    if (!client->body_chunked || client->body_left > 0)
        return;
    size_t length = await_mark(client, "\r\n", 2, "the end of a chunk");
    if (length != 2)
        fail_test("CR LF behind a chunk", "%zu bytes more", length - 2);
    client->taken += 2;
}

static size_t read_to_close(struct client *client, char *data, size_t size_bytes) {
    if (rest_bytes(client) == 0) {
        await_ready(client, POLLIN, "the rest of a body");
        ssize_t got = receive(client);
        if (got < 0)
            fail_test("the end of a body", "%s", strerror(errno));
        if (got == 0)
            return 0;
    }
    size_t taken = rest_bytes(client) < size_bytes ? rest_bytes(client) : size_bytes;
    memcpy(data, rest_of(client), taken);
    client->taken += taken;
    return taken;
}

size_t read_body(struct client *client, char *data, size_t size_bytes) {
    if (client->body_to_close)
        return read_to_close(client, data, size_bytes);
    if (client->body_left == 0 && (!client->body_chunked || !begin_chunk(client)))
        return 0;
    if (rest_bytes(client) == 0)
        require_more(client, "the rest of a body");
    size_t taken = rest_bytes(client) < size_bytes ? rest_bytes(client) : size_bytes;
    if ((int64_t)taken > client->body_left)
        taken = (size_t)client->body_left;
    memcpy(data, rest_of(client), taken);
    client->taken += taken;
    client->body_left -= (int64_t)taken;
    end_chunk(client);
    return taken;
}

const struct answer *await_answer(struct client *client) {
    await_head(client, false);
    struct bytes body = {0};
    char piece[4096];
    for (size_t got; (got = read_body(client, piece, sizeof piece)) > 0;) {
        if (body.length > BODY_BYTES)
            fail_test("an answer of its size", "over %d bytes", BODY_BYTES);
        if (bytes_append(&body, piece, got) < 0)
            unmeasured("out of memory");
    }
    client->answer->body = body.data == NULL ? strdup("") : body.data;
    client->answer->body_bytes = body.length;
    return client->answer;
}

const struct answer *get(struct client *client, const char *path, int status) {
    send_get(client, path);
    const struct answer *answer = await_answer(client);
    EXPECT_NUMBER("status of the answer", status, answer->status);
    return answer;
}

/* ---- Silence and ends ---- */

bool stays_silent(struct client *client, int ms) {
    int64_t deadline = deadline_in_ms(ms);
    struct pollfd watched = {.fd = client->fd, .events = POLLIN};
    if (rest_bytes(client) > 0)
        return false;
    do { /* one look at least, and one after the last pause */
        pause_ms(client->server, ms < LOOK_MS ? ms : LOOK_MS);
        if (poll(&watched, 1, 0) > 0)
            return false;
    } while (milliseconds_left(deadline) > 0);
    return true;
}

int64_t await_closed(struct client *client) {
    int64_t bytes = (int64_t)rest_bytes(client);
    client->taken = client->in.length;
    for (;;) {
        await_ready(client, POLLIN, "an end");
        ssize_t got = receive(client);
        if (got <= 0)
            return bytes;
        bytes += got;
        client->taken = client->in.length;
    }
}

void expect_closed(struct client *client) {
    int64_t bytes = await_closed(client);
    if (bytes > 0)
        fail_test("an end of the connection and nothing before it", "%lld bytes first",
                  (long long)bytes);
}

/* ---- Targets of budgets ---- */

/* Every connection to the server is named after its end of it. */
static struct target on_connections(const struct run *server) {
    struct target target = {.shown = "connections"};
    snprintf(target.name, sizeof target.name, "TCP:[127.0.0.1:%d->", server->port);
    return target;
}

struct target from_clients(const struct run *server) {
    struct target target = on_connections(server);
    for (const struct client *client = clients; client != NULL; client = client->next)
        target.least_bytes += client->server == server ? client->sent_bytes : 0;
    return target;
}

struct target to_clients(const struct run *server) {
    struct target target = on_connections(server);
    for (const struct client *client = clients; client != NULL; client = client->next)
        target.least_bytes += client->server == server ? client->received_bytes : 0;
    return target;
}
