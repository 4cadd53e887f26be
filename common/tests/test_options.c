/*
 * Tests of common/options: what is read, and what ends the program with status 2. Those run in the
 * process of their test, whose exit status Criterion compares.
 */
#include "common/options.h"

#include <argp.h>
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>

#include "common/rss_options.h"

TestSuite(options, .timeout = 20);

enum { MOST_WORDS = 16 };

static struct server_options parse(const char *const *words) {
    static char *argv[MOST_WORDS];
    struct server_options options = {
        .port = 8080, .max_connections = 10, .timeout_ms = 20, .backlog = 30, .stack_kib = 64};
    int argc = 0;
    argv[argc++] = (char *)"server";
    for (; *words != NULL; words++)
        argv[argc++] = (char *)*words;
    server_options_parse(&options, argc, argv, "A server.");
    return options;
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

Test(options, nothing_said_changes_nothing) {
    const struct server_options options = parse((const char *const[]){NULL});
    cr_assert_null(options.root);
    cr_assert_eq(options.port, 8080);
    cr_assert_eq(options.max_connections, 10);
    cr_assert_eq(options.timeout_ms, 20);
    cr_assert_eq(options.backlog, 30);
    cr_assert_eq(options.stack_kib, 64);
}

Test(options, each_has_its_own_place) {
    const struct server_options options =
        PARSE("--port", "0", "--root=files", "--max-connections", "1000000", "--timeout", "3600000",
              "--backlog", "1", "--stack", "65536");
    cr_assert_str_eq(options.root, "files");
    cr_assert_eq(options.port, 0);
    cr_assert_eq(options.max_connections, 1000000);
    cr_assert_eq(options.timeout_ms, 3600000);
    cr_assert_eq(options.backlog, 1);
    cr_assert_eq(options.stack_kib, 65536);
}

#define REFUSES(name, ...)                                                                         \
    Test(options, name, .exit_code = 2, .init = cr_redirect_stderr) {                              \
        (void)PARSE(__VA_ARGS__);                                                                  \
        cr_assert_fail("it was taken");                                                            \
    }

REFUSES(no_number, "--port", "")
REFUSES(a_sign, "--port=-1")
REFUSES(a_space, "--port", " 1")
REFUSES(a_unit, "--timeout", "10s")
REFUSES(too_large, "--port", "65536")
REFUSES(far_too_large, "--timeout", "99999999999999999999")
REFUSES(too_small, "--stack", "63")
REFUSES(no_time, "--timeout", "0")
REFUSES(an_unknown_option, "--ports", "1")
REFUSES(a_word_alone, "8080")

/* A server without threads has no stacks to give. */
Test(options, no_stack_without_threads, .exit_code = 2, .init = cr_redirect_stderr) {
    struct server_options options = {
        .port = 1, .max_connections = 1, .timeout_ms = 1, .backlog = 1};
    char *argv[] = {(char *)"server", (char *)"--stack", (char *)"64", NULL};
    server_options_parse(&options, 3, argv, "A server.");
    cr_assert_fail("it was taken");
}

Test(options, help_shows_what_is_assumed, .exit_code = 0, .init = cr_redirect_stdout) {
    (void)PARSE("--help");
    cr_assert_fail("it went on");
}

/* ---- Programs that download ---- */

static struct download_options parse_download(const char *const *words) {
    static char *argv[MOST_WORDS];
    struct download_options options;
    int argc = 0;
    argv[argc++] = (char *)"downloads";
    for (; *words != NULL; words++)
        argv[argc++] = (char *)*words;
    download_options_parse(&options, argc, argv, "A program that downloads.");
    return options;
}

#define PARSE_DOWNLOAD(...) parse_download((const char *const[]){__VA_ARGS__, NULL})

Test(options, downloads_have_defaults) {
    const struct download_options options = parse_download((const char *const[]){NULL});
    cr_assert_eq(options.cap, 8);
    cr_assert_geq(options.per_host, options.cap);
    cr_assert_eq(options.retries, 5);
    cr_assert_eq(options.timeout_ms, 30000);
    cr_assert_str_eq(options.folder, ".");
    cr_assert_null(options.json);
    cr_assert_null(options.urls);
}

Test(options, downloads_take_options_among_their_urls) {
    const struct download_options options =
        PARSE_DOWNLOAD("http://a/", "-j", "1000", "--per-host", "2", "-o", "folder", "http://b/",
                       "--retries", "0", "--timeout=1", "--json", "file");
    cr_assert_eq(options.cap, 1000);
    cr_assert_eq(options.per_host, 2);
    cr_assert_eq(options.retries, 0);
    cr_assert_eq(options.timeout_ms, 1);
    cr_assert_str_eq(options.folder, "folder");
    cr_assert_str_eq(options.json, "file");
    cr_assert_str_eq(options.urls[0], "http://a/");
    cr_assert_str_eq(options.urls[1], "http://b/");
    cr_assert_null(options.urls[2]);
}

#define DOWNLOAD_REFUSES(name, ...)                                                                \
    Test(options, name, .exit_code = 2, .init = cr_redirect_stderr) {                              \
        (void)PARSE_DOWNLOAD(__VA_ARGS__);                                                         \
        cr_assert_fail("it was taken");                                                            \
    }

DOWNLOAD_REFUSES(no_places, "-j", "0")
DOWNLOAD_REFUSES(too_many_places, "-j1001")
DOWNLOAD_REFUSES(no_place_at_a_host, "--per-host", "0")
DOWNLOAD_REFUSES(less_than_no_retries, "--retries", "-1")
DOWNLOAD_REFUSES(no_time_for_an_answer, "--timeout", "0")
DOWNLOAD_REFUSES(a_folder_without_a_name, "-o")
DOWNLOAD_REFUSES(an_option_of_the_servers, "--port", "1")

/* ---- Of programs that observe memory ---- */

static struct rss_options parse_rss(const char *const *words) {
    static char *argv[MOST_WORDS];
    struct rss_options options;
    int argc = 0;
    argv[argc++] = (char *)"rss";
    for (; *words != NULL; words++)
        argv[argc++] = (char *)*words;
    argv[argc] = NULL;
    rss_options_parse(&options, argc, argv, "An observer.");
    return options;
}

#define PARSE_RSS(...) parse_rss((const char *const[]){__VA_ARGS__, NULL})

Test(options, an_observer_has_defaults) {
    const struct rss_options options = PARSE_RSS("-p", "17");
    cr_assert_eq(options.interval_ms, 100);
    cr_assert_eq(options.format, FORMAT_TABLE);
    cr_assert_eq(options.pid, 17);
    cr_assert_str_eq(options.what, "17");
    cr_assert_not(options.tree);
    cr_assert_null(options.output);
    cr_assert_null(options.command);
}

Test(options, each_of_an_observer_has_its_own_place) {
    const struct rss_options options =
        PARSE_RSS("-i", "1", "--output=file", "--tree", "--format", "csv", "--pid=4194304");
    cr_assert_eq(options.interval_ms, 1);
    cr_assert_eq(options.format, FORMAT_CSV);
    cr_assert_eq(options.pid, 4194304);
    cr_assert(options.tree);
    cr_assert_str_eq(options.output, "file");
    cr_assert_eq(PARSE_RSS("--format=json", "-p1").format, FORMAT_JSON);
    cr_assert_eq(PARSE_RSS("--format=table", "-p1").format, FORMAT_TABLE);
    cr_assert_eq(PARSE_RSS("-i3600000", "-p1").interval_ms, 3600000);
}

Test(options, a_command_keeps_its_own) {
    const struct rss_options options =
        PARSE_RSS("-i", "5", "--", "ls", "-p", "3", "--tree", "--", "--help");
    cr_assert_eq(options.pid, 0);
    cr_assert_not(options.tree);
    cr_assert_str_eq(options.what, "ls");
    cr_assert_str_eq(options.command[0], "ls");
    cr_assert_str_eq(options.command[1], "-p");
    cr_assert_str_eq(options.command[4], "--");
    cr_assert_str_eq(options.command[5], "--help");
    cr_assert_null(options.command[6]);
}

Test(options, a_command_without_dashes) {
    const struct rss_options options = PARSE_RSS("--tree", "ls", "--format", "none");
    cr_assert(options.tree);
    cr_assert_str_eq(options.command[0], "ls");
    cr_assert_str_eq(options.command[2], "none");
}

Test(options, a_command_that_looks_like_an_option) {
    cr_assert_str_eq(PARSE_RSS("--", "-p", "7").command[0], "-p");
}

#define RSS_REFUSES(name, ...)                                                                     \
    Test(options, name, .exit_code = 2, .init = cr_redirect_stderr) {                              \
        (void)PARSE_RSS(__VA_ARGS__);                                                              \
        cr_assert_fail("it was taken");                                                            \
    }

RSS_REFUSES(nobody_to_observe, "--tree")
RSS_REFUSES(dashes_and_no_command, "--")
RSS_REFUSES(a_process_and_a_command, "-p", "1", "--", "ls")
RSS_REFUSES(process_zero, "-p", "0")
RSS_REFUSES(a_process_by_name, "-p", "init")
RSS_REFUSES(no_interval, "-i", "0", "-p", "1")
RSS_REFUSES(more_than_an_hour, "-i", "3600001", "-p", "1")
RSS_REFUSES(a_fraction_of_a_millisecond, "-i", "0.5", "-p", "1")
RSS_REFUSES(another_format, "--format", "xml", "-p", "1")
RSS_REFUSES(a_format_in_capitals, "--format", "JSON", "-p", "1")
RSS_REFUSES(an_option_of_the_downloaders, "--jobs", "1", "-p", "1")

/* ---- Numbers by themselves ---- */

static error_t parse_any(int key, char *text, struct argp_state *state) {
    if (key == 'n')
        *(int *)state->input = option_number(state, "number", text, 0, 2147483647);
    return key == 'n' ? 0 : ARGP_ERR_UNKNOWN;
}

static int parse_one(const char *text) {
    static const struct argp_option shown[] = {{"number", 'n', "N", 0, "Any", 0}, {0}};
    static const struct argp command_line = {.options = shown, .parser = parse_any};
    char *argv[] = {(char *)"program", (char *)"-n", (char *)text, NULL};
    int number = -1;
    argp_err_exit_status = 2;
    argp_parse(&command_line, 3, argv, 0, NULL, &number);
    return number;
}

Test(options, numbers_reach_as_far_as_an_int) {
    cr_assert_eq(parse_one("0"), 0);
    cr_assert_eq(parse_one("2147483647"), 2147483647);
    cr_assert_eq(parse_one("0000000000000000000000012"), 12);
}

Test(options, one_beyond_an_int, .exit_code = 2, .init = cr_redirect_stderr) {
    parse_one("2147483648");
    cr_assert_fail("it was taken");
}

/* 2^32 + 1: what wraps around would call it 1 */
Test(options, far_beyond_an_int, .exit_code = 2, .init = cr_redirect_stderr) {
    parse_one("4294967297");
    cr_assert_fail("it was taken");
}
