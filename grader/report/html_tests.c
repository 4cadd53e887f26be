/* The steps and their tests: a failure with all that is known of it, open; a pass folded away. */
#include <string.h>

#include "grader/report/html_parts.h"
#include "grader/report/terminal.h"
#include "grader/result.h"

static bool is(const json_t *object, const char *name, const char *text) {
    return strcmp(result_text(object, name), text) == 0;
}

/* ---- Terms and what they say ---- */

static void put_prose_term(FILE *out, const char *term, const char *text) {
    if (text[0] == '\0')
        return;
    html_put(out, "<dt>%s</dt><dd>", term);
    html_put_prose(out, text);
    fputs("</dd>\n", out);
}

/* What a program said, as it said it. */
static void put_quote_term(FILE *out, const char *term, const char *text) {
    html_put(out, "<dt>%s</dt><dd class=\"quote\"><samp>%s</samp></dd>\n", term, text);
}

static void put_steps_term(FILE *out, const json_t *steps) {
    size_t index;
    json_t *step;
    if (json_array_size(steps) == 0)
        return;
    fputs("<dt>Steps</dt><dd><ol>\n", out);
    json_array_foreach (steps, index, step) {
        fputs("<li>", out);
        html_put_prose(out, json_is_string(step) ? json_string_value(step) : "");
        fputs("</li>\n", out);
    }
    fputs("</ol></dd>\n", out);
}

/* ---- Budgets ---- */

static void put_counted(FILE *out, const json_t *budget) {
    html_put(out, "<dt>Counted</dt><dd><b>%s</b> %s, <bdi>%s</bdi></dd>\n",
             grouped(result_number(budget, "counted")), result_text(budget, "unit"),
             result_text(budget, "what"));
    if (result_text(budget, "problem")[0] != '\0')
        html_put(out, "<dt>But</dt><dd>%s: <b>%s</b> bytes of at least %s</dd>\n",
                 result_text(budget, "problem"), grouped(result_number(budget, "bytes")),
                 grouped(result_number(budget, "bytes_expected")));
}

static void put_budget(FILE *out, const json_t *budget) {
    put_counted(out, budget);
    html_put(out, "<dt>Budget</dt><dd>%s <code>%s</code> = <b>%s</b></dd>\n",
             result_text(budget, "relation"), result_text(budget, "formula"),
             grouped(result_number(budget, "limit")));
    if (json_object_get(budget, "reference") != NULL)
        html_put(out, "<dt>Reference</dt><dd>%s %s</dd>\n",
                 grouped(result_number(budget, "reference")), result_text(budget, "unit"));
    put_prose_term(out, "Why it matters", result_text(budget, "why"));
}

static void put_held(FILE *out, const json_t *budget) {
    html_put(out, "<dt>Held</dt><dd>%s %s, <bdi>%s</bdi>; %s %s</dd>\n",
             grouped(result_number(budget, "counted")), result_text(budget, "unit"),
             result_text(budget, "what"), result_text(budget, "relation"),
             grouped(result_number(budget, "limit")));
}

/* A list for each. Where one is lost, those that held are a line each. */
static void put_budgets(FILE *out, const json_t *test) {
    size_t index;
    json_t *budget;
    bool passed = is(test, "status", "passed");
    json_array_foreach (json_object_get(test, "budgets"), index, budget) {
        fputs("<dl>\n", out);
        if (passed || !json_is_true(json_object_get(budget, "held")))
            put_budget(out, budget);
        else
            put_held(out, budget);
        fputs("</dl>\n", out);
    }
}

/* The steps of the failure, else those of the first budget lost. */
static const json_t *steps_of(const json_t *test) {
    size_t index;
    json_t *budget;
    if (json_object_get(test, "steps") != NULL)
        return json_object_get(test, "steps");
    json_array_foreach (json_object_get(test, "budgets"), index, budget) {
        if (!json_is_true(json_object_get(budget, "held")))
            return json_object_get(budget, "steps");
    }
    return NULL;
}

/* ---- Tests ---- */

