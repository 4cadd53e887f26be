/* The web page: that it says all of a result, says nothing more than text, and reaches the disk
 * whole or not at all. What it looks like is for eyes; that a browser renders it is tested last. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io.h"
#include "grader/report/html.h"

enum { PAGE_MAX_BYTES = 16 << 20, SKIPPED = 77 };

static char folder[] = "/tmp/test_html.XXXXXX";
static char path[64];
static char *page;
static json_t *result;

/* ---- A result that has one of everything ---- */

static json_t *budget_of(json_int_t counted, int held, const char *problem) {
    return json_pack("{ss ss ss si sI si si ss sb ss ss si s[s]}", "what", "reads on input",
                     "relation", "at most", "formula", "ceil_div(size, chunk) + 1", "limit", 17,
                     "counted", counted, "bytes", 12288, "bytes_expected", 65536, "unit", "calls",
                     "held", held, "problem", problem, "why", "one read a chunk", "reference", 18,
                     "steps", "run `reads sum` under strace");
}

static json_t *test_of(const char *step, const char *name, const char *status, int points) {
    return json_pack("{ss ss ss si si ss ss s[]}", "step", step, "name", name, "status", status,
                     "points", points, "max", 20, "asks", "`sum` reads & adds.", "hint",
                     "Give read(2) a buffer.", "budgets");
}

static json_t *all_tests(void) {
    json_t *over = test_of("whole_file", "over_budget", "failed", 0);
    json_t *wrong = test_of("whole_file", "wrong_output", "failed", 0);
    json_t *passed = test_of("reader", "all_well", "passed", 20);
    json_t *crashed = test_of("reader", "crashed", "error", 0);
    json_t *unseen = test_of("writer", "unseen", "unmeasured", 0);
    json_t *noisy = test_of("writer", "noisy", "inconclusive", 0);
    json_array_append_new(json_object_get(over, "budgets"), budget_of(65537, 0, ""));
    json_array_append_new(json_object_get(over, "budgets"), budget_of(3, 0, "another way"));
    json_array_append_new(json_object_get(passed, "budgets"), budget_of(16, 1, ""));
    json_object_set_new(wrong, "expected", json_string("exit status 0"));
    json_object_set_new(wrong, "seen", json_string("killed by signal 11"));
    json_object_set_new(wrong, "steps", json_pack("[s s]", "make `input`", "run `reads`"));
    json_object_set_new(crashed, "message", json_string("no end record"));
    json_object_set_new(unseen, "message", json_string("no strace here"));
    json_object_set_new(noisy, "message", json_string("too busy a machine"));
    return json_pack("[o o o o o o]", over, wrong, passed, crashed, unseen, noisy);
}

static json_t *row_of(const char *call, const char *on, json_int_t count, json_int_t reference) {
    json_t *row =
        json_pack("{ss ss sI si}", "call", call, "on", on, "count", count, "bytes", 65536);
    if (reference >= 0)
        json_object_set_new(row, "reference", json_integer(reference));
    return row;
}

static json_t *some_predictions(void) {
    return json_pack("[{ss ss ss ss si si} {ss ss ss ss si}]", "id", "a", "question", "How many?",
                     "unit", "calls", "of", "starter", "predicted", 64, "measured", 70001, "id",
                     "b", "question", "How large?", "unit", "KiB of memory", "of", "submission",
                     "measured", 80002);
}

static json_t *make_result(void) {
    json_t *made = json_pack(
        "{si ss ss ss s{ss ss s[s]} ss ss s{ss ss ss} s{sb sf} s[{ss ss} {ss ss} {ss ss}]}",
        "schema", 1, "lab", "01-reads", "title", "What does a read cost?", "program", "reads",
        "submission", "path", "work/01", "digest", "5ab1e", "files", "reads.c", "grader_version",
        "0.1.0", "tests_digest", "7e575", "sandbox", "tier", "none", "why_not_strict", "no bwrap",
        "why_no_trace", "no ptrace", "build", "made", 1, "seconds", 0.25, "steps", "id",
        "whole_file", "title", "every byte once", "id", "reader", "title", "one buffer", "id",
        "writer", "title", "lose nothing");
    json_object_set_new(made, "tests", all_tests());
    json_object_set_new(made, "predictions", some_predictions());
    json_object_set_new(made, "ledgers",
                        json_pack("[{ss ss s[o o]}]", "test", "whole_file/over_budget", "title",
                                  "sum of 64 KiB", "rows", row_of("read", "input", 65537, 17),
                                  row_of("write", "standard output", 1, 1)));
    json_object_set_new(made, "seconds",
                        json_pack("{sf sf sf sf sf}", "build", 0.25, "tests", 1.5, "total", 1.8,
                                  "runs", 1.25, "traced_runs", 0.5));
    json_object_set_new(made, "totals",
                        json_pack("{si si si si}", "score", 20, "max_score", 120, "unmeasured", 21,
                                  "inconclusive", 22));
    return made;
}

