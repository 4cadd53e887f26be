/* For labs whose program is a server: starting it, talking with it over TCP as many clients, and
 * looking at what it holds meanwhile.
 *
 *     Test(concurrency, the_last_is_answered_first) {
 *         struct run *server = start_server("--timeout", "5000");
 *         struct client *silent = connect_client(server), *talks = connect_client(server);
 *         send_text(talks, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
 *         EXPECT_NUMBER("status", 200, await_answer(talks)->status);
 *         stop_server(server);
 *     }
 *
 * Whatever waits here has patience, not a clock: while a server owes something it may run for
 * some seconds, or sleep for one. Then the test fails and says what was owed; one that could not
 * run because the machine was busy makes the test inconclusive. The clients share the network of
 * the test's own namespace. Left out: TLS, names, other clients than HTTP/1.1's. */
#pragma once

#include "common/procfs.h"
#include "grader/testkit/testkit.h"

/* ---- The server ---- */

/* Starts the program with these words and waits until it has announced where it listens. */
#define start_server(...) serve((struct program){.arguments = WORDS(__VA_ARGS__)})
#define start_server_traced(...)                                                                   \
    serve((struct program){.arguments = WORDS(__VA_ARGS__), .traced = true})
struct run *serve(struct program program);

int port_of(const struct run *server);

/* Sends it a signal, such as SIGTERM. */
void signal_server(struct run *server, int number);
/* Waits for its end by itself. */
void await_end(struct run *server);
/* SIGTERM and its end, for tests that are about something else: only a crash fails them. */
void stop_server(struct run *server);

/* Stops it (SIGSTOP), and lets it go on: what is sent meanwhile lies in the kernel before it looks. */
void hold(struct run *server);
void release(struct run *server);
/* Stops and continues it, which cuts short a send that waits and a receive of several pieces. */
void interrupt_waits(struct run *server);
/* Waits until it uses no processor any more. */
void await_sleep(struct run *server);

/* What it holds now. Each ends the test when the server has ended. */
struct procfs_status status_of(struct run *server);
int64_t threads_of(struct run *server);
int64_t descriptors_of(struct run *server);
/* Of all its threads that live, voluntary and not. */
int64_t context_switches_of(struct run *server);
/* Time on a processor, of all its threads that live. */
int64_t cpu_ns_of(struct run *server);
/* Waits until `descriptors_of` is at most that; fails the test when it stays above. */
void await_descriptors(struct run *server, int64_t most);
void await_threads(struct run *server, int64_t most);

/* Lowers its limit of open descriptors (prlimit(2)); one below what it has open is allowed. */
void limit_descriptors(struct run *server, int64_t most);

/* ---- Clients ---- */

/* One connection to the server. Named A, B, C ... in the steps, in the order they connect. */
struct client {
    struct run *server;
    int fd; /* -1: hung up */
    char name[16];
    bool quiet; /* adds no steps: for those that are many */
    int64_t sent_bytes;
    int64_t received_bytes;
    struct bytes in; /* received and not yet looked at, from `taken` on */
    size_t taken;
    int64_t body_left; /* of the answer under way, or of its chunk */
    bool body_chunked;
    bool body_to_close; /* ends with the connection */
    struct answer *answer;
    struct client *next;
};

/* One answer. Lives until the client's next one. */
struct answer {
    int status;
    char *head; /* status line and fields, without the empty line */
    char *body; /* decoded; NUL behind it */
    size_t body_bytes;
    bool chunked;
    bool closes; /* "Connection: close" */
};

struct client *connect_client(struct run *server);
/* Without a step, for one of many that the test describes by itself. */
struct client *connect_quiet_client(struct run *server);
/* One step for all of them; they are quiet. */
void connect_clients(struct run *server, struct client **clients, size_t count);

/* Sends all of it; the server must take it. `format` as printf(3). */
void send_text(struct client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void send_data(struct client *client, const void *data, size_t size_bytes);
/* Sends what fits at once. Returns the bytes, or -1 when the server has closed the connection. */
ssize_t try_to_send(struct client *client, const void *data, size_t size_bytes);

/* "GET PATH HTTP/1.1" with a Host field. */
void send_get(struct client *client, const char *path);
/* The same, and the whole answer, which must have that status. */
const struct answer *get(struct client *client, const char *path, int status);

/* Waits for one whole answer. A body may have 4 MiB. */
const struct answer *await_answer(struct client *client);
/* Waits for a head; the body, if it has one, is then read with read_body(). Interim answers (100)
 * are answers of their own. */
const struct answer *await_head(struct client *client, bool to_head_request);
/* Waits for the next bytes of a body, decoded. Returns how many; 0 at its end. */
size_t read_body(struct client *client, char *data, size_t size_bytes);

/* The value of a field, or NULL. Static buffer. */
const char *field_of(const struct answer *answer, const char *name);

/* Whether nothing comes for so long, and nothing is there now: for what must not happen. */
bool stays_silent(struct client *client, int ms);
/* Waits until the server closes the connection, by an end or a reset; more bytes fail the test. */
void expect_closed(struct client *client);
/* The same, whatever bytes come first. Returns how many did. */
int64_t await_closed(struct client *client);

/* Says that no more will be sent, and still receives (shutdown(2), SHUT_WR). */
void half_close(struct client *client);
void hang_up(struct client *client);
/* Hangs up with a reset, as one whose machine has crashed and come back. */
void reset_connection(struct client *client);

/* Waits while the server runs, so that its limits are watched. */
void pause_ms(struct run *server, int ms);

/* ---- Budgets ---- */

/* Calls on any connection to the server. The bytes that clients sent, or got, must all be there. */
struct target from_clients(const struct run *server);
struct target to_clients(const struct run *server);

/* Now, on the clock that ledgers are written by. */
int64_t ledger_clock_ns(void);
