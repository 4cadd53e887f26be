/* Waiting for a server. The engine's own limits are switched on while something is owed: so a
 * busy machine is told from a server that hangs in the same way everywhere. */
#include "grader/testkit/patience.h"

#include <string.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "grader/testkit/kit.h"

struct patience patience_with(struct run *server, const char *owed) {
    return (struct patience){
        .server = server, .owed = owed, .free_until_ns = deadline_in_ms(PATIENCE_FREE_MS)};
}

bool patience_goes_on(struct patience *patience, int wait_ms) {
    struct process *process = &patience->server->process;
    if (!patience->limited && milliseconds_left(patience->free_until_ns) == 0) {
        process_limit_time(process, limit_for(PATIENCE_LIMIT_MS), limit_for(PATIENCE_ASLEEP_MS));
        patience->limited = true;
    }
    return process_pump(process, wait_ms);
}

void patience_pump(struct patience *patience, int wait_ms) {
    if (!patience_goes_on(patience, wait_ms))
        patience_fail(patience->server, patience->owed);
}

void patience_end(struct patience *patience) {
    if (patience->limited)
        process_limit_time(&patience->server->process, 0, 0);
}

void patience_look(struct run *server, const char *owed) {
    int64_t deadline = deadline_in_ms(limit_for(PATIENCE_END_MS));
    while (milliseconds_left(deadline) > 0)
        if (!process_pump(&server->process, 5))
            patience_fail(server, owed);
}

static const char *who(const struct run *run) {
    return run->program.serves ? "server" : "program";
}

const char *going_on(const struct run *run) {
    return run->program.serves ? "a server that goes on serving" : "a program that goes on";
}

static _Noreturn void fail_of_end(struct run *server, const char *owed) {
    int status = server->wait_status;
    size_t length = strcspn(complaints(server), "\n");
    if (WIFSIGNALED(status))
        fail_test(owed, "the %s was killed by signal %d (%s)", who(server), WTERMSIG(status),
                  strsignal(WTERMSIG(status)));
    fail_test(owed, "the %s ended, with exit status %d%s%.*s", who(server), exit_status(server),
              length > 0 ? "; it said: " : "", (int)(length < 120 ? length : 120),
              complaints(server));
}

_Noreturn void patience_fail(struct run *server, const char *owed) {
    enum process_end end = server->process.end;
    if (end == PROCESS_STARVED)
        inconclusive("the %s waited for a processor while %s was due", who(server), owed);
    if (end == PROCESS_OUT_OF_TIME)
        fail_test(owed, "nothing, though it ran for %d s", limit_for(PATIENCE_LIMIT_MS) / 1000);
    if (end == PROCESS_ASLEEP)
        fail_test(owed, "nothing: the %s slept, waiting for something else", who(server));
    finish(server); /* says which limit ended it, if one did */
    fail_of_end(server, owed);
}
