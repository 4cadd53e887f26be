/*
 * Tests of common/histogram: its answers against a sorted array of the same values, over several
 * distributions, and the edges that distributions miss. Random numbers come from a fixed seed.
 */
#include "common/histogram.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

TestSuite(histogram, .timeout = 60);

/* xorshift64: repeatable, unlike rand(3), whose sequence is the C library's affair. */
static uint64_t random_u64(void) {
    static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t small(void) {
    return random_u64() % 200;
}

static uint64_t microseconds(void) {
    return 10000 + random_u64() % 90000;
}

/* Every magnitude equally often, so every bucket width is met. */
static uint64_t any_magnitude(void) {
    return random_u64() >> (random_u64() % 64);
}

static uint64_t anything(void) {
    return random_u64();
}

/* A fast path and a rare slow one, as of a cache. */
static uint64_t two_humps(void) {
    return random_u64() % 100 < 97 ? 20000 + random_u64() % 1000
                                   : 50000000 + random_u64() % 1000000;
}

static uint64_t beside_powers_of_two(void) {
    return (UINT64_C(1) << (random_u64() % 64)) + random_u64() % 3 - 1;
}

static uint64_t constant(void) {
    return 1234567;
}

static const struct {
    const char *name;
    uint64_t (*draw)(void);
} distributions[] = {
    {"small", small},
    {"microseconds", microseconds},
    {"any magnitude", any_magnitude},
    {"anything", anything},
    {"two humps", two_humps},
    {"beside powers of two", beside_powers_of_two},
    {"constant", constant},
};
enum { DISTRIBUTIONS = sizeof distributions / sizeof *distributions };

static int ascending(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* The rank is computed in integers, so it does not share a rounding with the code under test. */
static void expect_quantiles_of(const struct histogram *histogram, const uint64_t *sorted,
                                size_t count, const char *name) {
    for (size_t thousandths = 0; thousandths <= 1000; thousandths++) {
        size_t rank = (thousandths * count + 999) / 1000;
        uint64_t exact = sorted[rank == 0 ? 0 : rank - 1];
        uint64_t seen = histogram_quantile(histogram, (double)thousandths / 1000);
        cr_assert(seen >= exact && seen - exact <= exact / HISTOGRAM_STEPS,
                  "%s, %zu values, quantile 0.%03zu: exact %" PRIu64 ", seen %" PRIu64, name, count,
                  thousandths, exact, seen);
    }
}

static void expect_summary_of(const struct histogram *histogram, const uint64_t *sorted,
                              size_t count, const char *name) {
    histogram_sum sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += sorted[i];
    double mean = (double)sum / (double)count;
    cr_expect(histogram_count(histogram) == count, "%s: count", name);
    cr_expect(histogram_min(histogram) == sorted[0], "%s: minimum", name);
    cr_expect(histogram_max(histogram) == sorted[count - 1], "%s: maximum", name);
    double error = fabs(histogram_mean(histogram) - mean);
    cr_expect(error <= mean * 1e-15, "%s: mean is off by %g", name, error);
}

static void compare_with_sorted_array(size_t distribution, size_t count) {
    struct histogram histogram = {0};
    uint64_t *values = calloc(count, sizeof *values);
    for (size_t i = 0; i < count; i++) {
        values[i] = distributions[distribution].draw();
        cr_assert(histogram_record(&histogram, values[i]) == 0);
    }
    qsort(values, count, sizeof *values, ascending);
    expect_quantiles_of(&histogram, values, count, distributions[distribution].name);
    expect_summary_of(&histogram, values, count, distributions[distribution].name);
    free(values);
}

Test(histogram, agrees_with_a_sorted_array_to_one_part_in_64_and_never_from_below) {
    const size_t counts[] = {1, 2, 3, 7, 100, 1000, 20000};
    for (size_t d = 0; d < DISTRIBUTIONS; d++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
            compare_with_sorted_array(d, counts[c]);
}

Test(histogram, is_exact_up_to_127) {
    struct histogram histogram = {0};
    for (uint64_t value = 0; value <= 127; value++)
        histogram_record(&histogram, value);
    for (uint64_t value = 0; value <= 127; value++) {
        uint64_t seen = histogram_quantile(&histogram, (double)(value + 1) / 128);
        cr_expect(seen == value, "expected %" PRIu64 ", seen %" PRIu64, value, seen);
    }
}

/*
 * The value lies between 0 and the largest, so that clamping to the ends can't hide its bucket.
 */
static void expect_bound_for(uint64_t value) {
    struct histogram histogram = {0};
    histogram_record(&histogram, 0);
    histogram_record(&histogram, value);
    histogram_record(&histogram, UINT64_MAX);
    uint64_t seen = histogram_quantile(&histogram, 0.5);
    cr_expect(seen >= value && seen - value <= value / HISTOGRAM_STEPS,
              "%" PRIu64 " came back as %" PRIu64, value, seen);
}

Test(histogram, keeps_its_bound_at_every_power_of_two_and_up_to_the_largest_value) {
    for (int bit = 0; bit < 64; bit++) {
        expect_bound_for((UINT64_C(1) << bit) - 1);
        expect_bound_for(UINT64_C(1) << bit);
        expect_bound_for((UINT64_C(1) << bit) + 1);
    }
    expect_bound_for(INT64_MAX);
    expect_bound_for(UINT64_MAX - 1);
    expect_bound_for(UINT64_MAX);
}

Test(histogram, quantiles_0_and_1_are_the_exact_ends) {
    struct histogram histogram = {0};
    histogram_record(&histogram, 1000003);
    histogram_record(&histogram, 1000001);
    histogram_record(&histogram, 1000002);
    cr_expect(histogram_quantile(&histogram, 0) == 1000001);
    cr_expect(histogram_quantile(&histogram, 1) == 1000003);
}

Test(histogram, no_quantile_leaves_the_exact_ends) {
    struct histogram histogram = {0};
    histogram_record(&histogram, 1000003);
    histogram_record(&histogram, 1000001);
    histogram_record(&histogram, 1000002);
    cr_expect(histogram_quantile(&histogram, 0.1) == 1000001, "rank 1 is the minimum");
    cr_expect(histogram_quantile(&histogram, 0.5) <= 1000003, "the bucket ends above the maximum");
    cr_expect(histogram_quantile(&histogram, 0.9) == 1000003, "rank 3 is the maximum");
}

Test(histogram, takes_a_quantile_outside_0_to_1_as_the_nearer_end) {
    struct histogram histogram = {0};
    histogram_record(&histogram, 10);
    histogram_record(&histogram, 20);
    cr_expect(histogram_quantile(&histogram, -0.5) == 10);
    cr_expect(histogram_quantile(&histogram, 1.5) == 20);
    cr_expect(histogram_quantile(&histogram, (double)INFINITY) == 20);
    cr_expect(histogram_quantile(&histogram, (double)NAN) == 10);
}

Test(histogram, is_all_zeroes_when_empty) {
    struct histogram histogram = {0};
    cr_expect(histogram_count(&histogram) == 0);
    cr_expect(histogram_min(&histogram) == 0);
    cr_expect(histogram_max(&histogram) == 0);
    cr_expect(histogram_mean(&histogram) == 0.0);
    cr_expect(histogram_quantile(&histogram, 0) == 0);
    cr_expect(histogram_quantile(&histogram, 0.5) == 0);
    cr_expect(histogram_quantile(&histogram, 1) == 0);
}

Test(histogram, has_a_mean_that_large_values_do_not_overflow) {
    struct histogram histogram = {0};
    for (int i = 0; i < 4; i++)
        histogram_record(&histogram, UINT64_MAX);
    cr_expect(histogram_mean(&histogram) == (double)UINT64_MAX);
    for (int i = 0; i < 4; i++)
        histogram_record(&histogram, 0);
    cr_expect(histogram_mean(&histogram) == (double)UINT64_MAX / 2);
}

/* Compared field by field: the structure has padding. */
static bool same(const struct histogram *a, const struct histogram *b) {
    return a->count == b->count && a->min == b->min && a->max == b->max && a->sum == b->sum &&
           memcmp(a->buckets, b->buckets, sizeof a->buckets) == 0;
}

Test(histogram, merging_equals_recording_both) {
    for (size_t d = 0; d < DISTRIBUTIONS; d++) {
        struct histogram left = {0};
        struct histogram right = {0};
        struct histogram both = {0};
        for (int i = 0; i < 3000; i++) {
            uint64_t value = distributions[d].draw();
            histogram_record(i % 3 == 0 ? &left : &right, value);
            histogram_record(&both, value);
        }
        cr_assert(histogram_merge(&left, &right) == 0);
        cr_expect(same(&left, &both), "%s", distributions[d].name);
    }
}

Test(histogram, merging_an_empty_one_changes_nothing_either_way) {
    struct histogram empty = {0};
    struct histogram one = {0};
    histogram_record(&one, 500);
    struct histogram before = one;
    cr_expect(histogram_merge(&one, &empty) == 0);
    cr_expect(same(&one, &before), "the empty minimum of 0 must not count");
    cr_expect(histogram_merge(&empty, &one) == 0);
    cr_expect(same(&empty, &before));
}

Test(histogram, refuses_to_hold_more_values_than_it_can_count) {
    struct histogram full = {0};
    struct histogram one = {0};
    histogram_record(&one, 7);
    /* count = 2 * count + 1, 64 times: 2^64 - 1 */
    for (int i = 0; i < 64; i++) {
        cr_assert(histogram_merge(&full, &full) == 0);
        cr_assert(histogram_record(&full, 7) == 0);
    }
    cr_assert(histogram_count(&full) == UINT64_MAX);
    cr_expect(histogram_quantile(&full, 0.999999) == 7, "ranks near 2^64 stay defined");
    cr_expect(histogram_quantile(&full, nextafter(1, 0)) == 7);
    cr_expect(histogram_mean(&full) == 7.0);

    struct histogram before = full;
    errno = 0;
    cr_expect(histogram_record(&full, 1) == -1 && errno == EOVERFLOW);
    errno = 0;
    cr_expect(histogram_merge(&full, &one) == -1 && errno == EOVERFLOW);
    cr_expect(same(&full, &before), "a refused value leaves no trace");
}
