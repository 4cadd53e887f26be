/*
 * Tests of common/clock. Nothing here expects a call to be fast: a result is held between the clock
 * read before and after it, or against "not before".
 */
#include "common/clock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

static const int64_t MS = 1000000;
static const int64_t HOUR_MS = 3600 * 1000;

TestSuite(clock, .timeout = 60);

static int64_t kernels_monotonic_ns(void) {
    struct timespec now;
    cr_assert(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

Test(clock, is_the_kernels_monotonic_clock_in_nanoseconds) {
    int64_t before = kernels_monotonic_ns();
    int64_t seen = monotonic_ns();
    int64_t after = kernels_monotonic_ns();
    cr_expect(before <= seen && seen <= after,
              "%" PRId64 " is not between %" PRId64 " and %" PRId64, seen, before, after);
}

Test(clock, a_deadline_is_its_milliseconds_after_now) {
    const int64_t waits_ms[] = {0, 1, 250, 24 * HOUR_MS, -250};
    for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
        int64_t before = monotonic_ns();
        int64_t deadline = deadline_in_ms(waits_ms[i]);
        int64_t after = monotonic_ns();
        cr_expect(before + waits_ms[i] * MS <= deadline && deadline <= after + waits_ms[i] * MS,
                  "a deadline in %" PRId64 " ms is %" PRId64 " ns away", waits_ms[i],
                  deadline - before);
    }
}

Test(clock, a_deadline_too_far_away_is_never_and_does_not_wrap_into_the_past) {
    cr_expect(deadline_in_ms(INT64_MAX) == INT64_MAX);
    cr_expect(deadline_in_ms(INT64_MAX / MS + 1) == INT64_MAX, "the product overflows");
    cr_expect(deadline_in_ms(INT64_MAX / MS) == INT64_MAX, "the sum overflows");
    cr_expect(deadline_in_ms(INT64_MIN) < monotonic_ns());
}

Test(clock, a_deadline_that_has_passed_leaves_nothing_to_wait) {
    cr_expect(milliseconds_left(monotonic_ns()) == 0);
    cr_expect(milliseconds_left(deadline_in_ms(0)) == 0);
    cr_expect(milliseconds_left(deadline_in_ms(-1)) == 0, "never negative: poll(2) would hang");
    cr_expect(milliseconds_left(0) == 0);
    cr_expect(milliseconds_left(INT64_MIN) == 0);
}

Test(clock, a_wait_longer_than_poll_can_take_is_cut_to_INT_MAX) {
    cr_expect(milliseconds_left(INT64_MAX) == INT_MAX);
    cr_expect(milliseconds_left(deadline_in_ms((int64_t)INT_MAX + HOUR_MS)) == INT_MAX);
    int64_t a_little_less = (int64_t)INT_MAX - HOUR_MS;
    int left = milliseconds_left(deadline_in_ms(a_little_less));
    cr_expect(left > 0 && left <= a_little_less, "seen %d", left);
}

static int64_t rounded_up_ms(int64_t ns) {
    return (ns + MS - 1) / MS;
}

Test(clock, what_is_left_is_rounded_up_to_whole_milliseconds) {
    const int64_t offsets_ns[] = {1, MS / 2, MS - 1, MS, MS + 1};
    for (size_t i = 0; i < sizeof offsets_ns / sizeof *offsets_ns; i++) {
        int64_t before = monotonic_ns();
        int64_t deadline = before + HOUR_MS * MS + offsets_ns[i];
        int left = milliseconds_left(deadline);
        int64_t after = monotonic_ns();
        int64_t most = rounded_up_ms(deadline - before);
        int64_t least = rounded_up_ms(deadline - after);
        cr_expect(least <= left && left <= most,
                  "%" PRId64 " ns over an hour: expected %" PRId64 " to %" PRId64 " ms, seen %d",
                  offsets_ns[i], least, most, left);
    }
}

/* Rounding down would wake half a millisecond early, and then poll(2) in a busy loop of 0 ms. */
Test(clock, a_full_wait_in_poll_does_not_end_before_the_deadline) {
    for (int i = 0; i < 20; i++) {
        int64_t deadline = monotonic_ns() + 5 * MS + MS / 2;
        cr_assert(poll(NULL, 0, milliseconds_left(deadline)) == 0);
        int64_t early_ns = deadline - monotonic_ns();
        cr_assert(early_ns <= 0, "woke %" PRId64 " ns before the deadline", early_ns);
    }
}
