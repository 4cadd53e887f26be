/* The report as a web page: one file with all it needs in it, readable on a phone and in the dark.
 */
#pragma once

#include <jansson.h>

/* Writes the page of a result. Everything that a submission said is escaped.
 * Returns 0, or -1 after a line on standard error. */
int html_write(const json_t *result, const char *path);
