/* Tests of common/chart, on a pseudo-terminal: what a terminal of a given size has to show. */
#define _GNU_SOURCE 1
#include "common/chart.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { SCREEN_BYTES = 1 << 20 };

static int master;
static FILE *terminal;

static void resize(unsigned short rows, unsigned short columns) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    cr_assert_eq(ioctl(master, TIOCSWINSZ, &size), 0);
}

static void open_terminal(void) {
    master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    cr_assert_geq(master, 0);
    cr_assert_eq(grantpt(master) + unlockpt(master), 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    struct termios raw;
    cr_assert_eq(tcgetattr(slave, &raw), 0);
    cfmakeraw(&raw); /* newlines stay what they are */
    cr_assert_eq(tcsetattr(slave, TCSANOW, &raw), 0);
    terminal = fdopen(slave, "w");
    resize(24, 80);
    unsetenv("LC_CTYPE");
    setenv("LC_ALL", "C", 1);
}

TestSuite(chart, .timeout = 20, .init = open_terminal);

/* What has come since the last call. */
static char *shown(void) {
    static char text[SCREEN_BYTES];
    size_t length = 0;
    for (ssize_t got; (got = read(master, text + length, sizeof text - length - 1)) > 0;)
        length += (size_t)got;
    text[length] = '\0';
    return text;
}

static size_t count_of(const char *text, const char *what) {
    size_t count = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        count++;
    return count;
}

/* Columns of the longest line, as a terminal shows it: without what moves the cursor. */
static size_t longest_line(const char *text) {
    size_t longest = 0, columns = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\033') {
            text += strcspn(text, "AK");
            continue;
        }
        columns = *text == '\n' || *text == '\r' ? 0 : columns + ((*text & 0xC0) != 0x80);
        longest = columns > longest ? columns : longest;
    }
    return longest;
}

static struct sample sample_of(int mib) {
    struct sample sample = {.vm_rss_kib = mib * 1024, .rss_anon_kib = mib * 512, .pss_kib = -1};
    sample.cgroup_max_kib = -1;
    return sample;
}

/* Adds without the wait for the next drawing; the last one is drawn. */
static char *chart_of(struct chart *chart, int samples, int (*mib)(int)) {
    shown();
    for (int i = 0; i < samples; i++) {
        const struct sample sample = sample_of(mib(i));
        cr_assert_eq(chart_add(chart, &sample), 0);
        shown();
    }
    cr_assert_eq(chart_end(chart), 0);
    return shown();
}

static int rising(int i) {
    return i;
}

static int with_a_peak(int i) {
    return i == 700 ? 1000 : 10;
}

Test(chart, fits_the_terminal) {
    static struct chart chart;
    chart_begin(&chart, terminal, "a title");
    char *text = chart_of(&chart, 60, rising);
    cr_expect_not_null(strstr(text, "a title"));
    cr_expect_leq(longest_line(text), 80);
    cr_expect_leq(count_of(text, "\n"), 23);
    cr_expect_not_null(strstr(text, "100.0"), "the scale holds 59 MiB");
}

Test(chart, is_drawn_over_itself) {
    static struct chart chart;
    chart_begin(&chart, terminal, "");
    char *text = chart_of(&chart, 2, rising);
    char up[16];
    snprintf(up, sizeof up, "\033[%zuA", count_of(text, "\n"));
    text = chart_of(&chart, 1, rising);
    cr_expect(strncmp(text, up, strlen(up)) == 0, "%.10s", text + 1);
    cr_expect_eq(count_of(text, "\033[K\n"), count_of(text, "\n"), "each line is written anew");
}

Test(chart, what_is_private_and_what_is_not) {
    static struct chart chart;
    chart_begin(&chart, terminal, "");
    char *text = chart_of(&chart, 1, with_a_peak); /* 10 MiB, half of it anonymous */
    size_t own = count_of(text, "|#"), other = count_of(text, "|:");
    cr_expect_gt(own, 0);
    cr_expect_eq(own, other, "%zu and %zu", own, other);
}

Test(chart, a_peak_stays_in_sight) {
    static struct chart chart;
    chart_begin(&chart, terminal, "");
    char *text = chart_of(&chart, 5000, with_a_peak);
    cr_expect_leq(longest_line(text), 80);
    cr_expect_not_null(strstr(text, "1000.0"));
    cr_expect_not_null(strstr(text, "128 samples a column"), "5,000 in 69 columns at most");
}

Test(chart, columns_hold_all_samples) {
    static struct chart chart;
    chart_begin(&chart, terminal, "");
    resize(24, 600);
    for (int samples = 1; samples <= 3000; samples++) {
        const struct sample sample = sample_of(1);
        cr_assert_eq(chart_add(&chart, &sample), 0);
        shown();
        cr_assert_eq((chart.count - 1) * chart.a_column + chart.in_column, samples);
    }
}

Test(chart, pss_stays_until_it_is_known_anew) {
    static struct chart chart;
    struct sample sample = sample_of(1);
    chart_begin(&chart, terminal, "");
    sample.pss_kib = 777 * 1024;
    cr_assert_eq(chart_add(&chart, &sample), 0);
    cr_expect_not_null(strstr(chart_of(&chart, 1, rising), "PSS 777.0"));
}

Test(chart, a_narrower_terminal) {
    static struct chart chart;
    chart_begin(&chart, terminal, "a title that is far too long for a terminal of 40 columns");
    chart_of(&chart, 70, rising);
    resize(12, 40);
    char *text = chart_of(&chart, 1, rising);
    cr_expect_leq(longest_line(text), 40);
    cr_expect_leq(count_of(text, "\n"), 11);
}

Test(chart, a_terminal_without_a_size) {
    static struct chart chart;
    chart_begin(&chart, terminal, "");
    resize(0, 0);
    cr_expect_leq(longest_line(chart_of(&chart, 100, rising)), 80);
}

Test(chart, nothing_to_show) {
    static struct chart chart;
    chart_begin(&chart, terminal, "");
    cr_assert_eq(chart_end(&chart), 0);
    cr_assert_str_eq(shown(), "");
}

Test(chart, at_most_ten_drawings_a_second) {
    static struct chart chart;
    chart_begin(&chart, terminal, "title");
    size_t drawings = 0;
    int64_t first_ns = 0;
    for (int i = 0; i < 1000; i++) {
        const struct sample sample = sample_of(i);
        cr_assert_eq(chart_add(&chart, &sample), 0);
        drawings += count_of(shown(), "title");
        first_ns = i == 0 ? chart.drawn_ns : first_ns;
    }
    cr_assert_leq((int64_t)(drawings - 1) * 100000000, chart.drawn_ns - first_ns);
    cr_assert_geq(drawings, 1);
}

Test(chart, blocks_where_the_terminal_has_them) {
    static struct chart chart;
    setenv("LC_ALL", "C.UTF-8", 1);
    if (setlocale(LC_CTYPE, "") == NULL)
        return; /* without that locale it is like the others */
    chart_begin(&chart, terminal, "");
    char *text = chart_of(&chart, 30, rising);
    cr_expect_gt(count_of(text, "█"), 0);
    cr_expect_eq(count_of(text, "#"), 0);
    cr_expect_leq(longest_line(text), 80);
}

Test(chart, nobody_is_there) {
    static struct chart chart;
    const struct sample sample = sample_of(1);
    chart_begin(&chart, terminal, "");
    close(master);
    cr_assert_eq(chart_add(&chart, &sample), -1);
    cr_assert_eq(errno, EIO);
}
