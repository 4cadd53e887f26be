/*
 * What many transfers came to: counts and times, shown while they go, printed at the end, and
 * written as JSON. The fields are the program's to fill, as things happen.
 *
 * Left out: what counts as done, and which time is the first byte's. About 60 KiB each.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/histogram.h"

struct report {
    int done, failed, in_flight, retries;
    long connections; /* made */
    int64_t bytes;    /* of bodies, as they came */
    int64_t started_ns;
    struct histogram first_byte_us, total_us; /* of files that are done */
    /* private: */
    int64_t shown_ns;
    bool shown;
};

/* Shows a line of progress on standard error, if that is a terminal, over the one before; at most
 * ten times a second, so it may be called at every turn. */
void report_progress(struct report *report);

/* Counts a failure and tells of it in a line, as error_because() does. */
void report_failure(struct report *report, const char *what, const char *why);

/*
 * Prints the summary on standard output and, unless `json_path` is NULL, writes one JSON object to
 * it: done, failed, retries, connections, bytes, wall_ms, and first_byte_ms and total_ms, each with
 * p50, p95 and p99. That is written aside, as PATH.part, and renamed: nobody ever reads half of it.
 * What is no plain file, such as a pipe, is written to as it is.
 * Returns 0, or -1 after a line on standard error.
 */
int report_tell(struct report *report, const char *json_path);
