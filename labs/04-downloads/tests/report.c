/* Step report: what it came to, for people and for programs. */
#include <jansson.h>

#include "labs/04-downloads/tests/fetching.h"

TestSuite(report);

/* 20 files of 1,000 bytes, two URLs that are not there. */
static struct run *fetch_some(const char *json) {
    char lines[2048];
    struct origin *origin = begin();
    serve_page(origin, whole("/some-*", 1000));
    snprintf(lines, sizeof lines, "%s%s\n%s\n", origin_urls(origin, 1, "/some-", 20),
             origin_url(origin, 1, "/gone"), origin_url(origin, 1, "/lost"));
    struct run *run = fetch_lines(lines, "-j", "4", "--json", json);
    EXPECT_EXIT(run, 1);
    return run;
}

static void expect_said(struct run *run, const char *words) {
    EXPECT(strstr(output(run), words) != NULL, words, "`%.200s`", output(run));
}

Test(report, counts) {
    struct run *run = fetch_some("/dev/null");
    expect_said(run, "20");
    expect_said(run, "2 failed");
    expect_said(run, "20,000");
}

static json_t *read_report(void) {
    json_error_t error;
    json_t *report = json_load_file(output_path("report.json"), 0, &error);
    EXPECT(report != NULL, "JSON", "%s", error.text);
    return report;
}

static int64_t number_of(const json_t *report, const char *name) {
    const json_t *value = json_object_get(report, name);
    EXPECT(json_is_integer(value), "a whole number for each count", "no `%s`", name);
    return json_integer_value(value);
}

Test(report, as_json) {
    fetch_some("out/report.json");
    json_t *report = read_report();
    EXPECT_NUMBER("done", 20, number_of(report, "done"));
    EXPECT_NUMBER("failed", 2, number_of(report, "failed"));
    EXPECT_NUMBER("bytes", 20000, number_of(report, "bytes"));
    json_decref(report);
}

Test(report, exit_status) {
    struct origin *origin = begin();
    serve_page(origin, whole("/*", 1000));
    struct run *run = fetch(origin_url(origin, 1, "/a"));
    EXPECT_EXIT(run, 0);
}
