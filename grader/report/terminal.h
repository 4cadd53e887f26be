/* The report for a terminal: 80 columns, colour where `out` is a terminal and NO_COLOR is not set.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Writes the whole report of a result. */
void terminal_report(FILE *out, const json_t *result);

/* Writes two results' ledgers side by side: what one program costs against another. */
void terminal_compare(FILE *out, const json_t *left, const json_t *right);

/* One line on a terminal that each call writes anew, and `terminal_progress_end` removes; nothing
 * when standard error is none. */
void terminal_progress(const char *test, const char *status, size_t done);
void terminal_progress_end(void);

/* Writes text, wrapped at 80 columns: `label` first, then the text, its further lines indented as
 * far. Control characters are left out. */
void terminal_wrapped(FILE *out, const char *label, const char *text);

/* A number with its thousands apart: "65,537". Static buffers, four in turn. */
const char *grouped(json_int_t number);
