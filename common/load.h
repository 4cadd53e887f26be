/*
 * A load generator: GET requests for one path of an HTTP/1.1 server, over many connections, from
 * one thread with epoll(7).
 *
 * Closed loop (rate 0): each connection asks again as soon as it has its answer. That finds what a
 * server can do, and it flatters it: while the server stalls nobody asks, so a stall costs one slow
 * answer a connection, however many users would have come in that time. Gil Tene named that
 * coordinated omission.
 * Open loop (a rate): request k is due at start + k / rate, whatever the server does, and goes to
 * the connection that has rested longest. Its latency counts from when it was due, so the time
 * that it waited for a free connection is in it, and a stall shows in every request that fell due
 * meanwhile.
 *
 *     struct load *load = load_open(&plan, reason);   connections are open, each answered once
 *     load_run(load, &result);                        again, if you like
 *     load_close(load);
 *
 * Why not a tool: wrk knows only the closed loop and mends its figures afterwards; h2load holds a
 * rate but counts from when it sent; wrk2, which counts from when a request was due, is not packaged
 * by Debian.
 * Left out: other methods, bodies, pipelining, redirects, TLS, IPv6, names. Answers are checked for
 * status and framing; `body_bytes` is for comparing with what was asked for.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/histogram.h"

enum {
    LOAD_REASON_BYTES = 128,
    LOAD_PER_SOURCE = 20000, /* below the 28,232 ports that Linux gives an address to connect from
                              * (/proc/sys/net/ipv4/ip_local_port_range) */
    LOAD_PATIENCE_MS = 5000,
};

struct load_plan {
    const char *address; /* IPv4 in numbers; NULL: 127.0.0.1 */
    const char *path;    /* with its query, as sent; NULL: "/" */
    uint16_t port;
    bool close;       /* a connection for each request, which the server closes; else kept alive */
    int connections;  /* at most so many at once */
    double rate;      /* requests per second in all; 0: closed loop */
    int64_t requests; /* 0: as many as `duration_ms` holds */
    int64_t duration_ms; /* none is sent (closed loop) or due (open loop) later; 0: no such end */
    int64_t patience_ms; /* when nothing came for so long, all that is unanswered has failed; also
                          * how long an open loop may run over; 0: LOAD_PATIENCE_MS */
    int per_source;      /* connections from 127.0.0.1 before 127.0.0.2 is used, and so on; 0:
                          * LOAD_PER_SOURCE. Matters for addresses in 127.0.0.0/8 only */
};

struct load_result {
    uint64_t completed;
    uint64_t failed;   /* unanswered, wrong, or never sent for want of time; in no histogram */
    uint64_t reopened; /* kept connections that the server closed between two requests */
    uint64_t body_bytes;
    double seconds;                 /* from the start to the last answer or failure */
    char reason[LOAD_REASON_BYTES]; /* of the first failure; "": none */
    struct histogram latency_ns;    /* from when due to the last byte; in a closed loop, from when
                                     * sent. With `close`, connecting and closing are in it */
    struct histogram service_ns;    /* the same from when sent, which omits the wait before */
};

struct load;

/*
 * Opens the plan's connections and asks for the path on each of them once, so that the server has
 * accepted them all; at most 64 at a time, which a short backlog holds. With `close`: opens none.
 * reason  gets what went wrong; may be NULL
 * Copies the plan; the caller keeps its strings until load_close(). Needs a descriptor a connection
 * (getrlimit(2), RLIMIT_NOFILE).
 * Returns NULL with errno: EINVAL for a plan that has no end or no connections, EPROTO when
 * connections fail or answers are wrong, or what socket(2) and the like set.
 */
struct load *load_open(const struct load_plan *plan, char reason[LOAD_REASON_BYTES]);

/*
 * Runs the plan on those connections. The result is large for a small stack: about 60 KiB.
 * Returns 0, be it that every request failed, or -1 with errno when epoll_pwait2(2) failed.
 */
int load_run(struct load *load, struct load_result *result);

/* Closes the connections. NULL is nothing to close. */
void load_close(struct load *load);
