/*
 * The monotonic clock and deadlines. Nothing here sleeps; it only computes what to wait.
 */
#include "common/clock.h"

#include <limits.h>
#include <time.h>

static const int64_t NS_PER_S = 1000000000;
static const int64_t NS_PER_MS = 1000000;

int64_t monotonic_ns(void) {
    struct timespec now;
    /* Fails only for an unknown clock or a bad pointer; neither can happen here. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t deadline_in_ms(int64_t ms) {
    int64_t wait_ns;
    int64_t deadline_ns;
    /* Callers pass limits read from a manifest: a huge one must not wrap into the past. */
    if (__builtin_mul_overflow(ms, NS_PER_MS, &wait_ns))
        return ms < 0 ? INT64_MIN : INT64_MAX;
    if (__builtin_add_overflow(monotonic_ns(), wait_ns, &deadline_ns))
        return INT64_MAX;
    return deadline_ns;
}

int milliseconds_left(int64_t deadline_ns) {
    int64_t now_ns = monotonic_ns();
    /* Compared before subtracting: INT64_MIN minus now would overflow. */
    if (deadline_ns <= now_ns)
        return 0;
    int64_t left_ns = deadline_ns - now_ns;
    int64_t left_ms = left_ns / NS_PER_MS + (left_ns % NS_PER_MS != 0);
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}
