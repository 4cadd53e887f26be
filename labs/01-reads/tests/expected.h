/* What a right program prints, worked out here in the plainest way, for the suites of this lab.
 * The texts returned live until the test ends. */
#pragma once

#include <stddef.h>

/* Byte at a time under strace, 64 KiB take a second on a free machine and many on a busy one. */
enum { NAIVE_LIMIT_MS = 15 * 1000 };

/* "SUM BYTES NAME", with a newline. */
const char *expected_sum(const void *data, size_t size_bytes, const char *name);

/* "LINES LONGEST NAME", with a newline. */
const char *expected_lines(const char *text, size_t size_bytes, const char *name);

/* Each line behind its number and a tab. */
const char *expected_numbers(const char *text);

/* Runs `sum` on a good file first: a program that fails at everything handles no trouble. */
void expect_that_it_works(void);