/* ---- The page of it ---- */

static char *file_text(const char *name) {
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    cr_assert(fd >= 0, "%s was not written", name);
    char *text = read_whole(fd, PAGE_MAX_BYTES, NULL);
    close(fd);
    cr_assert(text != NULL);
    return text;
}

static void write_page(void) {
    cr_assert(html_write(result, path) == 0);
    free(page);
    page = file_text(path);
}

static size_t times_in_page(const char *text) {
    size_t count = 0;
    for (const char *at = page; (at = strstr(at, text)) != NULL; at += strlen(text))
        count++;
    return count;
}

#define SHOWS(text)         cr_expect(times_in_page(text) > 0, "the page lacks `%s`", text)
#define DOES_NOT_SHOW(text) cr_expect(times_in_page(text) == 0, "the page has `%s`", text)

static void set_up(void) {
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/report.html", folder);
    result = make_result();
    cr_assert(result != NULL);
}

static void tear_down(void) {
    unlink(path);
    cr_expect(rmdir(folder) == 0, "something is left beside the page");
    json_decref(result);
    free(page);
}

TestSuite(html, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- It says all of the result ---- */

Test(html, gives_the_score_where_a_program_finds_it) {
    json_object_set_new(json_object_get(result, "totals"), "score", json_integer(1234));
    write_page();
    SHOWS("<data id=\"score\" value=\"1234\">1,234</data> of 120");
}

Test(html, names_every_status_in_words_with_its_tests) {
    static const char *const statuses[] = {"passed", "failed", "error", "unmeasured",
                                           "inconclusive"};
    write_page();
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        char word[64];
        snprintf(word, sizeof word, "</span> %s</span>", statuses[i]);
        SHOWS(word);
    }
    SHOWS("2 failed");
    SHOWS("neither won nor lost: 21");
    SHOWS("neither won nor lost: 22");
}

Test(html, says_of_a_failure_what_was_asked_counted_allowed_and_why) {
    static const char *const parts[] = {
        "<dt>Asked</dt><dd><code>sum</code> reads &amp; adds.",
        "<dt>Counted</dt><dd><b>65,537</b> calls, <bdi>reads on input",
        "<dt>But</dt><dd>another way: <b>12,288</b> bytes of at least 65,536",
        "at most <code>ceil_div(size, chunk) + 1</code> = <b>17</b>",
        "<dt>Reference</dt><dd>18 calls",
        "<dt>Why it matters</dt><dd>one read a chunk",
        "<li>run <code>reads sum</code> under strace</li>",
        "Next step</dt><dd>Give read(2) a buffer.",
        "<samp>exit status 0</samp>",
        "<samp>killed by signal 11</samp>",
        "<li>make <code>input</code></li>\n<li>run <code>reads</code></li>",
        "<dt>Because</dt><dd>no end record",
        "<dt>Because</dt><dd>no strace here",
        "<dt>Because</dt><dd>too busy a machine",
    };
    write_page();
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        SHOWS(parts[i]);
}

Test(html, folds_away_what_passed_and_nothing_else) {
    write_page();
    SHOWS("<details class=\"test passed\">");
    cr_expect(times_in_page("<details") == 6);
    cr_expect(times_in_page("\" open>") == 5);
}

Test(html, says_how_it_was_graded) {
    static const char *const parts[] = {
        "work/01",   "<dd>none", "no bwrap",
        "no ptrace", "5ab1e",    "7e575",
        "0.1.0",     "reads.c",  "1.8 s: build 0.2, tests 1.5 (traced runs 0.5, others 0.8)"};
    write_page();
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        SHOWS(parts[i]);
}

Test(html, of_a_program_that_does_not_build_shows_the_compiler_and_no_tests) {
    json_t *build =
        json_pack("{sb ss sf}", "made", 0, "message", "reads.c:3: 'x' <y>", "seconds", 0.1);
    json_object_set_new(result, "build", build);
    write_page();
    SHOWS("<pre><samp>reads.c:3: &#39;x&#39; &lt;y&gt;</samp></pre>");
    DOES_NOT_SHOW("<details");
    DOES_NOT_SHOW("id=\"ledgers\"");
    SHOWS("id=\"score\"");
}

