/* For labs whose program is a client of HTTP: an origin server of the test's own, told page by page
 * how to answer, rightly or wrongly, which remembers what it was asked. So a limit on parallelism is
 * judged by the other end, not by the program's word.
 *
 *     Test(cap, never_one_more) {
 *         struct origin *origin = start_origin();
 *         serve_page(origin, (struct page){.path = "/held-*", .size_bytes = 1000, .held = true});
 *         struct run *run = start_client("-j", "2", origin_url(origin, 1, "/held-a"),
 *                                        origin_url(origin, 1, "/held-b"),
 *                                        origin_url(origin, 2, "/held-c"));
 *         await_in_flight(origin, run, 2);
 *         stays_in_flight(origin, run, 2, 200);
 *         release_one(origin, NULL);
 *         await_in_flight(origin, run, 2);
 *         release_all(origin);
 *         await_end(run);
 *         EXPECT_EXIT(run, 0);
 *     }
 *
 * It is one thread of the test's process, and listens on all of 127.0.0.0/8 at one port: so
 * 127.0.0.1 and 127.0.0.2 are two hosts of one origin. Start it before the program, which shares its
 * network. Whatever waits here has patience, not a clock: see server.h, whose functions that look at
 * a running program serve for clients too.
 * Left out: TLS, names, bodies of requests, HTTP/2, conditional requests other than If-Range. A
 * client that says it will send no more has given up. */
#pragma once

#include "grader/testkit/server.h"

struct origin;

/* Starts one. It ends with the test. */
struct origin *start_origin(void);

int origin_port(const struct origin *origin);
/* "http://127.0.0.HOST:PORT" and the path; HOST 1 to 254. Lives until the test ends. */
const char *origin_url(struct origin *origin, int host, const char *path);
/* Lines of such URLs, PATH0 to PATH(count - 1), over so many hosts in turn: 127.0.0.1 first. */
const char *origin_urls(struct origin *origin, int hosts, const char *path, int count);

/* ---- What a path is answered with ---- */

/* How the client learns where a body ends. */
enum framing { BY_LENGTH, BY_CHUNKS, BY_CLOSE };
enum ranges {
    RANGES_HONOURED, /* 206, 416, and If-Range (RFC 9110, sections 13.1.5 and 14.2) */
    RANGES_IGNORED,  /* the whole is sent, with 200 */
    RANGES_SHIFTED   /* 206 that begins a byte too late, and says so in Content-Range */
};
/* What goes wrong after `breaks_at` bytes of a body, if it has so many. When it has just as many, it is
 * the end of a connection that was to be kept. */
enum breakage { BREAKS_NOT, BREAKS_OFF, BREAKS_WITH_RESET, BREAKS_INTO_SILENCE };
enum { BEFORE_HEAD = -1 };

/* Zero stands for the usual in every field. Strings are copied; each may have 2 KiB.
 *
 * `times` makes a page answer that many requests for a URL, the first ones, and then leave that URL to
 * the pages given after it: so a failure and what follows it are two pages. Of those without it the
 * last given holds, and one of a whole path before one with a star. */
struct page {
    const char *path; /* with its query; a star at its end: all that begin so */
    int host;         /* 127.0.0.N alone; 0: every host */
    int times;        /* 0: for ever */

    int status;                /* usually 200, or 302 where there is a `location` */
    int64_t size_bytes;        /* of the body, made up from path, version and offset */
    int version;               /* another has other bytes; `etag` is yours to change with it */
    enum framing framing;      /* of the body */
    int64_t claimed_bytes;     /* a Content-Length that is not the truth; then closes, too */
    enum ranges ranges;        /* asked for with GET, where `status` is 200 */
    bool closes;               /* "Connection: close", and does */
    const char *location;      /* whole URL or path */
    const char *retry_after;   /* "2", or a date */
    const char *etag;          /* with its quotes */
    const char *last_modified; /* a date */
    const char *fields;        /* any others, each ending in CR LF */

