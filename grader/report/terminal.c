/* Drawing a result as text. */
#include "grader/report/terminal.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "grader/result.h"

enum { WIDTH = 80 };

/* ---- Colour ---- */

enum colour { PLAIN, RED, GREEN, YELLOW, BOLD, DIM };

static const char *colour(FILE *out, enum colour wanted) {
    static const char *const codes[] = {"\033[0m",  "\033[31m", "\033[32m",
                                        "\033[33m", "\033[1m",  "\033[2m"};
    const char *terminal = getenv("TERM");
    if (getenv("NO_COLOR") != NULL || !isatty(fileno(out)) ||
        (terminal != NULL && strcmp(terminal, "dumb") == 0))
        return "";
    return codes[wanted];
}

static enum colour colour_of(const char *status) {
    if (strcmp(status, "passed") == 0)
        return GREEN;
    return strcmp(status, "failed") == 0 || strcmp(status, "error") == 0 ? RED : YELLOW;
}

/* ---- Text ---- */

const char *grouped(json_int_t number) {
    static char buffers[4][32];
    static int turn;
    char plain[32], *out = buffers[turn = (turn + 1) % 4];
    int length = snprintf(plain, sizeof plain, "%" JSON_INTEGER_FORMAT, number), written = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && isdigit((unsigned char)plain[i - 1]))
            out[written++] = ',';
        out[written++] = plain[i];
    }
    out[written] = '\0';
    return out;
}