/* ---- Ledgers and predictions ---- */

Test(html, loses_no_row_of_any_ledger) {
    json_t *ledgers = json_array();
    for (int i = 0; i < 5; i++) {
        json_t *rows = json_array();
        for (int j = 0; j < 64; j++) {
            char on[32];
            snprintf(on, sizeof on, "file-%d-%d.", i, j);
            json_array_append_new(rows, row_of("read", on, 1 + j, j % 2 == 0 ? 7000000 + j : -1));
        }
        json_array_append_new(ledgers,
                              json_pack("{ss ss so}", "test", "a/b", "title", "t", "rows", rows));
    }
    json_object_set_new(result, "ledgers", ledgers);
    write_page();
    cr_expect(times_in_page("<bdi>file-") == 5 * 64);
    cr_expect(times_in_page("<b>7,000,0") == 5 * 32, "a reference's count is missing");
    SHOWS("<bdi>file-4-63.</bdi>");
}

static double share_behind(const char *mark) {
    const char *at = strstr(page, mark);
    cr_assert(at != NULL);
    at = strstr(at, "--share:");
    cr_assert(at != NULL);
    return strtod(at + strlen("--share:"), NULL);
}

Test(html, draws_counts_far_apart_on_a_logarithmic_scale_and_says_so) {
    write_page();
    SHOWS("Logarithmic scale");
    double mine = share_behind("<span class=\"mine notched\"");
    double ours = share_behind("<span class=\"ours notched\"");
    cr_expect(mine > 0.999 && mine < 1.001, "the longest bar is %f", mine);
    /* (1 + log10 17) / (1 + log10 65537) */
    cr_expect(ours > 0.382 && ours < 0.385, "17 of 65,537 is %f", ours);
}

Test(html, draws_counts_close_together_on_a_straight_scale) {
    json_object_set_new(result, "ledgers",
                        json_pack("[{ss ss s[o]}]", "test", "a/b", "title", "t", "rows",
                                  row_of("read", "input", 5, 20)));
    json_object_set_new(result, "predictions", json_array());
    write_page();
    DOES_NOT_SHOW("class=\"mine notched\"");
    DOES_NOT_SHOW("Logarithmic");
    double share = share_behind("<span class=\"mine\"");
    cr_expect(share > 0.249 && share < 0.251, "5 of 20 is %f", share);
}

Test(html, draws_no_bar_for_counts_that_are_none) {
    json_object_set_new(result, "ledgers",
                        json_pack("[{ss ss s[o o]}]", "test", "a/b", "title", "t", "rows",
                                  row_of("read", "input", 0, 0), row_of("write", "x", -5, -1)));
    json_object_set_new(result, "predictions", json_array());
    write_page();
    DOES_NOT_SHOW("<span class=\"mine");
    DOES_NOT_SHOW("nan");
    SHOWS("<b>-5</b>");
}

Test(html, sets_a_prediction_beside_what_was_counted) {
    write_page();
    SHOWS("<b>64</b> <small>predicted");
    SHOWS("<b>70,001</b> <small>counted");
    SHOWS("not predicted");
}

Test(html, does_not_tell_the_answers_to_who_has_not_predicted) {
    json_object_del(json_array_get(json_object_get(result, "predictions"), 0), "predicted");
    write_page();
    DOES_NOT_SHOW("70,001");
    DOES_NOT_SHOW("80,002");
}

/* ---- It says nothing more than text ---- */

/* Every string but the statuses becomes that text. */
static void say_everywhere(json_t *value, const char *text) {
    const char *name;
    size_t index;
    json_t *member;
    void *next;
    json_object_foreach_safe(value, next, name, member) {
        if (json_is_string(member) && strcmp(name, "status") != 0)
            json_object_set_new(value, name, json_stringn_nocheck(text, strlen(text)));
        else
            say_everywhere(member, text);
    }
    json_array_foreach (value, index, member) {
        if (json_is_string(member))
            json_array_set_new(value, index, json_stringn_nocheck(text, strlen(text)));
        else
            say_everywhere(member, text);
    }
}

Test(html, escapes_every_string_of_a_result) {
    say_everywhere(result, "HERE\"'><script>alert(1)</script>&amp;");
    write_page();
    size_t all = times_in_page("HERE");
    cr_expect(all > 60, "only %zu strings reached the page", all);
    cr_expect(times_in_page("HERE&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;") ==
              all);
    DOES_NOT_SHOW("<script");
}

