/*
 * The monotonic clock, and deadlines on it for poll(2).
 *
 * A deadline is a point on the clock, computed once; what is left of it is asked anew before each
 * wait, so interruptions and early wake-ups do not stretch the whole. Left out: wall-clock time and
 * CPU time. CLOCK_MONOTONIC does not move while the machine is suspended.
 */
#pragma once

#include <stdint.h>

/*
 * Returns nanoseconds since an unspecified point (on Linux, boot). Never goes back; cannot fail.
 * Cheap: usually no system call. Source: clock_gettime(2), CLOCK_MONOTONIC; vdso(7).
 */
int64_t monotonic_ns(void);

/*
 * Returns the deadline `ms` milliseconds from now, in monotonic_ns() nanoseconds. A negative `ms`
 * lies in the past. One too far away to express becomes INT64_MAX, which is never reached.
 */
int64_t deadline_in_ms(int64_t ms);

/*
 * Returns the milliseconds from now to `deadline_ns`, as poll(2) takes its timeout: rounded up, so
 * that a full wait ends no earlier than the deadline; 0 when it has passed; never more than INT_MAX
 * (24.8 days) and never negative, which poll(2) would take as "for ever".
 */
int milliseconds_left(int64_t deadline_ns);