/* Characters, not bytes: UTF-8's continuation bytes take no room. */
static size_t columns(const char *text, size_t bytes) {
    size_t count = 0;
    for (size_t i = 0; i < bytes; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static void put(FILE *out, const char *text, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        if (!iscntrl((unsigned char)text[i]) || text[i] == '\n')
            fputc(text[i], out);
}

void terminal_wrapped(FILE *out, const char *label, const char *text) {
    size_t indent = columns(label, strlen(label)), column = indent;
    fputs(label, out);
    while (*text != '\0') {
        size_t length = strcspn(text, " \n"), room = columns(text, length);
        if (column > indent && column + 1 + room > WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        put(out, text, length);
        column += room;
        text += length;
        if (*text == '\n') {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        }
        text += *text != '\0';
    }
    fputc('\n', out);
}

/* ---- Tests ---- */

static const char *short_status(const char *status) {
    if (strcmp(status, "passed") == 0)
        return "ok";
    if (strcmp(status, "failed") == 0)
        return "FAIL";
    if (strcmp(status, "error") == 0)
        return "ERROR";
    return strcmp(status, "unmeasured") == 0 ? "unmeas." : "unclear";
}

static void print_steps(FILE *out, const json_t *steps) {
    size_t index;
    json_t *step;
    json_array_foreach (steps, index, step) {
        char label[64];
        snprintf(label, sizeof label, "          %s %2zu. ", index == 0 ? "steps   " : "        ",
                 index + 1);
        terminal_wrapped(out, label, json_string_value(step));
    }
}

static void print_budget(FILE *out, const json_t *budget) {
    char line[512];
    const char *problem = result_text(budget, "problem");
    snprintf(line, sizeof line, "%s %s, %s", grouped(result_number(budget, "counted")),
             result_text(budget, "unit"), result_text(budget, "what"));
    terminal_wrapped(out, "          counted  ", line);
    if (problem[0] != '\0') {
        snprintf(line, sizeof line, "%s: %s bytes of at least %s", problem,
                 grouped(result_number(budget, "bytes")),
                 grouped(result_number(budget, "bytes_expected")));
        terminal_wrapped(out, "          but      ", line);
    }
    snprintf(line, sizeof line, "%s %s = %s", result_text(budget, "relation"),
             result_text(budget, "formula"), grouped(result_number(budget, "limit")));
    terminal_wrapped(out, "          budget   ", line);
    if (json_object_get(budget, "reference") != NULL)
        terminal_wrapped(out, "          ours     ", grouped(result_number(budget, "reference")));
    terminal_wrapped(out, "          why      ", result_text(budget, "why"));
}

static void print_details(FILE *out, const json_t *test) {
    size_t index;
    json_t *budget, *steps = json_object_get(test, "steps");
    const char *status = result_text(test, "status");
    if (strcmp(status, "failed") != 0) {
        terminal_wrapped(out, "          because  ", result_text(test, "message"));
        return;
    }
    terminal_wrapped(out, "          asked    ", result_text(test, "asks"));
    if (json_object_get(test, "expected") != NULL) {
        terminal_wrapped(out, "          expected ", result_text(test, "expected"));
        terminal_wrapped(out, "          seen     ", result_text(test, "seen"));
    }
    json_array_foreach (json_object_get(test, "budgets"), index, budget) {
        if (json_is_true(json_object_get(budget, "held")))
            continue;
        print_budget(out, budget);
        if (steps == NULL)
            steps = json_object_get(budget, "steps");
    }
    print_steps(out, steps);
    terminal_wrapped(out, "          next     ", result_text(test, "hint"));
}

/* What was measured and is not judged. */
static void print_shown(FILE *out, const json_t *test) {
    size_t index;
    json_t *shown;
    json_array_foreach (json_object_get(test, "shown"), index, shown) {
        char line[256];
        snprintf(line, sizeof line, "%s: %s %s", result_text(shown, "what"),
                 grouped(result_number(shown, "value")), result_text(shown, "unit"));
        terminal_wrapped(out, "          measured ", line);
    }
}

static void print_test(FILE *out, const json_t *test) {
    const char *status = result_text(test, "status");
    fprintf(out, "  %s%-7s%s %-52.52s %6s of %s\n", colour(out, colour_of(status)),
            short_status(status), colour(out, PLAIN), result_text(test, "name"),
            grouped(result_number(test, "points")), grouped(result_number(test, "max")));
    print_shown(out, test);
    if (strcmp(status, "passed") != 0)
        print_details(out, test);
}

static void print_step(FILE *out, const json_t *result, const json_t *step) {
    size_t index;
    json_t *test;
    json_int_t points = 0, most = 0;
    json_array_foreach (json_object_get(result, "tests"), index, test) {
        if (strcmp(result_text(test, "step"), result_text(step, "id")) == 0) {
            points += result_number(test, "points");
            most += result_number(test, "max");
        }
    }
    char heading[256];
    snprintf(heading, sizeof heading, "%s: %s", result_text(step, "id"),
             result_text(step, "title"));
    fprintf(out, "\n%s%-62.62s%s %6s of %s\n", colour(out, BOLD), heading, colour(out, PLAIN),
            grouped(points), grouped(most));
    json_array_foreach (json_object_get(result, "tests"), index, test) {
        if (strcmp(result_text(test, "step"), result_text(step, "id")) == 0)
            print_test(out, test);
    }
}

/* The compiler's lines, the word error in red. */
static void print_compiler(FILE *out, const char *message) {
    for (const char *error; (error = strstr(message, "error:")) != NULL; message = error + 6) {
        put(out, message, (size_t)(error - message));
        fprintf(out, "%serror:%s", colour(out, RED), colour(out, PLAIN));
    }
    put(out, message, strlen(message));
}

/* All tests have one and the same reason: then it is said once. */
static bool print_build_failure(FILE *out, const json_t *result) {
    const json_t *build = json_object_get(result, "build");
    if (!json_is_false(json_object_get(build, "made")))
        return false;
    fprintf(out, "\n%sIt does not build, so nothing could be tested:%s\n\n", colour(out, RED),
            colour(out, PLAIN));
    print_compiler(out, result_text(build, "message"));
    return true;
}

/* ---- Ledgers ---- */

static void print_ledger(FILE *out, const json_t *ledger) {
    size_t index;
    json_t *row;
    char title[256];
    snprintf(title, sizeof title, "%s", result_text(ledger, "title"));
    fprintf(out, "\n%s%s%s\n", colour(out, BOLD), title, colour(out, PLAIN));
    fprintf(out, "%s  %-10s %-22s %10s %11s %10s %10s%s\n", colour(out, DIM), "call", "on", "calls",
            "bytes", "per call", "reference", colour(out, PLAIN));
    json_array_foreach (json_object_get(ledger, "rows"), index, row) {
        json_int_t count = result_number(row, "count"), bytes = result_number(row, "bytes");
        bool known = json_object_get(row, "reference") != NULL;
        fprintf(out, "  %-10.10s %-22.22s %10s %11s %10s %10s\n", result_text(row, "call"),
                result_text(row, "on"), grouped(count), grouped(bytes),
                count == 0 ? "-" : grouped((bytes + count / 2) / count),
                known ? grouped(result_number(row, "reference")) : "-");
    }
}

static void print_ledgers(FILE *out, const json_t *result) {
    size_t index;
    json_t *ledger;
    if (json_array_size(json_object_get(result, "ledgers")) > 0)
        fprintf(out, "\nLedger: what the kernel was asked to do\n");
    json_array_foreach (json_object_get(result, "ledgers"), index, ledger) {
        print_ledger(out, ledger);
    }
}

/* ---- Predictions ---- */

static void print_prediction(FILE *out, const json_t *prediction) {
    bool said = json_object_get(prediction, "predicted") != NULL;
    bool known = json_object_get(prediction, "measured") != NULL;
    terminal_wrapped(out, "  ", result_text(prediction, "question"));
    if (!said) /* nor told the answer to this one */
        fprintf(out, "    not predicted yet\n");
    else
        fprintf(out, "    you said %s; counted: %s %s\n",
                grouped(result_number(prediction, "predicted")),
                known ? grouped(result_number(prediction, "measured")) : "not yet,",
                result_text(prediction, "unit"));
}

static void print_predictions(FILE *out, const json_t *result) {
    size_t index;
    json_t *prediction;
    bool any = false;
    json_array_foreach (json_object_get(result, "predictions"), index, prediction) {
        any = any || json_object_get(prediction, "predicted") != NULL;
    }
    if (!any) /* whoever has not predicted is not told the answers */
        return;
    fprintf(out, "\n%sYour predictions%s\n", colour(out, BOLD), colour(out, PLAIN));
    json_array_foreach (json_object_get(result, "predictions"), index, prediction) {
        print_prediction(out, prediction);
    }
}

/* ---- The whole ---- */

static void print_heading(FILE *out, const json_t *result) {
    fprintf(out, "%s%s%s  %s\n", colour(out, BOLD), result_text(result, "lab"), colour(out, PLAIN),
            result_text(result, "title"));
    terminal_wrapped(out, "graded: ", result_text(json_object_get(result, "submission"), "path"));
}

static double number(const json_t *object, const char *name) {
    return json_number_value(json_object_get(object, name));
}

static void print_totals(FILE *out, const json_t *result) {
    const json_t *totals = json_object_get(result, "totals");
    const json_t *seconds = json_object_get(result, "seconds");
    const json_t *sandbox = json_object_get(result, "sandbox");
    fprintf(out, "\n%sScore: %s of %s%s", colour(out, BOLD),
            grouped(result_number(totals, "score")), grouped(result_number(totals, "max_score")),
            colour(out, PLAIN));
    if (result_number(totals, "unmeasured") > 0)
        fprintf(out, ", %s unmeasured", grouped(result_number(totals, "unmeasured")));
    if (result_number(totals, "inconclusive") > 0)
        fprintf(out, ", %s inconclusive", grouped(result_number(totals, "inconclusive")));
    fprintf(out, "\n%s%.1f s: build %.1f, tests %.1f; sandbox: %s\n", colour(out, DIM),
            number(seconds, "total"), number(seconds, "build"), number(seconds, "tests"),
            result_text(sandbox, "tier"));
    fprintf(out, "the program ran, side by side, %.1f s traced and %.1f s not%s\n",
            number(seconds, "traced_runs"),
            number(seconds, "runs") - number(seconds, "traced_runs"), colour(out, PLAIN));
    if (json_object_get(result, "instrument") != NULL)
        terminal_wrapped(out, "built for an instrument: ", result_text(result, "instrument"));
    if (json_object_get(sandbox, "why_not_strict") != NULL)
        terminal_wrapped(out, "no strict sandbox here: ", result_text(sandbox, "why_not_strict"));
    if (json_object_get(sandbox, "why_no_trace") != NULL)
        terminal_wrapped(out,
                         "calls can't be counted here: ", result_text(sandbox, "why_no_trace"));
}

void terminal_report(FILE *out, const json_t *result) {
    size_t index;
    json_t *step;
    print_heading(out, result);
    if (!print_build_failure(out, result)) {
        json_array_foreach (json_object_get(result, "steps"), index, step) {
            print_step(out, result, step);
        }
        print_ledgers(out, result);
        print_predictions(out, result);
    }
    print_totals(out, result);
}

/* ---- Side by side ---- */

static const json_t *ledger_titled(const json_t *result, const char *title) {
    size_t index;
    json_t *ledger;
    json_array_foreach (json_object_get(result, "ledgers"), index, ledger) {
        if (strcmp(result_text(ledger, "title"), title) == 0)
            return ledger;
    }
    return NULL;
}

/* Calls and bytes of all rows on one thing, whatever the call was. */
static void sum_on(const json_t *ledger, const char *on, json_int_t *calls, json_int_t *bytes) {
    size_t index;
    json_t *row;
    *calls = *bytes = 0;
    json_array_foreach (json_object_get(ledger, "rows"), index, row) {
        if (strcmp(result_text(row, "on"), on) == 0) {
            *calls += result_number(row, "count");
            *bytes += result_number(row, "bytes");
        }
    }
}

static bool is_first_on(const json_t *ledger, size_t row) {
    const json_t *rows = json_object_get(ledger, "rows");
    for (size_t i = 0; i < row; i++)
        if (strcmp(result_text(json_array_get(rows, i), "on"),
                   result_text(json_array_get(rows, row), "on")) == 0)
            return false;
    return true;
}

/* How many times as many: "3,855 x", or one decimal for what is near. */
static const char *times(json_int_t left, json_int_t right) {
    static char text[40];
    if (left == 0 || right == 0)
        return "-";
    double ratio = (double)left / (double)right;
    if (ratio < 10)
        snprintf(text, sizeof text, "%.1f x", ratio);
    else
        snprintf(text, sizeof text, "%s x", grouped((json_int_t)(ratio + 0.5)));
    return text;
}

static void print_pair(FILE *out, const json_t *left, const json_t *right) {
    size_t index;
    json_t *row;
    fprintf(out, "\n%s%s%s\n", colour(out, BOLD), result_text(left, "title"), colour(out, PLAIN));
    fprintf(out, "%s  %-20s %10s %10s   %11s %10s %9s%s\n", colour(out, DIM), "", "left calls",
            "bytes", "right calls", "bytes", "ratio", colour(out, PLAIN));
    json_array_foreach (json_object_get(left, "rows"), index, row) {
        json_int_t calls[2], bytes[2];
        const char *on = result_text(row, "on");
        if (!is_first_on(left, index))
            continue;
        sum_on(left, on, &calls[0], &bytes[0]);
        sum_on(right, on, &calls[1], &bytes[1]);
        fprintf(out, "  %-20.20s %10s %10s   %11s %10s %9s\n", on, grouped(calls[0]),
                grouped(bytes[0]), grouped(calls[1]), grouped(bytes[1]), times(calls[0], calls[1]));
    }
}

static void print_score(FILE *out, const char *which, const json_t *result) {
    const json_t *totals = json_object_get(result, "totals");
    fprintf(out, "%s: %s, %s of %s points\n", which,
            result_text(json_object_get(result, "submission"), "path"),
            grouped(result_number(totals, "score")), grouped(result_number(totals, "max_score")));
}

void terminal_compare(FILE *out, const json_t *left, const json_t *right) {
    size_t index;
    json_t *ledger;
    fprintf(out, "%s%s%s  %s\n", colour(out, BOLD), result_text(left, "lab"), colour(out, PLAIN),
            result_text(left, "title"));
    print_score(out, "left ", left);
    print_score(out, "right", right);
    json_array_foreach (json_object_get(left, "ledgers"), index, ledger) {
        const json_t *other = ledger_titled(right, result_text(ledger, "title"));
        if (other != NULL)
            print_pair(out, ledger, other);
    }
}

/* ---- Progress ---- */

void terminal_progress(const char *test, const char *status, size_t done) {
    static int64_t started_ns;
    if (!isatty(STDERR_FILENO))
        return;
    if (started_ns == 0)
        started_ns = monotonic_ns();
    fprintf(stderr, "\r\033[K%3zu tests, %.1f s  %s %.50s", done,
            (double)(monotonic_ns() - started_ns) / 1e9, short_status(status), test);
}

void terminal_progress_end(void) {
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}
