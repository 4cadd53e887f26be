/* Numbers into text. */
#include "common/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/errors.h"

static const int64_t SHOWN_EVERY_NS = 100000000;

void report_progress(struct report *report) {
    int64_t now_ns = monotonic_ns();
    if (now_ns - report->shown_ns < SHOWN_EVERY_NS)
        return;
    report->shown_ns = now_ns;
    report->shown = isatty(STDERR_FILENO) == 1;
    if (!report->shown)
        return;
    fprintf(stderr, "\r%d done, %d failed, %d in flight, %.1f MiB\033[K", report->done,
            report->failed, report->in_flight, (double)report->bytes / (1 << 20));
}

static void clear(struct report *report) {
    if (report->shown)
        fputs("\r\033[K", stderr);
    report->shown = false;
}

void report_failure(struct report *report, const char *what, const char *why) {
    report->failed++;
    clear(report);
    error_because(what, "%s", why);
}

static void print_times(FILE *file, const char *format, const struct histogram *times_us) {
    fprintf(file, format, (double)histogram_quantile(times_us, 0.50) / 1000,
            (double)histogram_quantile(times_us, 0.95) / 1000,
            (double)histogram_quantile(times_us, 0.99) / 1000);
}

static double wall_ms(const struct report *report) {
    return (double)(monotonic_ns() - report->started_ns) / 1e6;
}

static int print(const struct report *report) {
    printf("done %d, failed %d, %lld bytes in %.1f ms\n", report->done, report->failed,
           (long long)report->bytes, wall_ms(report));
    printf("connections %ld, retries %d\n", report->connections, report->retries);
    print_times(stdout, "first byte: p50 %.3f ms, p95 %.3f ms, p99 %.3f ms\n",
                &report->first_byte_us);
    print_times(stdout, "in total:   p50 %.3f ms, p95 %.3f ms, p99 %.3f ms\n", &report->total_us);
    return fflush(stdout);
}

static void print_json(const struct report *report, FILE *file) {
    static const char times[] = "{\"p50\": %.3f, \"p95\": %.3f, \"p99\": %.3f}";
    fprintf(file,
            "{\"done\": %d, \"failed\": %d, \"retries\": %d, \"connections\": %ld, "
            "\"bytes\": %lld, \"wall_ms\": %.3f, \"first_byte_ms\": ",
            report->done, report->failed, report->retries, report->connections,
            (long long)report->bytes, wall_ms(report));
    print_times(file, times, &report->first_byte_us);
    fputs(", \"total_ms\": ", file);
    print_times(file, times, &report->total_us);
    fputs("}\n", file);
}

static int print_and_close(const struct report *report, FILE *file) {
    if (file == NULL)
        return -1;
    print_json(report, file);
    int printed = fflush(file);
    return fclose(file) != 0 ? -1 : printed;
}

/* Written aside first: nobody ever reads half of it. But what is no plain file, such as a pipe or a
 * device, is written to and must not be replaced. */
static int write_json(const struct report *report, const char *path) {
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return print_and_close(report, fopen(path, "we"));
    char *aside = NULL;
    if (asprintf(&aside, "%s.part", path) < 0)
        return -1;
    int written = print_and_close(report, fopen(aside, "we"));
    if (written == 0)
        written = rename(aside, path);
    if (written != 0) {
        int saved = errno;
        unlink(aside);
        errno = saved;
    }
    free(aside);
    return written;
}

int report_tell(struct report *report, const char *json_path) {
    clear(report);
    int printed = print(report);
    if (printed < 0)
        error_errno("standard output");
    int written = json_path == NULL ? 0 : write_json(report, json_path);
    if (written < 0)
        error_errno(json_path);
    return printed < 0 || written < 0 ? -1 : 0;
}
