/* What the files of the HTML report share: putting text safely, and the parts of the page.
 * Nothing outside grader/report/html*.c needs this. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* ---- html_text.c: the only way by which text reaches the page ---- */

/* Writes `format`, which is HTML, with each %s replaced by its argument, escaped for an element's
 * content or a quoted attribute. %s and %% are all it knows: numbers come as text, from grouped().
 */
__attribute__((format(printf, 2, 3))) void html_put(FILE *out, const char *format, ...);

/* Writes an author's sentence, escaped, with `spans in backticks` as code. */
void html_put_prose(FILE *out, const char *text);

/* ---- html_bars.c: counts as bars ---- */

/* What makes bars comparable: lengths are shares of the longest. */
struct scale {
    json_int_t least; /* above zero; 0 while there is none */
    json_int_t most;
};

void scale_include(struct scale *scale, json_int_t count);

/* A straight scale would leave the smallest bars without length. */
bool scale_is_logarithmic(const struct scale *scale);

/* Opens a table of bars; `most` is the greatest number in it, for which room is kept. */
void html_open_bars(FILE *out, json_int_t most);

/* Writes a bar with its number and its label behind it; `kind` is "mine" or "ours". */
void html_put_bar(FILE *out, const struct scale *scale, const char *kind, json_int_t count,
                  const char *label);

/* Writes the line that stands where there is no number to draw. */
void html_put_no_bar(FILE *out, const char *label);

/* ---- The parts of the page ---- */

void html_put_style(FILE *out);                               /* html_style.c */
void html_put_summary(FILE *out, const json_t *result);       /* html_summary.c: the heading */
void html_put_circumstances(FILE *out, const json_t *result); /* html_summary.c: the footer */
void html_put_steps(FILE *out, const json_t *result);         /* html_tests.c */
void html_put_ledgers(FILE *out, const json_t *result);       /* html_ledger.c */
void html_put_predictions(FILE *out, const json_t *result);   /* html_ledger.c */

/* The points that a step has got and could get. */
void step_points(const json_t *result, const char *step, json_int_t *points, json_int_t *most);
