/* Tests of the kit's terminal: that a program has one, and what a person would see on it. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "grader/testkit/kit.h"
#include "grader/tests/helpers.h"

TestSuite(terminal, .timeout = 60);

/* A run that has written these bytes to a terminal in the place of its standard error. */
static const char *screen_with(const char *written) {
    struct run run = {.program.terminal = STDERR_FILENO};
    cr_assert_eq(bytes_append(&run.process.errors, written, strlen(written)), 0);
    const char *screen = screen_of(&run, shown_bytes(&run));
    bytes_release(&run.process.errors);
    return screen;
}

Test(terminal, shows_lines_without_blanks_at_their_ends) {
    cr_expect_str_eq(screen_with(""), "");
    cr_expect_str_eq(screen_with("one"), "one\n");
    cr_expect_str_eq(screen_with("one  \r\n\n two\n\n"), "one\n\n two\n");
}

Test(terminal, returns_to_the_start_of_the_line) {
    cr_expect_str_eq(screen_with("a long one\rshort"), "shortg one\n");
    cr_expect_str_eq(screen_with("a long one\rshort\033[K"), "short\n");
    cr_expect_str_eq(screen_with("a long one\r          \rshort"), "short\n");
    cr_expect_str_eq(screen_with("10 %\b\b\b\b20 %"), "20 %\n");
    cr_expect_str_eq(screen_with("gone\r\033[K"), "");
}

Test(terminal, erases_and_moves_as_it_is_told) {
    cr_expect_str_eq(screen_with("abcdef\033[3D\033[1K"), "    ef\n");
    cr_expect_str_eq(screen_with("abcdef\033[2Kx"), "      x\n");
    cr_expect_str_eq(screen_with("one\ntwo\nthree\033[A\033[J"), "one\ntwo\n");
    cr_expect_str_eq(screen_with("one\ntwo\033[2J\033[Hx"), "x\n");
    cr_expect_str_eq(screen_with("one\ntwo\033[1;3HX\033[2GY"), "oYX\ntwo\n");
    cr_expect_str_eq(screen_with("one\033[2;5Htwo\033[B\033[Cx"), "one\n    two\n        x\n");
}

Test(terminal, knows_no_colours) {
    cr_expect_str_eq(screen_with("\033[1;31mred\033[0m\033[?25l"), "red\n");
}

Test(terminal, ignores_what_is_cut_off) {
    cr_expect_str_eq(screen_with("one\033"), "one\n");
    cr_expect_str_eq(screen_with("one\033[12"), "one\n");
    cr_expect_str_eq(
        screen_with("one\033[999999999999A\033[99999999C|"),
        "one                                                                            "
        "|\n");
}

/* 80 columns and 24 lines; what leaves above is gone. */
Test(terminal, is_as_large_as_it_says) {
    char written[100], seen[100];
    snprintf(written, sizeof written, "%081dy", 0);
    snprintf(seen, sizeof seen, "%080d\n0y\n", 0);
    cr_expect_str_eq(screen_with(written), seen);

    char lines[256] = "", last[256] = "";
    for (int i = 0; i < 26; i++) {
        snprintf(lines + strlen(lines), 16, "%d\n", i);
        if (i >= 3)
            snprintf(last + strlen(last), 8, "%d\n", i);
    }
    cr_expect_str_eq(screen_with(lines), last);
}

/* One that looks for it, and writes more at its end than anybody has read yet. */
static void expect_terminal(int descriptor) {
    char script[256];
    snprintf(script, sizeof script,
             "test -t %d && ! test -t %d && stty size <&%d >&%d; "
             "head -c 3000 /dev/zero | tr '\\000' x >&%d",
             descriptor, 3 - descriptor, descriptor, descriptor, descriptor);
    const char *const words[] = {"sh", "-c", script, NULL};
    struct process_options options = {.arguments = (char *const *)words, .limit_ms = 20000};
    struct process process;
    int ours = terminal_open(&options, descriptor);
    cr_assert_eq(process_start(&process, &options), 0);
    terminal_connect(&process, descriptor, ours);
    process_finish(&process);
    const struct bytes *seen = descriptor == STDOUT_FILENO ? &process.output : &process.errors;
    cr_expect_eq(seen->length, sizeof "24 80\n" - 1 + 3000, "%zu bytes", seen->length);
    cr_expect_eq(strncmp(seen->data, "24 80\nxxx", 9), 0, "%.40s", seen->data);
    process_release(&process);
}

Test(terminal, is_the_programs_standard_output) {
    expect_terminal(STDOUT_FILENO);
}

Test(terminal, is_the_programs_standard_error) {
    for (int i = 0; i < 20; i++)
        expect_terminal(STDERR_FILENO);
}

Test(terminal, is_none_where_none_is_asked_for) {
    struct process_options options = {0};
    cr_expect_eq(terminal_open(&options, 0), -1);
    cr_expect_null(options.stdout_path);
    cr_expect_null(options.stderr_path);
}