Test(html, drops_what_no_reader_sees) {
    say_everywhere(result, "HERE\x1b[31m\x07\r\x7f\xc2\x85\xe2\x80\xae\xe2\x81\xa6\xef\xbf\xbf"
                           "\xf3\xa0\x81\x81 \xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x99\x82");
    write_page();
    cr_expect(times_in_page("HERE[31m \xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x99\x82") ==
              times_in_page("HERE"));
}

Test(html, survives_text_that_is_not_utf_8) {
    say_everywhere(result, "HERE\xff\x80<\xe2\x82");
    write_page();
    cr_expect(times_in_page("HERE&lt;") == times_in_page("HERE"));
    DOES_NOT_SHOW("\xff");
    DOES_NOT_SHOW("\xe2\x82<");
}

Test(html, gives_a_browser_nothing_to_fetch_and_nothing_to_run) {
    static const char *const none[] = {
        "http:", "https:", "//", "src=", "url(", "@import", "<link", "<script"};
    write_page();
    SHOWS("<meta http-equiv=\"Content-Security-Policy\" "
          "content=\"default-src 'none'; style-src 'unsafe-inline'\">");
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        DOES_NOT_SHOW(none[i]);
}

/* ---- It reaches the disk whole or not at all ---- */

Test(html, tells_of_a_full_disk) {
    struct stat status;
    char told[256] = "";
    cr_redirect_stderr();
    cr_expect(html_write(result, "/dev/full") == -1);
    fflush(stderr);
    FILE *lines = cr_get_redirected_stderr();
    cr_assert(fgets(told, sizeof told, lines) != NULL);
    cr_expect(strstr(told, "/dev/full: No space left on device") != NULL, "it told: %s", told);
    cr_expect(stat("/dev/full", &status) == 0 && S_ISCHR(status.st_mode));
}

Test(html, tells_of_a_folder_that_is_not_there) {
    cr_redirect_stderr();
    cr_expect(html_write(result, "/nonexistent/report.html") == -1);
}

Test(html, leaves_the_old_page_whole_when_the_new_one_has_no_room) {
    struct rlimit small = {1000, 1000};
    write_page();
    char *before = file_text(path);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert(setrlimit(RLIMIT_FSIZE, &small) == 0);
    cr_redirect_stderr();
    json_object_set_new(result, "title", json_string("another"));
    cr_expect(html_write(result, path) == -1);
    char *after = file_text(path);
    cr_expect(strcmp(before, after) == 0);
    free(before);
    free(after);
} /* tear_down finds no rest beside it */

Test(html, replaces_what_a_link_points_to_and_not_the_link) {
    char link[80];
    struct stat status;
    snprintf(link, sizeof link, "%s/link", folder);
    write_page();
    cr_assert(symlink("report.html", link) == 0);
    json_object_set_new(result, "title", json_string("another title"));
    cr_expect(html_write(result, link) == 0);
    cr_expect(lstat(link, &status) == 0 && S_ISLNK(status.st_mode));
    free(page);
    page = file_text(path);
    SHOWS("another title");
    unlink(link);
}

/* ---- It is a page ---- */

/* Long names, many digits: what would make a phone scroll sideways. */
static void make_wide(void) {
    static char long_text[400];
    memset(long_text, 'x', sizeof long_text - 1);
    say_everywhere(result, long_text);
    json_array_append_new(
        json_object_get(json_array_get(json_object_get(result, "ledgers"), 0), "rows"),
        row_of("copy_file_range", long_text, INT64_MAX, INT64_MAX));
}

static void open_in_browser(void) {
    char command[128];
    write_page();
    snprintf(command, sizeof command, "grader/tests/html_in_browser %s 20", path);
    int status = system(command);
    cr_assert(status != -1 && WIFEXITED(status));
    if (WEXITSTATUS(status) == SKIPPED) {
        tear_down(); /* a skipped test does not reach it */
        cr_skip("no browser runs here");
    }
    cr_expect(WEXITSTATUS(status) == 0, "see what html_in_browser says above");
}

Test(html, shows_its_score_in_a_browser_and_fits_a_phone, .timeout = 300) {
    open_in_browser();
}

Test(html, fits_a_phone_whatever_it_has_to_say, .timeout = 300) {
    make_wide();
    open_in_browser();
}
