/* The ledgers and the predictions: tables whose numbers are bars. */
#include <string.h>

#include "grader/report/html_parts.h"
#include "grader/report/terminal.h"
#include "grader/result.h"

static bool has(const json_t *object, const char *name) {
    return json_object_get(object, name) != NULL;
}

/* ---- Ledgers ---- */

static struct scale scale_of(const json_t *rows, bool *compared) {
    struct scale scale = {0, 0};
    size_t index;
    json_t *row;
    *compared = false;
    json_array_foreach (rows, index, row) {
        scale_include(&scale, result_number(row, "count"));
        scale_include(&scale, result_number(row, "reference"));
        *compared = *compared || has(row, "reference");
    }
    return scale;
}

/* "3,855": small quotients keep a decimal, for 65,536 bytes in 65,537 calls are not 0 a call. */
static void put_per_call(FILE *out, json_int_t bytes, json_int_t count) {
    char quotient[64];
    if (count <= 0) {
        fputs("–", out);
    } else if (bytes / count >= 100) {
        html_put(out, "%s", grouped(bytes / count));
    } else {
        snprintf(quotient, sizeof quotient, bytes % count == 0 ? "%.0f" : "%.1f",
                 (double)bytes / (double)count);
        html_put(out, "%s", quotient);
    }
}

static void put_row(FILE *out, const json_t *row, const struct scale *scale, bool compared) {
    json_int_t count = result_number(row, "count"), bytes = result_number(row, "bytes");
    html_put(out, "<tr><th scope=\"row\"><code>%s</code> on <bdi>%s</bdi></th>\n<td>\n",
             result_text(row, "call"), result_text(row, "on"));
    html_put_bar(out, scale, "mine", count, "submission");
    if (has(row, "reference"))
        html_put_bar(out, scale, "ours", result_number(row, "reference"), "reference");
    else if (compared)
        html_put_no_bar(out, "reference");
    html_put(out, "</td>\n<td class=\"number bytes\">%s</td><td class=\"number per-call\">",
             grouped(bytes));
    put_per_call(out, bytes, count);
    fputs("</td></tr>\n", out);
}

static void put_caption(FILE *out, const struct scale *scale, bool compared) {
    fputs("<caption>", out);
    if (scale_is_logarithmic(scale))
        fputs("Logarithmic scale: each notch on a bar means ten times as many calls.", out);
    else
        fputs("Length is the number of calls.", out);
    if (!compared)
        fputs(" The reference has no count here.", out);
    fputs("</caption>\n", out);
}

static void put_ledger(FILE *out, const json_t *ledger, size_t number) {
    const json_t *rows = json_object_get(ledger, "rows");
    char id[32];
    size_t index;
    json_t *row;
    bool compared;
    struct scale scale = scale_of(rows, &compared);
    snprintf(id, sizeof id, "ledger-%zu", number);
    html_put(out, "<h3 id=\"%s\">%s</h3>\n", id, result_text(ledger, "title"));
    html_put(out, "<p class=\"of\">counted by <code>%s</code></p>\n", result_text(ledger, "test"));
    html_put(out, "<div class=\"scroll\" role=\"region\" aria-labelledby=\"%s\" tabindex=\"0\">\n",
             id);
    html_open_bars(out, scale.most);
    put_caption(out, &scale, compared);
    fputs("<thead><tr><th scope=\"col\">Call</th><th scope=\"col\">How often</th>"
          "<th scope=\"col\" class=\"number\">Bytes</th>"
          "<th scope=\"col\" class=\"number\">Bytes a call</th></tr></thead>\n<tbody>\n",
          out);
    json_array_foreach (rows, index, row) {
        put_row(out, row, &scale, compared);
    }
    fputs("</tbody></table></div>\n", out);
}

void html_put_ledgers(FILE *out, const json_t *result) {
    size_t index;
    json_t *ledger;
    const json_t *ledgers = json_object_get(result, "ledgers");
    if (json_array_size(ledgers) == 0)
        return;
    fputs("<section id=\"ledgers\">\n<h2>Ledger: what the kernel was asked to do</h2>\n", out);
    json_array_foreach (ledgers, index, ledger) {
        put_ledger(out, ledger, index + 1);
    }
    fputs("</section>\n", out);
}

/* ---- Predictions ---- */

static struct scale scale_of_prediction(const json_t *prediction) {
    struct scale scale = {0, 0};
    scale_include(&scale, result_number(prediction, "predicted"));
    scale_include(&scale, result_number(prediction, "measured"));
    return scale;
}

static void put_prediction(FILE *out, const json_t *prediction) {
    struct scale scale = scale_of_prediction(prediction);
    fputs("<tr><th scope=\"row\">", out);
    html_put_prose(out, result_text(prediction, "question"));
    html_put(out, " <small>in %s</small></th>\n<td>\n", result_text(prediction, "unit"));
    if (has(prediction, "predicted"))
        html_put_bar(out, &scale, "mine", result_number(prediction, "predicted"), "predicted");
    else
        html_put_no_bar(out, "not predicted");
    if (has(prediction, "measured"))
        html_put_bar(out, &scale, "ours", result_number(prediction, "measured"), "counted");
    else
        html_put_no_bar(out, "not counted");
    fputs("</td></tr>\n", out);
}

/* Whoever has not predicted is not told the answers. */
static bool has_predicted(const json_t *predictions) {
    size_t index;
    json_t *prediction;
    json_array_foreach (predictions, index, prediction) {
        if (has(prediction, "predicted"))
            return true;
    }
    return false;
}

static json_int_t greatest_of(const json_t *predictions) {
    size_t index;
    json_t *prediction;
    json_int_t greatest = 0;
    json_array_foreach (predictions, index, prediction) {
        struct scale scale = scale_of_prediction(prediction);
        greatest = scale.most > greatest ? scale.most : greatest;
    }
    return greatest;
}

void html_put_predictions(FILE *out, const json_t *result) {
    size_t index;
    json_t *prediction;
    const json_t *predictions = json_object_get(result, "predictions");
    if (!has_predicted(predictions))
        return;
    fputs("<section id=\"predictions\">\n<h2>Your predictions</h2>\n", out);
    html_open_bars(out, greatest_of(predictions));
    fputs(
        "<caption>Each pair has its own scale. On notched bars it is logarithmic: each notch means "
        "ten times as much. Predictions are never scored.</caption>\n<thead><tr>"
        "<th scope=\"col\">Question</th><th scope=\"col\">Predicted and counted</th></tr></thead>\n"
        "<tbody>\n",
        out);
    json_array_foreach (predictions, index, prediction) {
        put_prediction(out, prediction);
    }
    fputs("</tbody></table>\n</section>\n", out);
}
