/* Tests of common/sample: the three formats to the byte, sums, and streams that can't be written. */
#define _GNU_SOURCE 1
#include "common/sample.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(sample, .timeout = 20);

static const struct sample example = {.time_ns = 1234567890,
                                      .vm_size_kib = 2097152,
                                      .vm_rss_kib = 10240,
                                      .rss_anon_kib = 8192,
                                      .rss_file_kib = 1536,
                                      .rss_shmem_kib = 512,
                                      .pss_kib = 9000,
                                      .swap_kib = 64,
                                      .minor_faults = 12345,
                                      .major_faults = 7,
                                      .threads = 3,
                                      .processes = 2,
                                      .cgroup_kib = 20480,
                                      .cgroup_max_kib = 65536,
                                      .cgroup_limit_hits = 4,
                                      .cgroup_oom_kills = 1};
static const struct sample unknown = SAMPLE_UNKNOWN;

static char *text;
static size_t length;

static FILE *memory(void) {
    FILE *file = open_memstream(&text, &length);
    cr_assert_not_null(file);
    return file;
}

static const char *printed_sample(enum format format, const struct sample *sample) {
    FILE *file = memory();
    cr_assert_eq(print_sample(file, format, sample), 0);
    fclose(file);
    return text;
}

static const char *printed_summary(enum format format, const struct summary *summary) {
    FILE *file = memory();
    cr_assert_eq(print_summary(file, format, summary), 0);
    fclose(file);
    return text;
}

static const char *printed_header(enum format format) {
    FILE *file = memory();
    cr_assert_eq(print_header(file, format), 0);
    fclose(file);
    return text;
}

static const char names[] =
    "time_ms,vm_size_kib,vm_rss_kib,rss_anon_kib,rss_file_kib,rss_shmem_kib,pss_kib,swap_kib,"
    "minor_faults,major_faults,threads,processes,cgroup_kib,cgroup_max_kib,cgroup_limit_hits,"
    "cgroup_oom_kills\n";

Test(sample, csv_has_its_names_in_order) {
    cr_assert_str_eq(printed_header(FORMAT_CSV), names);
}

Test(sample, csv_has_each_number_under_its_name) {
    cr_assert_str_eq(printed_sample(FORMAT_CSV, &example),
                     "1234.567,2097152,10240,8192,1536,512,9000,64,12345,7,3,2,20480,65536,4,1\n");
}

Test(sample, csv_leaves_empty_what_is_unknown) {
    cr_assert_str_eq(printed_sample(FORMAT_CSV, &unknown), ",,,,,,,,,,,,,,,\n");
}

Test(sample, zero_is_a_number) {
    const struct sample zero = {0};
    cr_assert_str_eq(printed_sample(FORMAT_CSV, &zero), "0.000,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0\n");
}

Test(sample, json_has_no_header) {
    cr_assert_str_eq(printed_header(FORMAT_JSON), "");
}

Test(sample, json_is_an_object_a_line_with_the_names_of_the_csv) {
    char *rest = strdup(names);
    const char *line = printed_sample(FORMAT_JSON, &example);
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_eq(strchr(line, '\n') + 1 - line, (ptrdiff_t)length);
    cr_assert_eq(json_object_size(object), 16);
    char *begin = rest;
    for (char *name; (name = strsep(&rest, ",\n")) != NULL && *name != '\0';)
        cr_expect(json_is_number(json_object_get(object, name)), "%s", name);
    cr_assert_float_eq(json_real_value(json_object_get(object, "time_ms")), 1234.567, 1e-9);
    cr_assert_eq(json_integer_value(json_object_get(object, "cgroup_oom_kills")), 1);
    json_decref(object);
    free(begin);
}

Test(sample, json_says_null_of_what_is_unknown) {
    json_t *object = json_loads(printed_sample(FORMAT_JSON, &unknown), 0, NULL), *value;
    const char *name;
    cr_assert_eq(json_object_size(object), 16);
    json_object_foreach (object, name, value)
        cr_expect(json_is_null(value), "%s", name);
    json_decref(object);
}

