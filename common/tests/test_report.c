/* Tests of common/report: the summary, the JSON and where it goes, and progress on terminals only. */
#define _GNU_SOURCE 1
#include "common/report.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/io.h"

TestSuite(report, .timeout = 60);

static char folder[64];

static const char *file_in_folder(const char *name) {
    static char path[128];
    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "/tmp/groundwork-report-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void remove_folder(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (folder[0] != '\0')
        cr_expect_eq(system(command), 0);
}

/* Puts a file in the place of one of the three standard streams; returns its descriptor. */
static int stand_in(int stream) {
    int fd =
        open(file_in_folder("stream"), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    cr_assert_geq(dup2(fd, stream), 0);
    return fd;
}

static char *text_of(int fd) {
    lseek(fd, 0, SEEK_SET);
    return read_whole(fd, 1 << 20, NULL);
}

static struct report *example(void) {
    struct report *report = calloc(1, sizeof *report);
    report->done = 100;
    report->failed = 2;
    report->retries = 3;
    report->connections = 8;
    report->bytes = 5000000000;
    report->started_ns = monotonic_ns() - 1500000000;
    for (uint64_t i = 1; i <= 100; i++) {
        histogram_record(&report->first_byte_us, i);
        histogram_record(&report->total_us, 50000);
    }
    return report;
}

Test(report, tells_everything_on_standard_output, .fini = remove_folder) {
    int fd = stand_in(STDOUT_FILENO);
    cr_expect_eq(report_tell(example(), NULL), 0);
    const char *text = text_of(fd);
    cr_expect_not_null(strstr(text, "done 100, failed 2, 5000000000 bytes in 150"), "%s", text);
    cr_expect_not_null(strstr(text, "\nconnections 8, retries 3\n"), "%s", text);
    cr_expect_not_null(strstr(text, "\nfirst byte: p50 0.050 ms, p95 0.095 ms, p99 0.099 ms\n"),
                       "%s", text);
    cr_expect_not_null(strstr(text, "\nin total:   p50 50.000 ms, p95 50.000 ms, p99 50.000 ms\n"),
                       "%s", text);
}

static double number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    cr_expect(json_is_number(value), "%s", key);
    return json_number_value(value);
}

Test(report, writes_the_same_as_json, .fini = remove_folder) {
    stand_in(STDOUT_FILENO);
    const char *path = file_in_folder("report.json");
    cr_assert_eq(report_tell(example(), path), 0);
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(json);
    cr_expect_eq(json_object_size(json), 8);
    cr_expect_eq(number(json, "done"), 100);
    cr_expect_eq(number(json, "failed"), 2);
    cr_expect_eq(number(json, "retries"), 3);
    cr_expect_eq(number(json, "connections"), 8);
    cr_expect_eq(number(json, "bytes"), 5000000000);
    cr_expect_geq(number(json, "wall_ms"), 1500);
    cr_expect_float_eq(number(json_object_get(json, "first_byte_ms"), "p99"), 0.099, 1e-9);
    cr_expect_float_eq(number(json_object_get(json, "total_ms"), "p50"), 50, 1e-9);
    cr_expect_neq(access(file_in_folder("report.json.part"), F_OK), 0);
    json_decref(json);
}

Test(report, replaces_the_report_before, .fini = remove_folder) {
    stand_in(STDOUT_FILENO);
    const char *path = file_in_folder("report.json");
    int before = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_eq(write(before, "before", 6), 6);
    cr_assert_eq(report_tell(example(), path), 0);
    cr_expect_str_eq(text_of(before), "before", "whoever has it open reads on in it");
    json_t *json = json_load_file(path, 0, NULL);
    cr_expect_not_null(json);
    json_decref(json);
}

/* A rename would put a plain file in the place of a device: of /dev/full, for who may. */
Test(report, writes_to_what_is_no_plain_file_and_leaves_it, .fini = remove_folder) {
    struct stat status;
    stand_in(STDOUT_FILENO);
    const char *path = file_in_folder("fifo");
    cr_assert_eq(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    cr_expect_eq(report_tell(example(), path), 0);
    char text[1024] = "";
    cr_expect_gt(read(reader, text, sizeof text - 1), 0);
    cr_expect_not_null(strstr(text, "\"done\": 100"), "%s", text);
    cr_expect_eq(stat(path, &status), 0);
    cr_expect(S_ISFIFO(status.st_mode));
}

Test(report, that_cannot_be_written_is_told_in_a_line, .fini = remove_folder) {
    stand_in(STDOUT_FILENO);
    char path[160];
    snprintf(path, sizeof path, "%s/none/report.json", file_in_folder(""));
    int fd = stand_in(STDERR_FILENO);
    cr_expect_eq(report_tell(example(), path), -1);
    const char *text = text_of(fd);
    cr_expect_not_null(strstr(text, "report.json: No such file or directory\n"), "%s", text);
}

Test(report, that_cannot_be_printed_is_told_in_a_line, .fini = remove_folder) {
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    cr_assert_geq(dup2(full, STDOUT_FILENO), 0);
    int fd = stand_in(STDERR_FILENO);
    cr_expect_eq(report_tell(example(), NULL), -1);
    const char *text = text_of(fd);
    cr_expect_not_null(strstr(text, "standard output: No space left on device\n"), "%s", text);
}

Test(report, counts_failures_and_tells_them, .fini = remove_folder) {
    struct report *report = example();
    int fd = stand_in(STDERR_FILENO);
    report_failure(report, "line 3", "100 % wrong");
    const char *text = text_of(fd);
    cr_expect_eq(report->failed, 3);
    cr_expect_not_null(strstr(text, ": line 3: 100 % wrong\n"), "%s", text);
}

Test(report, shows_no_progress_in_a_file, .fini = remove_folder) {
    int fd = stand_in(STDERR_FILENO);
    report_progress(example());
    cr_expect_str_empty(text_of(fd));
}

/* Standard error becomes a terminal, whose other end is returned. */
static int become_terminal(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    cr_assert_eq(grantpt(master), 0);
    cr_assert_eq(unlockpt(master), 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    cr_assert_geq(dup2(terminal, STDERR_FILENO), 0);
    return master;
}

/* All that was written to it: what is on its way arrives when somebody looks, with poll(2). */
static const char *seen_on(int master) {
    static char text[1024];
    struct pollfd ready = {.fd = master, .events = POLLIN};
    size_t length = 0;
    while (poll(&ready, 1, 20) > 0 && length < sizeof text - 1) {
        ssize_t count = read(master, text + length, sizeof text - 1 - length);
        if (count <= 0)
            break;
        length += (size_t)count;
    }
    text[length] = '\0';
    return text;
}

Test(report, shows_progress_on_a_terminal_and_clears_it, .fini = remove_folder) {
    struct report *report = example();
    stand_in(STDOUT_FILENO);
    int master = become_terminal();
    report->in_flight = 4;
    report_progress(report);
    cr_expect_str_eq(seen_on(master), "\r100 done, 2 failed, 4 in flight, 4768.4 MiB\033[K");
    report_progress(report);
    cr_expect_str_empty(seen_on(master), "at most ten times a second");
    report_failure(report, "a", "b");
    const char *text = seen_on(master);
    cr_expect_eq(strncmp(text, "\r\033[K", 4), 0, "the line makes room: %s", text);
    report->shown_ns = 0;
    report_progress(report);
    cr_expect_neq(seen_on(master)[0], '\0');
    cr_expect_eq(report_tell(report, NULL), 0);
    cr_expect_str_eq(seen_on(master), "\r\033[K");
}
