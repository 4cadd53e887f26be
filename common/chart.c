/* Each drawing goes up to where the last one began and writes every line anew, so a terminal that
 * has been resized is right again at the next one. */
#include "common/chart.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/param.h>

#include "common/clock.h"

enum {
    LABEL_COLUMNS = 10, /* "12345.0 MiB" would be too much: the unit stands above */
    TEXT_LINES = 5,     /* above and below the plot, and the cursor's */
    MOST_ROWS = 40,
    LEAST_COLUMNS = 10,
};

static const int64_t DRAWN_EVERY_NS = 100000000;

void chart_begin(struct chart *chart, FILE *terminal, const char *title) {
    memset(chart, 0, sizeof *chart);
    chart->terminal = terminal;
    chart->title = title;
    chart->a_column = 1;
    chart->last.pss_kib = UNKNOWN;
    setvbuf(terminal, chart->text, _IOFBF, sizeof chart->text);
    setlocale(LC_CTYPE, "");
    chart->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* ---- columns ---- */

static void halve(struct chart *chart) {
    for (int i = 0; i + 1 < chart->count; i += 2) {
        const struct sample *left = &chart->columns[i], *right = &chart->columns[i + 1];
        chart->columns[i / 2] = left->vm_rss_kib >= right->vm_rss_kib ? *left : *right;
    }
    if (chart->count % 2 == 0)
        chart->in_column += chart->a_column; /* of the left one, which was full */
    else
        chart->columns[chart->count / 2] = chart->columns[chart->count - 1];
    chart->count = (chart->count + 1) / 2;
    chart->a_column *= 2;
}

static void add(struct chart *chart, const struct sample *sample) {
    int64_t pss_kib = sample->pss_kib == UNKNOWN ? chart->last.pss_kib : sample->pss_kib;
    chart->last = *sample;
    chart->last.pss_kib = pss_kib; /* not every sample has one */
    if (chart->count == CHART_COLUMNS && chart->in_column == chart->a_column)
        halve(chart);
    if (chart->count == 0 || chart->in_column == chart->a_column) {
        chart->columns[chart->count++] = *sample;
        chart->in_column = 1;
        return;
    }
    struct sample *column = &chart->columns[chart->count - 1];
    if (sample->vm_rss_kib > column->vm_rss_kib)
        *column = *sample;
    chart->in_column++;
}

/* ---- drawing ---- */

static double mib(int64_t kib) {
    return kib < 0 ? 0 : (double)kib / 1024;
}

/* The least of 1, 2, 5, 10, 20, 50 ... MiB that holds the largest column. */
static double scale_of(const struct chart *chart) {
    static const double steps[] = {2, 2.5, 2};
    double scale = 1, largest = 0;
    for (int i = 0; i < chart->count; i++)
        largest = MAX(largest, mib(chart->columns[i].vm_rss_kib));
    for (int i = 0; scale < largest; i++)
        scale *= steps[i % 3];
    return scale;
}

/* What a cell shows whose middle is at `level`: memory of the process's own below, what it has of
 * files and shared memory above that. */
static const char *cell(const struct chart *chart, const struct sample *column, double level) {
    if (level <= mib(column->rss_anon_kib))
        return chart->utf8 ? "█" : "#";
    if (level <= mib(column->vm_rss_kib))
        return chart->utf8 ? "░" : ":";
    return " ";
}

static void draw_row(const struct chart *chart, int row, int rows, double scale) {
    FILE *to = chart->terminal;
    if (row % 4 == 0)
        fprintf(to, "%*.1f ", LABEL_COLUMNS - 2, scale * (rows - row) / rows);
    else
        fprintf(to, "%*s", LABEL_COLUMNS - 1, "");
    fputs(chart->utf8 ? "│" : "|", to);
    for (int i = 0; i < chart->count; i++)
        fputs(cell(chart, &chart->columns[i], scale * (rows - row - 0.5) / rows), to);
    fputs("\033[K\n", to);
}

/* One line of text, cut where the terminal ends, so that it takes one line there. */
__attribute__((format(printf, 3, 4))) static void draw_text(const struct chart *chart, int width,
                                                            const char *format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(chart->terminal, "%.*s\033[K\n", width - 1, line);
}

static void draw_numbers(const struct chart *chart, int width) {
    const struct sample *last = &chart->last;
    char pss[32] = "-", limit[32] = "no limit";
    if (last->pss_kib >= 0)
        snprintf(pss, sizeof pss, "%.1f", mib(last->pss_kib));
    if (last->cgroup_max_kib >= 0)
        snprintf(limit, sizeof limit, "limit %.1f", mib(last->cgroup_max_kib));
    draw_text(chart, width,
              "VmSize %.1f  VmRSS %.1f = anon %.1f + file %.1f + shmem %.1f  PSS %s MiB",
              mib(last->vm_size_kib), mib(last->vm_rss_kib), mib(last->rss_anon_kib),
              mib(last->rss_file_kib), mib(last->rss_shmem_kib), pss);
    draw_text(chart, width,
              "cgroup %.1f MiB, %s  faults %" PRId64 "+%" PRId64 "  threads %" PRId64
              "  processes %" PRId64,
              mib(last->cgroup_kib), limit, last->minor_faults, last->major_faults, last->threads,
              last->processes);
}

static int draw(struct chart *chart) {
    struct winsize size = {0};
    ioctl(fileno(chart->terminal), TIOCGWINSZ, &size);
    int width = size.ws_col > LABEL_COLUMNS + LEAST_COLUMNS ? size.ws_col : 80;
    int rows = size.ws_row > TEXT_LINES + 4 ? size.ws_row - TEXT_LINES : 19;
    rows = MIN(rows, MOST_ROWS) / 4 * 4;
    while (chart->count > width - LABEL_COLUMNS - 1)
        halve(chart);
    if (chart->lines > 0)
        fprintf(chart->terminal, "\033[%dA\r", chart->lines);
    draw_text(chart, width, "%s  %.2f s", chart->title, (double)chart->last.time_ns / 1e9);
    draw_numbers(chart, width);
    double scale = scale_of(chart);
    for (int row = 0; row < rows; row++)
        draw_row(chart, row, rows, scale);
    draw_text(chart, width, "%*s%s %s anon  %s file, shmem  %d samples a column", LABEL_COLUMNS - 1,
              "0 ", chart->utf8 ? "└" : "+", chart->utf8 ? "█" : "#", chart->utf8 ? "░" : ":",
              chart->a_column);
    chart->lines = rows + TEXT_LINES - 1;
    chart->drawn_ns = monotonic_ns();
    return fflush(chart->terminal) == 0 && !ferror(chart->terminal) ? 0 : -1;
}

int chart_add(struct chart *chart, const struct sample *sample) {
    add(chart, sample);
    return monotonic_ns() - chart->drawn_ns < DRAWN_EVERY_NS ? 0 : draw(chart);
}

int chart_end(struct chart *chart) {
    return chart->count == 0 ? 0 : draw(chart);
}
