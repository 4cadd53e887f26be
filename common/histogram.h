/*
 * A histogram of latencies in fixed memory: record as many values as you like, then ask for
 * quantiles.
 *
 * Buckets are log-linear: each power of two is cut into 64 equal buckets, so a bucket is never
 * wider than 1/64 of the smallest value in it, from nanoseconds to centuries alike, and values up
 * to 127 have a bucket each. Every uint64_t has a bucket: no value is clipped. Values are mostly
 * nanoseconds, but nothing here depends on the unit.
 *
 * Left out: locks (give each thread its own and merge them), removal of values, and correction for
 * requests that were never sent because an earlier one was slow (coordinated omission): measure
 * from the time a request was due. One histogram is about 30 KiB; mind small thread stacks.
 * Source of the idea: Gil Tene, HdrHistogram, hdrhistogram.org.
 */
#pragma once

#include <stdint.h>

enum {
    HISTOGRAM_STEPS = 64, /* buckets to a power of two; the relative error is under 1 in this */
    HISTOGRAM_BUCKETS = (64 - 6 + 1) * HISTOGRAM_STEPS, /* 6 = log2(HISTOGRAM_STEPS) */
};

/* Wide enough for 2^64 values of 2^64 each. __extension__: ISO C has no 128-bit integer. */
__extension__ typedef unsigned __int128 histogram_sum;

/* All zeroes is an empty histogram: `struct histogram latencies = {0};`. Fields are private. */
struct histogram {
    uint64_t count;
    uint64_t min;
    uint64_t max;
    histogram_sum sum;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/*
 * Adds one value. Returns 0, or -1 with errno EOVERFLOW, nothing changed, when the histogram
 * already holds UINT64_MAX values. Recording alone cannot get there (one value a nanosecond takes
 * 584 years); merging can, so only a program that merges without bound needs to look.
 */
int histogram_record(struct histogram *histogram, uint64_t value);

/*
 * Adds all of `from` to `into`, exactly as if each value had been recorded there. `from` may be
 * `into`. Returns 0, or -1 with errno EOVERFLOW, nothing changed, when the two together hold more
 * than UINT64_MAX values.
 */
int histogram_merge(struct histogram *into, const struct histogram *from);

/* Returns how many values were recorded. Exact. */
uint64_t histogram_count(const struct histogram *histogram);

/* Return the smallest and the largest value recorded, exactly; 0 when empty, so ask for the count
 * first. */
uint64_t histogram_min(const struct histogram *histogram);
uint64_t histogram_max(const struct histogram *histogram);

/* Returns the mean: an exact sum, rounded only in becoming a double. 0 when empty. */
double histogram_mean(const struct histogram *histogram);

/*
 * Returns the value that a fraction `q` of all values do not exceed: by nearest rank, the
 * ceil(q * count)-th smallest, with q = 0 the smallest and q = 1 the largest. Outside 0 to 1, q is
 * taken as the nearer end, and NaN as 0.
 *
 * The answer is never below the true value, and above it by less than 1/64 of it; the smallest and
 * the largest value are exact. 0 when empty. Over 2^52 values, a double can no longer name each
 * rank, and neighbouring ranks blur.
 */
uint64_t histogram_quantile(const struct histogram *histogram, double q);
