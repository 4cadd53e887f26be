/* Step formats: the same numbers for people, for spreadsheets and for programs. */
#include "labs/05-rss/tests/observing.h"

TestSuite(formats);

enum { COLUMNS = 16, WIDTH = 80 };

static const char *const keys[COLUMNS] = {
    "time_ms",      "vm_size_kib",    "vm_rss_kib",        "rss_anon_kib",
    "rss_file_kib", "rss_shmem_kib",  "pss_kib",           "swap_kib",
    "minor_faults", "major_faults",   "threads",           "processes",
    "cgroup_kib",   "cgroup_max_kib", "cgroup_limit_hits", "cgroup_oom_kills"};

/* A command that is looked at some times and ends with status 3. */
static struct run *observe_some(struct program program) {
    program.talks = true;
    program.limit_ms = LONGEST_MS;
    struct run *run = start(program);
    await_mark(run, "started");
    pause_ms(run, 100);
    go_on(run);
    await_its_end(run);
    EXPECT_EXIT(run, 0);
    return run;
}

#define ENDS_WITH_3 OFTEN, COMMAND("end"), "exit", "3"

Test(formats, json_lines) {
    struct run *run = observe_some((struct program){.arguments = WORDS(AS_JSON, ENDS_WITH_3)});
    struct ended ended = summary_of(run);
    for (int64_t i = 0; i < ended.samples; i++) {
        json_t *sample = parse_line(line_at(run, i));
        EXPECT_NUMBER("keys", COLUMNS, (int64_t)json_object_size(sample));
        for (int key = 0; key < COLUMNS; key++)
            number_or_null(sample, keys[key]);
        json_decref(sample);
    }
    double before_ms = -1;
    for (int64_t i = 0; i < ended.samples; i++) {
        double now_ms = sample_at(run, i).time_ms;
        EXPECT(now_ms > before_ms, "times that grow", "%.3f after %.3f", now_ms, before_ms);
        before_ms = now_ms;
    }
}

/* How many of `c` a line has. */
static int64_t count_in(const char *line, char c) {
    int64_t count = 0;
    for (; *line != '\n' && *line != '\0'; line++)
        count += *line == c;
    return count;
}

Test(formats, csv) {
    struct run *run =
        observe_some((struct program){.arguments = WORDS("--format", "csv", ENDS_WITH_3)});
    int64_t lines = samples_of(run);
    char header[512] = "", summary[64];
    for (int key = 0; key < COLUMNS; key++) {
        size_t length = strlen(header);
        snprintf(header + length, sizeof header - length, "%s%s", keys[key],
                 key < COLUMNS - 1 ? "," : "\n");
    }
    EXPECT(strncmp(line_at(run, 0), header, strlen(header)) == 0, header, "`%.100s`",
           line_at(run, 0));
    EXPECT(lines > 2, "a header, samples and a summary", "%" PRId64 " lines", lines);
    for (int64_t i = 1; i < lines - 1; i++)
        EXPECT_NUMBER("commas", COLUMNS - 1, count_in(line_at(run, i), ','));
    snprintf(summary, sizeof summary, "# samples=%" PRId64 " ending=exited status=3 ", lines - 2);
    EXPECT(strncmp(line_at(run, lines - 1), summary, strlen(summary)) == 0, summary, "`%.100s`",
           line_at(run, lines - 1));
}

Test(formats, a_table) {
    struct run *run = observe_some((struct program){.arguments = WORDS(ENDS_WITH_3)});
    int64_t lines = samples_of(run);
    EXPECT(strstr(line_at(run, 0), "VmRSS") != NULL, "a heading", "`%.80s`", line_at(run, 0));
    EXPECT(lines >= 4, "a heading, a line a sample and a summary", "%" PRId64 " lines", lines);
    for (int64_t i = 0; i < lines; i++)
        expect_between("characters in a line", 1, (int64_t)strcspn(line_at(run, i), "\n"), WIDTH);
    EXPECT(strstr(output(run), "status 3") != NULL, "how it ended", "`%.200s`",
           line_at(run, lines - 1));
    EXPECT(strchr(output(run), '\033') == NULL, "a pipe that gets text alone", "an escape");
}

Test(formats, into_a_file) {
    char first[1024] = "";
    make_output_folder("out", 0);
    struct run *run = observe_some(
        (struct program){.arguments = WORDS(AS_JSON, "-o", "out/samples", ENDS_WITH_3)});
    EXPECT_OUTPUT(run, "");
    FILE *file = fopen(output_path("samples"), "re");
    EXPECT(file != NULL && fgets(first, sizeof first, file) != NULL, "samples in the file", "none");
    fclose(file);
    EXPECT(sample_from(first).vm_rss_kib > 0, "a sample", "`%.80s`", first);
}

static void expect_full(struct program program) {
    program.beside = WORDS("touch", "4096");
    struct run *run = watch_with(program);
    await_its_end(run);
    EXPECT_EXIT(run, 1);
    EXPECT_COMPLAINT(run, "No space left on device");
}

Test(formats, a_full_disk) {
    expect_full(
        (struct program){.stdout_path = "/dev/full", .arguments = WORDS(AS_JSON, OFTEN, NUMBERED)});
    expect_full((struct program){.arguments = WORDS(AS_JSON, "-o", "/dev/full", OFTEN, NUMBERED)});
}

Test(formats, options) {
    const char *const *const impossible[] = {WORDS("-p", "1", "--", "true"),
                                             WORDS("--tree"),
                                             WORDS("-p", "none"),
                                             WORDS("-i", "0", "-p", "1"),
                                             WORDS("-p", "-1"),
                                             WORDS("-i", "1x", "-p", "1"),
                                             WORDS("--format", "xml", "-p", "1"),
                                             WORDS("--nonsense", "-p", "1")};
    for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++) {
        struct run *run = run_program(.arguments = impossible[i]);
        EXPECT_EXIT(run, 2);
        EXPECT_OUTPUT(run, "");
    }
    struct run *run = observe(OFTEN, (SUBJECT("touch")), "--quiet", "--", "4096");
    seen_at(run, "started"); /* what stands behind the command is the command's */
    struct ended ended = end_of(run);
    expect_ending(&ended, "exited");
}

/* A chart that is drawn over itself, on a screen of 24 lines; then the summary. */
Test(formats, on_a_terminal) {
    struct run *run =
        observe_some((struct program){.arguments = WORDS(ENDS_WITH_3), .terminal = STDOUT_FILENO});
    const char *screen = screen_of(run, shown_bytes(run));
    step("the terminal shows:\n%.1500s", screen);
    EXPECT(strchr(output(run), '\033') != NULL, "what moves the cursor", "text alone");
    EXPECT(strstr(screen, "VmRSS") != NULL, "a chart with its numbers", "`%.300s`", screen);
    EXPECT(strstr(strstr(screen, "VmRSS") + 1, "VmRSS") == NULL, "one chart, drawn over itself",
           "two below each other");
    EXPECT(strstr(screen, "status 3") != NULL, "how it ended", "`%.300s`", screen);
}
