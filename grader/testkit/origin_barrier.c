/* Holding a client's requests and letting them go, and waiting for what it does then. */
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/clock.h"
#include "grader/testkit/kit.h"
#include "grader/testkit/origin_parts.h"
#include "grader/testkit/patience.h"

enum { LOOK_MS = 1, SHOWN_BYTES = 60, SETTLE_MS = 5000 };

struct run *start_client_with(struct program program) {
    program.awaits_others = true;
    take_own_network();
    struct run *run = start(program);
    await_start(run);
    if (program.input != NULL) {
        run->fed_bytes = (int64_t)process_feed(&run->process, program.input, program.input_bytes);
        close_input(run);
    }
    return run;
}

/* ---- Waiting ---- */

/* Patience begins anew with all that comes. A program that has done what it should may end before we
 * see it, so we look once more. */
struct wait {
    struct patience patience;
    char owed[128];
    int64_t seen;
    bool has_ended;
};

static void wait_for(struct wait *wait, struct run *run, const char *what, int64_t count,
                     int64_t seen) {
    if (wait->has_ended)
        patience_fail(run, wait->owed); /* in the words for what there was before the end */
    if (wait->patience.server != NULL && seen != wait->seen)
        patience_end(&wait->patience);
    snprintf(wait->owed, sizeof wait->owed, "%lld %s, where there are %lld", (long long)count, what,
             (long long)seen);
    if (wait->patience.server == NULL || seen != wait->seen)
        wait->patience = patience_with(run, wait->owed);
    wait->seen = seen;
    wait->has_ended = !patience_goes_on(&wait->patience, LOOK_MS);
}

static void end_wait(struct wait *wait) {
    if (wait->patience.server != NULL)
        patience_end(&wait->patience);
}

/* In flight, and how many of these were held and are on their way. */
static int64_t in_flight(struct origin *origin, int64_t *being_answered) {
    lock_sound(origin);
    int64_t count = origin->traffic[0].in_flight;
    *being_answered = origin->being_answered;
    pthread_mutex_unlock(&origin->lock);
    return count;
}

/* The last one that came may not be the one too many, but it is the best guess. */
static _Noreturn void fail_of_more(struct origin *origin, int64_t count, int64_t seen) {
    char expected[64];
    const struct request last = request_seen(origin, traffic_of(origin).requests - 1);
    snprintf(expected, sizeof expected, "%lld requests in flight at once", (long long)count);
    fail_test(expected, "%lld, the last for `%.60s`", (long long)seen, last.path);
}

/* Those on their way count until they are gone, or the next one would be taken for one too many. */
void await_in_flight(struct origin *origin, struct run *run, int64_t count) {
    struct wait wait = {0};
    int64_t answered = 0;
    step("wait until %lld requests are in flight", (long long)count);
    for (;;) {
        int64_t seen = in_flight(origin, &answered);
        if (seen - answered > count)
            fail_of_more(origin, count, seen - answered);
        if (seen == count && answered == 0)
            break;
        wait_for(&wait, run, "requests in flight at once", count, seen);
    }
    end_wait(&wait);
}

void await_requests(struct origin *origin, struct run *run, int64_t count) {
    struct wait wait = {0};
    step("wait until there were %lld requests", (long long)count);
    for (int64_t seen; (seen = traffic_of(origin).requests) < count;)
        wait_for(&wait, run, "requests", count, seen);
    end_wait(&wait);
}

void await_sent(struct origin *origin, struct run *run, int64_t size_bytes) {
    struct wait wait = {0};
    step("wait until %lld bytes were sent to it", (long long)size_bytes);
    for (int64_t seen; (seen = traffic_of(origin).sent_bytes) < size_bytes;)
        wait_for(&wait, run, "bytes taken from the server", size_bytes, seen);
    end_wait(&wait);
}

/* On a busy machine the program may want to ask for more, and not get to: then we wait longer. */
void stays_in_flight(struct origin *origin, struct run *run, int64_t count, int ms) {
    int64_t until = deadline_in_ms(ms), at_last = deadline_in_ms(ms + limit_for(SETTLE_MS));
    const int64_t requests = traffic_of(origin).requests;
    step("see that no other comes for %d ms", ms);
    for (bool waits = true; waits;) {
        waits =
            milliseconds_left(until) > 0 || (wants_to_run(run) && milliseconds_left(at_last) > 0);
        if (!process_pump(&run->process, LOOK_MS))
            patience_fail(run, going_on(run));
        const struct traffic traffic = traffic_of(origin);
        if (traffic.requests > requests)
            fail_of_more(origin, count, count + traffic.requests - requests);
        EXPECT_NUMBER("requests that stay in flight", count, traffic.in_flight);
    }
}

/* ---- Letting go ---- */

static void wake(const struct origin *origin) {
    eventfd_write(origin->wake_fd, 1);
}

static struct connection *first_held(const struct origin *origin, const char *path) {
    struct connection *first = NULL;
    for (struct connection *each = origin->connections; each != NULL; each = each->next) {
        bool is_meant = each->fd >= 0 && each->stage == HELD &&
                        (path == NULL || path_is(path, request_of(each)->path));
        if (is_meant && (first == NULL || each->request < first->request))
            first = each;
    }
    return first;
}

void release_one(struct origin *origin, const char *path) {
    char released[SHOWN_BYTES + 1] = "";
    lock_sound(origin);
    struct connection *first = first_held(origin, path);
    if (first != NULL) {
        snprintf(released, sizeof released, "%s", request_of(first)->path);
        answer_release(first);
    }
    pthread_mutex_unlock(&origin->lock);
    if (first == NULL)
        fail_test("a request that is held", "none%s%s", path == NULL ? "" : " for ",
                  path == NULL ? "" : path);
    step("answer `%s`", released);
    wake(origin);
}

void release_all(struct origin *origin) {
    step("answer all that is held, and all that comes");
    lock_sound(origin);
    origin->holds_no_more = true;
    for (struct connection *each = first_held(origin, NULL); each != NULL;
         each = first_held(origin, NULL))
        answer_release(each);
    pthread_mutex_unlock(&origin->lock);
    wake(origin);
}