Test(sample, numbers_of_any_size_stay_whole) {
    struct sample large = unknown;
    large.vm_size_kib = INT64_MAX;
    cr_assert_not_null(strstr(printed_sample(FORMAT_JSON, &large), ":9223372036854775807,"));
}

/* ---- the table ---- */

static size_t columns_of(const char *line) {
    size_t count = 0;
    for (; *line != '\0'; line++)
        count += *line != ' ' && (line[1] == ' ' || line[1] == '\n');
    return count;
}

Test(sample, the_table_fits_80_columns_and_its_rows_are_aligned) {
    struct sample large = example;
    large.vm_size_kib = 999999 * INT64_C(1024);
    large.time_ns = INT64_C(9999000000000);
    const char *header = printed_header(FORMAT_TABLE);
    size_t width = strlen(header), columns = columns_of(header);
    cr_assert_leq(width, 80, "%zu, its newline included", width);
    const struct sample *const samples[] = {&example, &unknown, &large};
    for (int i = 0; i < 3; i++) {
        const char *row = printed_sample(FORMAT_TABLE, samples[i]);
        cr_expect_eq(strlen(row), width, "%s", row);
        cr_expect_eq(columns_of(row), columns, "%s", row);
    }
}

Test(sample, the_table_has_mebibytes_with_a_digit) {
    const char *row = printed_sample(FORMAT_TABLE, &example);
    cr_assert_not_null(strstr(row, " 1.23 "));
    cr_assert_not_null(strstr(row, " 2048.0 "));
    cr_assert_not_null(strstr(row, " 1.5 "));
    cr_assert_not_null(strstr(row, " 12345 "));
}

/* ---- summaries ---- */

static const struct summary exited = {.samples = 12,
                                      .ending = ENDING_EXITED,
                                      .status = 3,
                                      .signal = UNKNOWN,
                                      .peak_kib = 4096,
                                      .peak_time_ns = 250000000,
                                      .peak_source = PEAK_WAIT4};

Test(sample, summary_in_json) {
    cr_assert_str_eq(printed_summary(FORMAT_JSON, &exited),
                     "{\"samples\":12,\"ending\":\"exited\",\"status\":3,\"signal\":null,"
                     "\"peak_kib\":4096,\"peak_time_ms\":250.000,\"peak_source\":\"wait4\"}\n");
}

Test(sample, summary_in_csv) {
    cr_assert_str_eq(printed_summary(FORMAT_CSV, &exited),
                     "# samples=12 ending=exited status=3 signal= peak_kib=4096 "
                     "peak_time_ms=250.000 peak_source=wait4\n");
}

Test(sample, a_summary_of_nothing_is_json_as_well) {
    const struct summary nothing = {.ending = ENDING_ENDED,
                                    .status = UNKNOWN,
                                    .signal = UNKNOWN,
                                    .peak_kib = UNKNOWN,
                                    .peak_time_ns = UNKNOWN,
                                    .peak_source = PEAK_SAMPLED};
    json_t *object = json_loads(printed_summary(FORMAT_JSON, &nothing), 0, NULL);
    cr_assert(json_is_null(json_object_get(object, "peak_kib")));
    cr_assert(json_is_null(json_object_get(object, "peak_time_ms")));
    cr_assert_str_eq(json_string_value(json_object_get(object, "peak_source")),
                     "sampled, may miss");
    json_decref(object);
    cr_assert_null(strstr(printed_summary(FORMAT_TABLE, &nothing), "peak"));
}

Test(sample, each_ending_has_its_name) {
    static const char *const endings[] = {"exited", "killed", "oom_killed",
                                          "ended",  "zombie", "stopped"};
    struct summary summary = exited;
    for (int i = ENDING_EXITED; i <= ENDING_STOPPED; i++) {
        char expected[64];
        summary.ending = (enum ending)i;
        snprintf(expected, sizeof expected, "\"ending\":\"%s\",", endings[i]);
        cr_expect_not_null(strstr(printed_summary(FORMAT_JSON, &summary), expected), "%s", text);
    }
}

