/* Counts as bars, each with its number behind it.
 *
 * On a logarithmic scale a bar begins one decade below 1, so that one call has length, and carries
 * a notch at each power of ten: a notched bar is read as such, whatever the caption says. */
#include <math.h>
#include <string.h>

#include "grader/report/html_parts.h"
#include "grader/report/terminal.h"

enum {
    STRAIGHT_UP_TO = 30, /* the ratio at which the shorter of two bars is still seen */
    LABEL_CHARACTERS = 12,
};

void scale_include(struct scale *scale, json_int_t count) {
    if (count <= 0)
        return;
    if (scale->least == 0 || count < scale->least)
        scale->least = count;
    if (count > scale->most)
        scale->most = count;
}

bool scale_is_logarithmic(const struct scale *scale) {
    return scale->least > 0 && scale->most / scale->least > STRAIGHT_UP_TO;
}

/* A number follows its bar, so every bar leaves free what the longest number and a label take. */
void html_open_bars(FILE *out, json_int_t most) {
    fprintf(out, "<table class=\"bars\" style=\"--room:%zuch\">\n",
            strlen(grouped(most)) + LABEL_CHARACTERS);
}

void html_put_bar(FILE *out, const struct scale *scale, const char *kind, json_int_t count,
                  const char *label) {
    double share = 0;
    fputs("<div class=\"bar\">", out);
    if (count > 0 && scale_is_logarithmic(scale)) {
        share = (1 + log10((double)count)) / (1 + log10((double)scale->most));
        html_put(out, "<span class=\"%s notched\" ", kind);
        fprintf(out, "style=\"--share:%.3f;--notch:%.2f%%\"></span>", share,
                100 / (1 + log10((double)count)));
    } else if (count > 0) {
        share = (double)count / (double)scale->most;
        html_put(out, "<span class=\"%s\" ", kind);
        fprintf(out, "style=\"--share:%.3f\"></span>", share);
    }
    html_put(out, "<b>%s</b> <small>%s</small></div>\n", grouped(count), label);
}

void html_put_no_bar(FILE *out, const char *label) {
    html_put(out, "<div class=\"bar\"><b>–</b> <small>%s</small></div>\n", label);
}
