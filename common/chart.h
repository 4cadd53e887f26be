/*
 * A chart of memory over time on a terminal, drawn over itself as samples come.
 *
 * It shows the whole run at any time: when the columns have filled the terminal's width, each two
 * become one, which keeps the larger sample of the two. So memory is constant, and the peak stays
 * in sight. Left out: colours, scrolling back, a terminal that can't move its cursor.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "common/sample.h"

enum { CHART_COLUMNS = 512, CHART_BYTES = 64 << 10 };

/* Private. */
struct chart {
    FILE *terminal;
    const char *title;
    struct sample last, columns[CHART_COLUMNS];
    int count;              /* of columns begun */
    int in_column;          /* samples in the last one */
    int a_column;           /* samples that fill one */
    int lines;              /* drawn, above the cursor */
    int64_t drawn_ns;       /* when, on the monotonic clock */
    char text[CHART_BYTES]; /* the stream's buffer: a drawing leaves in one write(2) */
    bool utf8;              /* block characters may be used */
};

/*
 * terminal  a stream to which nothing has been written; it uses memory of the chart's from now on
 * title     what is observed; the caller keeps it
 * Looks at LC_ALL and the like for the encoding.
 */
void chart_begin(struct chart *chart, FILE *terminal, const char *title);

/*
 * Adds a sample; draws at most ten times a second.
 * Returns 0, or -1 with errno as write(2) set it.
 */
int chart_add(struct chart *chart, const struct sample *sample);

/* Draws what has been added since; the cursor is then on the line below. Returns as above. */
int chart_end(struct chart *chart);