    bool held;                /* answered when released, see below */
    int latency_ms;           /* before the head; from its release on where it is held */
    int64_t bytes_per_second; /* of the body; 0: as fast as the client takes them */

    enum breakage breaks;
    int64_t breaks_at; /* in bytes of the body as sent; BEFORE_HEAD: no answer at all */
};

/* Adds a page. A path without one is answered with 404. */
void serve_page(struct origin *origin, struct page page);

/* The bytes of a body from an offset on, and whether a file on our disk is that body, all of it and
 * nothing else; for a part from the beginning, give its size. Of a page with a star, give the whole
 * path. */
void fill_body(const struct page *page, int64_t offset, void *data, size_t size_bytes);
void expect_file(const char *file, struct page page);

/* ---- Clients, and a barrier for them ---- */

/* Starts the program and returns when it runs. No clock does before something is owed, unless it is
 * given a limit: so take its end with await_end(). An `.input` is fed to it at once and then closed,
 * whether it reads or not; one of over 64 KiB waits for it to. Without a barrier, run_program() does; with
 * `.awaits_others` for one that may sleep for over a second, as before it tries again. */
#define start_client(...) start_client_with((struct program){.arguments = WORDS(__VA_ARGS__)})
struct run *start_client_with(struct program program);

/* A request is in flight from its last byte here until the last byte of its answer has left, or an
 * end of the connection has come.
 *
 * Waits until exactly so many are, and none that was released is still being answered. More at once
 * fail the test, as does a program that sleeps, runs on or has ended before. */
void await_in_flight(struct origin *origin, struct run *run, int64_t count);
/* Waits for so long, and until the program has nothing to run; a request more or less fails. */
void stays_in_flight(struct origin *origin, struct run *run, int64_t count, int ms);
/* Waits until there have been so many requests, or more. */
void await_requests(struct origin *origin, struct run *run, int64_t count);
/* Waits until so many bytes of bodies were sent, or more. */
void await_sent(struct origin *origin, struct run *run, int64_t size_bytes);

/* Lets the held request be answered that came first; of that path, if one is given. */
void release_one(struct origin *origin, const char *path);
/* Lets all be answered, those to come too. */
void release_all(struct origin *origin);

/* ---- What it has seen ---- */

enum outcome {
    UNDER_WAY,
    ANSWERED,
    BROKEN_OFF, /* as its page told */
    GIVEN_UP,   /* the client has closed the connection */
};

/* One request. Its strings live until the test ends and are cut at 255 bytes. */
struct request {
    int64_t number;     /* from 0, in the order in which they came */
    int64_t connection; /* from 0, likewise */
    int host;
    int attempt;        /* 1 for the first request for that path at that host */
    const char *method; /* "" for what is no request, and was answered with its status */
    const char *path;
    const char *range; /* the fields' values; NULL where there were none */
    const char *if_range;
    int64_t began_ns;   /* when it was whole; on the clock that ledgers are written by */
    int64_t ended_ns;   /* when it was no longer in flight; 0 before */
    int status;         /* answered; 0: none, so far */
    int64_t sent_bytes; /* of the body, handed to the kernel */
    enum outcome outcome;
};

struct request request_seen(struct origin *origin, int64_t number);
/* How many there were for a path, or with a star for all that begin so, at any host. */
int64_t requests_for(struct origin *origin, const char *path);
/* How many a connection served. */
int64_t requests_on(struct origin *origin, int64_t connection);

/* Everything so far, at one moment. */
struct traffic {
    int64_t requests;
    int64_t in_flight;
    int64_t most_in_flight; /* at once */
    int64_t open;           /* connections */
    int64_t most_open;      /* at once */
    int64_t connections;    /* ever */
    int64_t sent_bytes;     /* of bodies */
};
struct traffic traffic_of(struct origin *origin);
struct traffic traffic_at(struct origin *origin, int host);
