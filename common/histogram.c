/*
 * The log-linear histogram: a value's bucket is its magnitude (position of its highest bit) and the
 * six bits below that. Everything else is counting.
 */
#include "common/histogram.h"

#include <errno.h>
#include <float.h>
#include <stddef.h>

enum { STEP_BITS = 6 };
_Static_assert(1 << STEP_BITS == HISTOGRAM_STEPS, "bucket arithmetic relies on it");

/*
 * Dropping `dropped` low bits leaves a number below 2 * STEPS. Numbers below STEPS occur only with
 * nothing dropped, so each further bit dropped takes up STEPS new buckets, without gaps.
 */
static size_t bucket_of(uint64_t value) {
    unsigned dropped = 0;
    if (value >= HISTOGRAM_STEPS)
        dropped = 63 - STEP_BITS - (unsigned)__builtin_clzll(value);
    return (size_t)dropped * HISTOGRAM_STEPS + (size_t)(value >> dropped);
}

static uint64_t highest_in(size_t bucket) {
    size_t dropped = bucket < HISTOGRAM_STEPS ? 0 : bucket / HISTOGRAM_STEPS - 1;
    uint64_t kept = bucket - dropped * HISTOGRAM_STEPS;
    uint64_t all_dropped_bits = (UINT64_C(1) << dropped) - 1;
    return kept << dropped | all_dropped_bits;
}

/* An empty histogram's zeroes are not values, so it must not lower the minimum. */
static void widen(struct histogram *histogram, uint64_t min, uint64_t max) {
    if (histogram->count == 0 || min < histogram->min)
        histogram->min = min;
    if (max > histogram->max)
        histogram->max = max;
}

int histogram_record(struct histogram *histogram, uint64_t value) {
    if (histogram->count == UINT64_MAX) {
        errno = EOVERFLOW;
        return -1;
    }
    widen(histogram, value, value);
    histogram->count++;
    histogram->sum += value;
    histogram->buckets[bucket_of(value)]++;
    return 0;
}

int histogram_merge(struct histogram *into, const struct histogram *from) {
    uint64_t total;
    if (__builtin_add_overflow(into->count, from->count, &total)) {
        errno = EOVERFLOW;
        return -1;
    }
    if (from->count > 0)
        widen(into, from->min, from->max);
    into->count = total;
    into->sum += from->sum;
    /* No bucket can overflow when their total does not. */
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->buckets[i] += from->buckets[i];
    return 0;
}

uint64_t histogram_count(const struct histogram *histogram) {
    return histogram->count;
}

uint64_t histogram_min(const struct histogram *histogram) {
    return histogram->min;
}

uint64_t histogram_max(const struct histogram *histogram) {
    return histogram->max;
}

double histogram_mean(const struct histogram *histogram) {
    if (histogram->count == 0)
        return 0;
    return (double)histogram->sum / (double)histogram->count;
}

/*
 * 0.07 * 100 is a little over 7 in doubles, and would round up to rank 8. The two roundings, of q
 * itself and of the product, are each at most half an epsilon: one epsilon less undoes them. It
 * also keeps the product below 2^64, where the cast would be undefined.
 */
static uint64_t rank_of(double q, uint64_t count) {
    double exact = q * (double)count * (1 - DBL_EPSILON);
    uint64_t rank = (uint64_t)exact;
    return (double)rank < exact ? rank + 1 : rank;
}

uint64_t histogram_quantile(const struct histogram *histogram, double q) {
    if (!(q > 0)) /* written so that NaN is caught too */
        return histogram->min;
    if (q >= 1)
        return histogram->max;
    uint64_t rank = rank_of(q, histogram->count);
    if (rank <= 1)
        return histogram->min;

    size_t bucket = 0;
    uint64_t seen = histogram->buckets[0];
    while (seen < rank)
        seen += histogram->buckets[++bucket];

    /* The upper edge, because a latency should not look better than it was; but nothing exceeds
     * the maximum. */
    uint64_t edge = highest_in(bucket);
    return edge < histogram->max ? edge : histogram->max;
}
