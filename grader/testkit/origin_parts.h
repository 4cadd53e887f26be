/* What the origin's own files share. The thread that serves holds the lock whenever it does not
 * wait, and a test's thread while it looks: so whatever is seen is the state between two events. */
#pragma once

#include <pthread.h>

#include "common/http.h"
#include "grader/testkit/origin.h"

enum {
    HOSTS = 256,        /* by the last byte of 127.0.0.N; 0 stands for all of them */
    BUCKETS = 4096,     /* in which a URL's last request is looked up */
    TEXT_BYTES = 16384, /* of a head */
    PIECE_BYTES = 128 * 1024
};

/* Where a connection is in its one exchange at a time. */
enum stage {
    READING,  /* a request, or nothing yet */
    HELD,     /* until released */
    LATE,     /* until its latency has passed */
    SENDING,  /* head and body */
    EMPTYING, /* until the other end has what was sent; then comes the reset */
    SILENT,   /* until the client has enough */
};

struct connection {
    struct origin *origin;
    int fd; /* -1: closed, freed when the round is over */
    int64_t number;
    int host;
    uint32_t events; /* that epoll tells us of */
    enum stage stage;
    int64_t due_ns; /* when to go on by ourselves, monotonic; 0: never */
    struct connection *next;

    /* the exchange */
    struct page page;
    int64_t request;       /* its number */
    bool released;         /* was held before */
    bool closes;           /* the connection ends with it */
    bool whole;            /* its end was as the head promised */
    int64_t body_start_ns; /* monotonic */
    int64_t body_start;    /* offsets of the page's bytes: what is sent, */
    int64_t body_at;       /* the next one, */
    int64_t chunk_end;     /* where something else has to be sent, */
    int64_t body_end;
    size_t text_bytes; /* of `text`, which goes before the next byte of the body */
    size_t text_sent;
    char text[TEXT_BYTES];

    struct http_parser parser;
    size_t have;
    char in[HTTP_REQUEST_BYTES];
};

struct kept_page {
    struct page page;
    uint64_t hash; /* of its path */
    bool has_star;
};

struct kept_request {
    struct request seen;
    uint64_t hash;    /* of host and path */
    int64_t previous; /* of the same bucket; -1: none */
};

struct origin {
    pthread_mutex_t lock;
    int port, listen_fd, epoll_fd, wake_fd;
    struct connection *connections; /* open, or closed in this round */
    bool some_closed;
    bool accepts;
    int64_t next_due_ns; /* of any connection; INT64_MAX: none */
    bool holds_no_more;
    int64_t being_answered; /* of those that were held */
    bool flooded;           /* more requests than are kept */
    struct kept_page *pages;
    size_t page_count;
    struct kept_request *requests;
    int64_t request_capacity;
    int64_t last_in_bucket[BUCKETS]; /* its number + 1; 0: none */
    struct traffic traffic[HOSTS];
    char piece[PIECE_BYTES]; /* of a body, on its way */
};

/* ---- origin.c ---- */

void connection_close(struct connection *connection);
/* Goes on at that time without an event. */
void connection_due(struct connection *connection, int64_t due_ns);

/* ---- origin_answer.c ---- */

/* Begins to answer the request that the parser holds. */
void answer_begin(struct connection *connection);
/* The same for bytes that are none. */
void answer_refusal(struct connection *connection);
/* Goes on behind the latency, or with a body that the kernel did not take. Returns whether the answer is
 * finished and the connection kept. */
bool answer_go_on(struct connection *connection);
/* Takes a held request further. */
void answer_release(struct connection *connection);

/* ---- origin_page.c ---- */

struct page page_for(const struct origin *origin, const struct request *request);
/* Sets where the body begins and ends. Returns the status. */
int choose_part(struct connection *connection, const struct request *request);
/* Of the body as the head tells it, or one of HTTP_LENGTH_... */
int64_t length_said(const struct connection *connection, int status);
/* Into the connection's text. */
void write_head(struct connection *connection, int status);

/* ---- origin_record.c ---- */

void record_connection(struct connection *connection, int by);
/* Returns false when there were too many. */
bool record_request(struct connection *connection);
struct request *request_of(struct connection *connection);
void record_sent(struct connection *connection, int64_t size_bytes);
void record_end(struct connection *connection, enum outcome outcome);
uint64_t hash_of(const char *text, size_t length, uint64_t seed);
/* Whether a path is the one that is meant: with a star at its end, one that begins so. */
bool path_is(const char *meant, const char *path);
/* Locks, and fails the test when more was asked than can be told. */
void lock_sound(struct origin *origin);
