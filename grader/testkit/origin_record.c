/* What the origin has seen, kept as it happens and looked at by the test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grader/testkit/origin_parts.h"

enum { MOST_REQUESTS = 1 << 16, MOST_TEXT_BYTES = 255 };

/* FNV-1a (Fowler, Noll, Vo), 64 bits: fine for short texts that nobody has chosen with care. */
uint64_t hash_of(const char *text, size_t length, uint64_t seed) {
    uint64_t hash = UINT64_C(14695981039346656037) ^ seed;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return hash;
}

bool path_is(const char *meant, const char *path) {
    size_t length = strlen(meant);
    bool has_star = length > 0 && meant[length - 1] == '*';
    return has_star ? strncmp(meant, path, length - 1) == 0 : strcmp(meant, path) == 0;
}

/* ---- Keeping: by the origin's thread, with the lock ---- */

static void raise_to(int64_t *most, int64_t now) {
    if (now > *most)
        *most = now;
}

static void count_connection(struct traffic *traffic, int by) {
    traffic->open += by;
    traffic->connections += by > 0 ? by : 0;
    raise_to(&traffic->most_open, traffic->open);
}

void record_connection(struct connection *connection, int by) {
    struct traffic *traffic = connection->origin->traffic;
    if (by > 0)
        connection->number = traffic[0].connections;
    count_connection(&traffic[0], by);
    if (connection->host != 0)
        count_connection(&traffic[connection->host], by);
}

static void count_request(struct traffic *traffic, int by) {
    traffic->in_flight += by;
    traffic->requests += by > 0 ? by : 0;
    raise_to(&traffic->most_in_flight, traffic->in_flight);
}

static void count_in_flight(struct connection *connection, int by) {
    struct traffic *traffic = connection->origin->traffic;
    count_request(&traffic[0], by);
    if (connection->host != 0)
        count_request(&traffic[connection->host], by);
}

/* A copy that lives on. Without memory there is no text, as if the client had sent none. */
static const char *kept_text(const struct connection *connection, struct http_span span) {
    size_t length = span.length < MOST_TEXT_BYTES ? span.length : MOST_TEXT_BYTES;
    const char *text = strndup(connection->in + span.start, length);
    return text == NULL ? "" : text;
}

static const char *kept_field(const struct connection *connection, const char *name) {
    struct http_span value;
    if (!http_find(&connection->parser.request, connection->in, name, &value))
        return NULL;
    return kept_text(connection, value);
}

/* Finds the URL's request before this one, which tells how many there were. */
static void link_request(struct origin *origin, struct kept_request *kept) {
    int64_t *last = &origin->last_in_bucket[kept->hash % BUCKETS];
    kept->seen.attempt = 1;
    kept->previous = *last - 1;
    for (int64_t i = kept->previous; i >= 0; i = origin->requests[i].previous)
        if (origin->requests[i].hash == kept->hash) {
            kept->seen.attempt = origin->requests[i].seen.attempt + 1;
            break;
        }
    *last = kept->seen.number + 1;
}

/* A client that asks again and again without end must not fill our memory: it has failed anyway. */
static bool make_room(struct origin *origin) {
    int64_t count = origin->traffic[0].requests;
    if (count < origin->request_capacity)
        return true;
    int64_t capacity = count == 0 ? 256 : count * 2;
    struct kept_request *grown = NULL;
    if (capacity <= MOST_REQUESTS)
        grown = realloc(origin->requests, (size_t)capacity * sizeof *grown);
    if (grown == NULL) {
        origin->flooded = true;
        return false;
    }
    origin->requests = grown;
    origin->request_capacity = capacity;
    return true;
}

bool record_request(struct connection *connection) {
    struct origin *origin = connection->origin;
    const struct http_request *request = &connection->parser.request;
    if (!make_room(origin))
        return false;
    struct kept_request kept = {.seen = {.number = origin->traffic[0].requests,
                                         .connection = connection->number,
                                         .host = connection->host,
                                         .method = kept_text(connection, request->method_name),
                                         .path = kept_text(connection, request->target),
                                         .range = kept_field(connection, "range"),
                                         .if_range = kept_field(connection, "if-range"),
                                         .began_ns = ledger_clock_ns()}};
    kept.hash = hash_of(kept.seen.path, strlen(kept.seen.path), (uint64_t)connection->host);
    link_request(origin, &kept);
    origin->requests[kept.seen.number] = kept;
    connection->request = kept.seen.number;
    count_in_flight(connection, 1);
    return true;
}

struct request *request_of(struct connection *connection) {
    return &connection->origin->requests[connection->request].seen;
}

void record_sent(struct connection *connection, int64_t size_bytes) {
    struct traffic *traffic = connection->origin->traffic;
    request_of(connection)->sent_bytes += size_bytes;
    traffic[0].sent_bytes += size_bytes;
    if (connection->host != 0)
        traffic[connection->host].sent_bytes += size_bytes;
}

void record_end(struct connection *connection, enum outcome outcome) {
    struct request *request = request_of(connection);
    request->outcome = outcome;
    request->ended_ns = ledger_clock_ns();
    connection->origin->being_answered -= connection->released;
    connection->released = false;
    count_in_flight(connection, -1);
}

/* ---- Looking: by the test's thread ---- */

void lock_sound(struct origin *origin) {
    pthread_mutex_lock(&origin->lock);
    if (!origin->flooded)
        return;
    pthread_mutex_unlock(&origin->lock);
    fail_test("a program that asks no more than it must", "over %d requests", MOST_REQUESTS);
}

struct request request_seen(struct origin *origin, int64_t number) {
    struct request request = {0};
    lock_sound(origin);
    int64_t count = origin->traffic[0].requests;
    if (number >= 0 && number < count)
        request = origin->requests[number].seen;
    pthread_mutex_unlock(&origin->lock);
    if (number < 0 || number >= count)
        fail_test("another request", "%lld in all", (long long)count);
    return request;
}

int64_t requests_for(struct origin *origin, const char *path) {
    int64_t count = 0;
    lock_sound(origin);
    for (int64_t i = 0; i < origin->traffic[0].requests; i++)
        count += path_is(path, origin->requests[i].seen.path);
    pthread_mutex_unlock(&origin->lock);
    return count;
}

int64_t requests_on(struct origin *origin, int64_t connection) {
    int64_t count = 0;
    lock_sound(origin);
    for (int64_t i = 0; i < origin->traffic[0].requests; i++)
        count += origin->requests[i].seen.connection == connection;
    pthread_mutex_unlock(&origin->lock);
    return count;
}

struct traffic traffic_at(struct origin *origin, int host) {
    lock_sound(origin);
    struct traffic traffic = origin->traffic[host];
    pthread_mutex_unlock(&origin->lock);
    return traffic;
}

struct traffic traffic_of(struct origin *origin) {
    return traffic_at(origin, 0);
}
