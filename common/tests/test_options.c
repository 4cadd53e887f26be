/*
 * Tests of common/options: what is read, and what ends the program with status 2. Those run in the
 * process of their test, whose exit status Criterion compares.
 */
#include "common/options.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>

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
