/* How long a test waits for what a server, or a client of the origin, owes it. For the kit's own files. */
#pragma once

#include "grader/testkit/testkit.h"

enum {
    PATIENCE_LIMIT_MS = 5000,  /* a server that runs and does not answer hangs */
    PATIENCE_ASLEEP_MS = 1000, /* so does one that owes something and sleeps */
    PATIENCE_END_MS = 500,     /* between the end of its connections and its own */
    PATIENCE_FREE_MS = 20,     /* most answers come so soon that no clock is set up */
};

struct patience {
    struct run *server;
    const char *owed; /* in words, for the failure */
    int64_t free_until_ns;
    bool limited;
};

/* Begins to wait for something. */
struct patience patience_with(struct run *server, const char *owed);

/* Lets the server run on, for `wait_ms` at most if it says nothing. Returns false when it has ended or
 * was ended: what it did before may still be what is owed, then see once more and patience_fail(). */
bool patience_goes_on(struct patience *patience, int wait_ms);

/* Lets the server run on, for `wait_ms` at most if it says nothing; ends the test when it has ended
 * or was ended. */
void patience_pump(struct patience *patience, int wait_ms);

/* It came. */
void patience_end(struct patience *patience);

/* A connection has ended too early: ends the test when that was the server's own end. */
void patience_look(struct run *server, const char *owed);

/* What is owed by a program that should still be there. */
const char *going_on(const struct run *run);

/* Ends the test: the server has ended, and why. */
_Noreturn void patience_fail(struct run *server, const char *owed);
