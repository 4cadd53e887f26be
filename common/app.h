/*
 * The application that the servers serve, as data: given a request, what to send and what to wait
 * for. It never reads from a connection, writes to one, or waits, so a server alone decides how.
 *
 *     GET  /hello                     "hello, world" and a newline
 *     GET  /files/PATH                a file below the root: single ranges, If-Modified-Since, If-Range
 *     GET  /stream?bytes=N&chunk=M    N bytes, up to 2 to the 40th, made piece by piece in chunks
 *                                     of M, 16,384 unless given; the bytes: app_stream_byte()
 *     POST /echo                      the request's body
 *     GET  /wait?ms=N                 as if from another server that takes N ms: no CPU here
 *     GET  /burn?ms=N                 N ms of this server's CPU
 *     GET  /stats                     JSON: connections_now, connections_ever, requests, threads,
 *                                     vm_rss_kib, vm_hwm_kib
 *
 * HEAD works wherever GET does, and waits and burns as that does. Another method gets 405 with Allow
 * where the path is known and the method is (RFC 9110, section 9.1), DELETE, PATCH and PUT being
 * known though no path takes them; any other 501. A parameter that is missing or no number within
 * its limits gets 400, which names it; of two the first counts, and unknown ones are ignored.
 *
 * A file is reached through its folders one by one, each opened beneath the last and none of them
 * through a link, so no name leads out of the root (common/app_files.h). Its name is decoded; all
 * other paths are compared as sent.
 *
 * Left out: directory listings, conditional requests other than those two, several ranges (the
 * whole file is a right answer to those: RFC 9110, section 14.2), compression, TLS.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/http.h"

enum {
    APP_TEXT_BYTES = 1024,         /* of a reply's head, and of its body where that is small */
    APP_WAIT_MS_MAX = 60 * 1000,   /* of /wait */
    APP_BURN_MS_MAX = 10 * 1000,   /* of /burn */
    APP_CHUNK_BYTES_MAX = 1 << 20, /* of /stream */
};

/* One for a whole server. The counters are for /stats and may be touched by any thread. */
struct app {
    int root; /* folder that /files/ shows, opened with O_PATH | O_DIRECTORY; -1: none */
    atomic_long connections_now;
    atomic_long connections_ever;
    atomic_long requests; /* answered, those that the parser refused among them */
};

/*
 * Makes an application that shows the files below `root`; NULL: none.
 * Returns 0, or -1 with errno as open(2) set it.
 */
int app_open(struct app *app, const char *root);
void app_close(struct app *app);

/* Keep the counts of /stats. */
void app_connection_opened(struct app *app);
void app_connection_closed(struct app *app);

/* What follows `text` in a reply. */
enum reply_rest {
    REPLY_NOTHING, /* the text is all of it */
    REPLY_MEMORY,  /* `memory`, a piece of the request's buffer: keep that until it is sent */
    REPLY_FILE,    /* `left` bytes of `file` from `offset` on */
    REPLY_STREAM,  /* `left` bytes, to be made by reply_take() */
};

/* A reply on its way. First wait, then burn, then send. */
struct reply {
    unsigned wait_ms; /* let so much time pass, by whatever way of waiting the server has */
    unsigned burn_ms; /* call app_burn() with this */
    bool close;       /* close the connection behind it: the head says so already */
    enum reply_rest rest;
    uint16_t text_length;
    uint16_t text_sent; /* by reply_take() or reply_sent() */
    int file;           /* -1: none; closed by reply_release() */
    off_t offset;
    int64_t left; /* bytes of memory, file or stream that are still to be sent */
    const char *memory;
    uint32_t chunk;      /* REPLY_STREAM: bytes a chunk; 0: without framing, for HTTP/1.0 */
    uint32_t chunk_left; /* private, as is the next one */
    uint8_t stream_state;
    char text[APP_TEXT_BYTES];
};

/*
 * Answers a whole request. What goes wrong is an answer as well (404, 405, 411, 416, 500, 503).
 * data     where the request begins
 * closing  the server will close the connection behind this reply, whatever the request says
 * The reply holds no memory of its own but may hold a file: release it.
 */
void app_answer(struct app *app, const struct http_request *request, const char *data, bool closing,
                struct reply *reply);

/* Answers what the parser refused, with its status and `close`. */
void app_refuse(struct app *app, const struct http_parser *parser, struct reply *reply);

/* The byte at that place of a /stream: the alphabet and a newline, over and over. A period of 27
 * bytes divides no power of two, so a lost or repeated block shows. */
char app_stream_byte(int64_t offset);

/* Uses `ms` of CPU time, of the calling thread's (clock_gettime(2), CLOCK_THREAD_CPUTIME_ID). */
void app_burn(unsigned ms);

/*
 * The easy way to send: copies the next bytes of the reply, text and rest, into a buffer, as many
 * as fit.
 * Returns how many; 0 when the reply is done; -1 with errno when the file can't be read or has
 * become shorter than was promised: the connection must then be closed, for the client waits for
 * bytes that will not come.
 */
ssize_t reply_take(struct reply *reply, char *buffer, size_t size_bytes);

/* The other way: a server that sends `text`, `memory` or `file` by itself says how much has left
 * (of the text first, then of the rest; not for REPLY_STREAM's rest). */
void reply_sent(struct reply *reply, size_t bytes);

/* Whether all of it has been taken or sent. */
bool reply_is_done(const struct reply *reply);

/* Closes its file. Harmless when there is none, or twice. */
void reply_release(struct reply *reply);