static const char *mark_of(const char *status) {
    if (strcmp(status, "passed") == 0)
        return "✓";
    if (strcmp(status, "failed") == 0)
        return "✗";
    return strcmp(status, "error") == 0 ? "!" : strcmp(status, "unmeasured") == 0 ? "–" : "?";
}

static void put_question(FILE *out, const json_t *test) {
    bool decided = is(test, "status", "passed") || is(test, "status", "failed");
    fputs("<dl>\n", out);
    put_prose_term(out, "Asked", result_text(test, "asks"));
    if (!decided)
        html_put(out, "<dt>Because</dt><dd>%s</dd>\n", result_text(test, "message"));
    if (decided && json_object_get(test, "expected") != NULL) {
        put_quote_term(out, "Expected", result_text(test, "expected"));
        put_quote_term(out, "Seen", result_text(test, "seen"));
    }
    fputs("</dl>\n", out);
}

static void put_way_out(FILE *out, const json_t *test) {
    fputs("<dl>\n", out);
    put_steps_term(out, steps_of(test));
    fputs("<dt class=\"next\">Next step</dt><dd>", out);
    html_put_prose(out, result_text(test, "hint"));
    fputs("</dd>\n</dl>\n", out);
}

/* What was measured and is not judged. */
static void put_shown(FILE *out, const json_t *test) {
    size_t index;
    json_t *shown;
    json_array_foreach (json_object_get(test, "shown"), index, shown) {
        html_put(out, "<dl><dt>Measured</dt><dd>%s: %s %s</dd></dl>\n", result_text(shown, "what"),
                 grouped(result_number(shown, "value")), result_text(shown, "unit"));
    }
}

static void put_details(FILE *out, const json_t *test) {
    put_question(out, test);
    put_shown(out, test);
    if (is(test, "status", "passed") || is(test, "status", "failed"))
        put_budgets(out, test);
    if (is(test, "status", "failed"))
        put_way_out(out, test);
}

static void put_test(FILE *out, const json_t *test) {
    const char *status = result_text(test, "status");
    bool is_open = strcmp(status, "passed") != 0 || json_object_get(test, "shown") != NULL;
    html_put(out, "<details class=\"test %s\"%s>\n<summary>", status, is_open ? " open" : "");
    html_put(out, "<span class=\"status\"><span aria-hidden=\"true\">%s</span> %s</span> ",
             mark_of(status), status);
    html_put(out, "<h3>%s</h3> <span class=\"points\">%s of %s</span></summary>\n",
             result_text(test, "name"), grouped(result_number(test, "points")),
             grouped(result_number(test, "max")));
    put_details(out, test);
    fputs("</details>\n", out);
}

/* ---- Steps ---- */

void step_points(const json_t *result, const char *step, json_int_t *points, json_int_t *most) {
    size_t index;
    json_t *test;
    *points = *most = 0;
    json_array_foreach (json_object_get(result, "tests"), index, test) {
        if (is(test, "step", step)) {
            *points += result_number(test, "points");
            *most += result_number(test, "max");
        }
    }
}

static void put_step(FILE *out, const json_t *result, const json_t *step, size_t number) {
    size_t index;
    json_t *test;
    json_int_t points, most;
    step_points(result, result_text(step, "id"), &points, &most);
    html_put(
        out,
        "<section id=\"step-%s\">\n<h2><span><code>%s</code>: %s</span> <span class=\"points\">",
        grouped((json_int_t)number), result_text(step, "id"), result_text(step, "title"));
    html_put(out, "%s of %s</span></h2>\n", grouped(points), grouped(most));
    json_array_foreach (json_object_get(result, "tests"), index, test) {
        if (is(test, "step", result_text(step, "id")))
            put_test(out, test);
    }
    fputs("</section>\n", out);
}

void html_put_steps(FILE *out, const json_t *result) {
    size_t index;
    json_t *step;
    json_array_foreach (json_object_get(result, "steps"), index, step) {
        put_step(out, result, step, index + 1);
    }
}
