/* The page's heading, from which a reader knows how it went, and its footer, which says under what
 * circumstances. */
#include <string.h>

#include "grader/report/html_parts.h"
#include "grader/report/terminal.h"
#include "grader/result.h"

/* ---- Heading ---- */

static json_int_t tests_with(const json_t *result, const char *status) {
    size_t index;
    json_t *test;
    json_int_t count = 0;
    json_array_foreach (json_object_get(result, "tests"), index, test) {
        count += strcmp(result_text(test, "status"), status) == 0;
    }
    return count;
}

/* "✓ 8 passed" and so on, for the statuses that there are. */
static void put_tally(FILE *out, const json_t *result) {
    static const struct {
        const char *status, *mark;
    } all[] = {{"passed", "✓"},
               {"failed", "✗"},
               {"error", "!"},
               {"unmeasured", "–"},
               {"inconclusive", "?"}};
    fputs("<p class=\"tally\">Tests: ", out);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        json_int_t count = tests_with(result, all[i].status);
        if (count > 0)
            html_put(out, "<span class=\"%s\"><span aria-hidden=\"true\">%s</span> %s %s</span> ",
                     all[i].status, all[i].mark, grouped(count), all[i].status);
    }
    fputs("</p>\n", out);
}

/* Points that nobody has lost yet. */
static void put_open_points(FILE *out, const json_t *totals) {
    static const char *const kinds[] = {"unmeasured", "inconclusive"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (result_number(totals, kinds[i]) > 0)
            html_put(out, "<p class=\"%s\">Points %s, neither won nor lost: %s</p>\n", kinds[i],
                     kinds[i], grouped(result_number(totals, kinds[i])));
}

static void put_score(FILE *out, const json_t *totals) {
    char value[32]; /* for programs: without the commas */
    snprintf(value, sizeof value, "%" JSON_INTEGER_FORMAT, result_number(totals, "score"));
    html_put(out, "<p class=\"score\"><data id=\"score\" value=\"%s\">%s</data> of %s</p>\n", value,
             grouped(result_number(totals, "score")), grouped(result_number(totals, "max_score")));
}

static void put_overview(FILE *out, const json_t *result) {
    size_t index;
    json_t *step;
    fputs("<nav aria-label=\"Steps\">\n<table class=\"overview\">\n", out);
    json_array_foreach (json_object_get(result, "steps"), index, step) {
        json_int_t points, most;
        step_points(result, result_text(step, "id"), &points, &most);
        html_put(out, "<tr><th scope=\"row\"><a href=\"#step-%s\">%s</a></th>",
                 grouped((json_int_t)index + 1), result_text(step, "id"));
        fprintf(out, "<td><span class=\"share\" style=\"--share:%.3f\"></span></td>",
                most > 0 ? (double)points / (double)most : 0.0);
        html_put(out, "<td class=\"number\">%s of %s</td></tr>\n", grouped(points), grouped(most));
    }
    fputs("</table>\n</nav>\n", out);
}

void html_put_summary(FILE *out, const json_t *result) {
    const json_t *totals = json_object_get(result, "totals");
    bool made = !json_is_false(json_object_get(json_object_get(result, "build"), "made"));
    html_put(out, "<header>\n<p class=\"lab\">%s</p>\n<h1>%s</h1>\n", result_text(result, "lab"),
             result_text(result, "title"));
    html_put(out, "<p class=\"graded\">graded: <code>%s</code></p>\n",
             result_text(json_object_get(result, "submission"), "path"));
    put_score(out, totals);
    if (made)
        put_tally(out, result);
    put_open_points(out, totals);
    if (made)
        put_overview(out, result);
    fputs("</header>\n", out);
}

/* ---- Footer ---- */

static void put_term(FILE *out, const char *term, const char *text) {
    if (text[0] != '\0')
        html_put(out, "<dt>%s</dt><dd>%s</dd>\n", term, text);
}

static void put_digest(FILE *out, const char *term, const char *digest) {
    if (digest[0] != '\0')
        html_put(out, "<dt>%s</dt><dd><code>%s</code></dd>\n", term, digest);
}

static double number(const json_t *object, const char *name) {
    return json_number_value(json_object_get(object, name));
}

static void put_times(FILE *out, const json_t *seconds) {
    double traced = number(seconds, "traced_runs");
    fprintf(
        out,
        "<dt>Time</dt><dd>%.1f s: build %.1f, tests %.1f (traced runs %.1f, others %.1f)</dd>\n",
        number(seconds, "total"), number(seconds, "build"), number(seconds, "tests"), traced,
        number(seconds, "runs") - traced);
}

static void put_files(FILE *out, const json_t *files) {
    size_t index;
    json_t *file;
    fputs("<dt>Files</dt><dd>", out);
    json_array_foreach (files, index, file) {
        html_put(out, "%s<code>%s</code>", index == 0 ? "" : ", ",
                 json_is_string(file) ? json_string_value(file) : "");
    }
    fputs("</dd>\n", out);
}

void html_put_circumstances(FILE *out, const json_t *result) {
    const json_t *submission = json_object_get(result, "submission");
    const json_t *sandbox = json_object_get(result, "sandbox");
    fputs("<footer>\n<h2>How this was graded</h2>\n<dl>\n", out);
    put_times(out, json_object_get(result, "seconds"));
    put_term(out, "Sandbox", result_text(sandbox, "tier"));
    put_term(out, "Why not strict", result_text(sandbox, "why_not_strict"));
    put_term(out, "Why no calls are counted", result_text(sandbox, "why_no_trace"));
    put_term(out, "Built for an instrument", result_text(result, "instrument"));
    put_files(out, json_object_get(submission, "files"));
    put_digest(out, "Submission", result_text(submission, "digest"));
    put_digest(out, "Tests", result_text(result, "tests_digest"));
    put_term(out, "Grader", result_text(result, "grader_version"));
    fputs("</dl>\n</footer>\n", out);
}
