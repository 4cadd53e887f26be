/*
 * downloads: what is a parallelism cap for? The program that lab 04 begins with.
 *
 * It fetches one file after another, and while one is on its way nothing else is done. The marks
 * TODO(step) say what to change, in the order of the steps: make one change, run `make check`, look
 * at what the server saw. The command line and the form of the report stay as they are.
 */
#define _GNU_SOURCE 1
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/errors.h"
#include "common/names.h"
#include "common/options.h"
#include "common/report.h"

static struct download_options options;
static struct report report;
static void *names; /* those given to files, common/names.h */

/* The body of an answer, which grows as it comes. */
struct body {
    char *bytes;
    size_t length;
};

/* ---- memory: where the bytes go ---- */

/*
 * TODO(memory): a file may be larger than memory. Write what has come to the disk at once, and keep
 * nothing of it: libcurl waits for you meanwhile, and the sender for libcurl.
 */
static size_t receive_body(char *bytes, size_t one, size_t length, void *argument) {
    struct body *body = argument;
    char *grown = realloc(body->bytes, body->length + length);
    if (grown == NULL)
        return 0;
    memcpy(grown + body->length, bytes, length);
    body->bytes = grown;
    body->length += length;
    return one * length;
}

/*
 * TODO(trouble): whoever looks into the folder meanwhile, or after a crash, takes half a file for a
 * whole one. Write to NAME.part, look at what every call returns, close(2) too, and rename(2) last.
 * When the disk is full say so and leave nothing behind.
 */
static void write_file(const char *name, const struct body *body) {
    FILE *file = fopen(name, "we");
    if (file == NULL) {
        error_errno(name);
        exit(EXIT_FAILURE);
    }
    fwrite(body->bytes, 1, body->length, file);
    fclose(file);
    report.bytes += (int64_t)body->length;
    report.done++;
}

/* ---- all_of_it: a name for each URL ---- */

/*
 * TODO(all_of_it): one bad URL should not keep the others from being fetched: name its line, or its
 * place among the arguments, go on with the next, and exit with status 1 in the end.
 */
static const char *name_of(const char *url) {
    char *path = NULL;
    CURLU *parts = curl_url();
    CURLUcode error = curl_url_set(parts, CURLUPART_URL, url, 0);
    if (error == CURLUE_OK)
        error = curl_url_get(parts, CURLUPART_PATH, &path, 0);
    if (error != CURLUE_OK) {
        error_because(url, "%s", curl_url_strerror(error));
        exit(EXIT_FAILURE);
    }
    const char *name = name_for(&names, path);
    curl_free(path);
    curl_url_cleanup(parts);
    return name;
}

/* ---- reuse: what a transfer needs, and what can stay for the next ---- */

/*
 * TODO(cap): up to --jobs transfers at a time, --per-host of them from one host, and the next one
 * begins as soon as one has ended. One thread is enough for all: add easy handles to a multi handle
 * (curl_multi_add_handle), let it go on (curl_multi_perform), ask what has ended
 * (curl_multi_info_read), and wait for more in one place (curl_multi_poll).
 * TODO(reuse): a handle that has done its work can be given the next URL, and finds the connection
 * still open. --jobs of them are enough for ten thousand files. While nothing comes, wait in the
 * kernel: curl_multi_poll takes a time, and also descriptors of yours.
 * TODO(trouble): a server that is busy (408, 429, 5xx), a connection that breaks, a body that ends
 * too early, and --timeout without a byte may pass: try again up to --retries times, not at once
 * but after a while that doubles and is partly left to chance, or when Retry-After says. Go on
 * where the last attempt broke off (Range, with If-Range: common/validator.h). 404 will not pass.
 * TODO(report): libcurl knows when the first byte came (CURLINFO_STARTTRANSFER_TIME_T) and when the
 * last one did: record both for the report.
 */
static void fetch(const char *url) {
    struct body body = {0};
    const char *name = name_of(url);
    long status = 0;
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(easy);

    if (code != CURLE_OK)
        report_failure(&report, url, curl_easy_strerror(code));
    else if (status != 200)
        report_failure(&report, url, "the server did not answer 200");
    else
        write_file(name, &body);
    free(body.bytes);
}

/* ---- all_of_it: every URL once ---- */

/*
 * TODO(all_of_it): skip blank lines and those that begin with "#".
 * TODO(cap): read a line when there is room for it, and do not wait for one while transfers go on:
 * whoever writes the lines may be slow (common/lines.h).
 */
static void fetch_lines(void) {
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        fetch(line);
    }
    free(line);
}

/*
 * TODO(trouble): SIGINT and SIGTERM end this program wherever it stands. Stop, leave only what a
 * later run can go on from, and exit with status 130.
 * TODO(report): show the progress on a terminal (report_progress), and write the report to --json.
 */
int main(int argc, char **argv) {
    download_options_parse(&options, argc, argv, "What is a parallelism cap for?");
    report.started_ns = monotonic_ns();
    int folder = folder_open(options.folder);
    if (folder < 0 || fchdir(folder) < 0) {
        error_errno(options.folder);
        return EXIT_FAILURE;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    for (; options.urls != NULL && *options.urls != NULL; options.urls++)
        fetch(*options.urls);
    if (options.urls == NULL)
        fetch_lines();
    int told = report_tell(&report, NULL);
    return told == 0 && report.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