Test(sample, summaries_in_words) {
    struct summary summary = exited;
    cr_assert_str_eq(printed_summary(FORMAT_TABLE, &summary),
                     "12 samples; it exited with status 3.\n"
                     "peak 4.0 MiB (wait4); the largest sample at 0.25 s.\n");
    summary.samples = 1;
    summary.ending = ENDING_KILLED;
    summary.signal = SIGSEGV;
    cr_assert(strstr(printed_summary(FORMAT_TABLE, &summary),
                     "1 sample; it was killed by SIGSEGV.\n") == text);
    summary.ending = ENDING_OOM_KILLED;
    cr_assert_not_null(strstr(printed_summary(FORMAT_TABLE, &summary), "out of memory"));
    summary.ending = ENDING_ZOMBIE;
    cr_assert_not_null(strstr(printed_summary(FORMAT_TABLE, &summary), "zombie"));
    summary.ending = ENDING_STOPPED;
    cr_assert_not_null(strstr(printed_summary(FORMAT_TABLE, &summary), "it goes on"));
}

/* ---- sums ---- */

Test(sample, a_sum_is_of_processes_and_leaves_time_and_group) {
    struct sample sum = example;
    sample_add(&sum, &example);
    cr_assert_eq(sum.time_ns, example.time_ns);
    cr_assert_eq(sum.vm_size_kib, 2 * example.vm_size_kib);
    cr_assert_eq(sum.pss_kib, 2 * example.pss_kib);
    cr_assert_eq(sum.major_faults, 2 * example.major_faults);
    cr_assert_eq(sum.processes, 4);
    cr_assert_eq(sum.cgroup_kib, example.cgroup_kib);
    cr_assert_eq(sum.cgroup_max_kib, example.cgroup_max_kib);
    cr_assert_eq(sum.cgroup_limit_hits, example.cgroup_limit_hits);
    cr_assert_eq(sum.cgroup_oom_kills, example.cgroup_oom_kills);
}

Test(sample, what_is_unknown_of_one_is_unknown_of_all) {
    struct sample left = example, right = example;
    left.pss_kib = UNKNOWN;
    right.swap_kib = UNKNOWN;
    sample_add(&left, &right);
    cr_assert_eq(left.pss_kib, UNKNOWN);
    cr_assert_eq(left.swap_kib, UNKNOWN);
    cr_assert_eq(left.vm_rss_kib, 2 * example.vm_rss_kib);
}

/* ---- streams ---- */

Test(sample, a_line_leaves_at_once) {
    int ends[2];
    char line[1024];
    cr_assert_eq(pipe(ends), 0);
    FILE *file = fdopen(ends[1], "w");
    cr_assert_eq(print_sample(file, FORMAT_JSON, &example), 0);
    ssize_t got = read(ends[0], line, sizeof line);
    cr_assert_gt(got, 0);
    cr_assert_eq(line[got - 1], '\n');
    fclose(file);
}

Test(sample, a_full_disk_is_told_by_each) {
    FILE *full = fopen("/dev/full", "w");
    cr_assert_eq(print_header(full, FORMAT_CSV), -1);
    cr_assert_eq(errno, ENOSPC);
    cr_assert_eq(print_sample(full, FORMAT_CSV, &example), -1);
    cr_assert_eq(print_summary(full, FORMAT_CSV, &exited), -1);
    fclose(full);
}

Test(sample, nobody_reads_the_pipe) {
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    cr_assert_eq(pipe(ends), 0);
    close(ends[0]);
    FILE *file = fdopen(ends[1], "w");
    cr_assert_eq(print_sample(file, FORMAT_TABLE, &example), -1);
    cr_assert_eq(errno, EPIPE);
    fclose(file);
}
