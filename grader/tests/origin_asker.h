/* What the tests of the origin ask it with: libcurl, which checks each byte as it comes, and sockets of
 * their own for what no client would send. The kit runs here without `grade`: its settings are a file. */
#pragma once

#include <curl/curl.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/net.h"
#include "grader/testkit/origin.h"
#include "grader/tests/helpers.h"

enum { ANSWER_BYTES = 1 << 20, ASK_LIMIT_MS = 20 * 1000 };

/* For .init of a suite. No program is started, so most of it is never looked at. */
static inline void make_kit(void) {
    static const char settings[] =
        "{\"program\": \"-\", \"program_name\": \"-\", \"launch\": \"-\", \"scratch\": \"%s\","
        "\"logs\": \"%s\", \"records\": \"%s/records\", \"strict\": false,"
        "\"memory_limit_kib\": 0, \"process_limit\": 0, \"tmp_mib\": 0, \"share_network\": true}";
    char *text = NULL;
    const char *folder = own_file("");
    if (asprintf(&text, settings, folder, folder, folder) < 0)
        abort();
    setenv("GROUNDWORK_RUN", make_own_file("settings.json", text), 1);
    free(text);
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- libcurl ---- */

struct asked {
    const struct page *page; /* whose bytes must come; NULL: any */
    int64_t from;            /* their first */
    CURLcode code;
    long status;
    long connects; /* that it took */
    int64_t bytes;
    int64_t wrong; /* bytes that are not the page's */
    int64_t first_byte_ms;
    int64_t total_ms;
};

static inline size_t check_bytes(char *data, size_t size, size_t count, void *context) {
    static char right[CURL_MAX_READ_SIZE];
    struct asked *asked = context;
    if (asked->page != NULL) {
        fill_body(asked->page, asked->from + asked->bytes, right, size * count);
        for (size_t i = 0; memcmp(data, right, size * count) != 0 && i < size * count; i++)
            asked->wrong += data[i] != right[i];
    }
    asked->bytes += (int64_t)(size * count);
    return size * count;
}

static inline int64_t milliseconds_of(CURL *curl, CURLINFO which) {
    curl_off_t microseconds = 0;
    curl_easy_getinfo(curl, which, &microseconds);
    return microseconds / 1000;
}

/* Asks with what the handle is set to. */
static inline struct asked ask_with(CURL *curl, const char *url, const struct page *page,
                                    int64_t from) {
    struct asked asked = {.page = page, .from = from};
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)CURL_MAX_READ_SIZE);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, check_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &asked);
    asked.code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &asked.status);
    curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &asked.connects);
    asked.first_byte_ms = milliseconds_of(curl, CURLINFO_STARTTRANSFER_TIME_T);
    asked.total_ms = milliseconds_of(curl, CURLINFO_TOTAL_TIME_T);
    return asked;
}

static inline struct asked ask_url(const char *url, const struct page *page) {
    CURL *curl = curl_easy_init();
    struct asked asked = ask_with(curl, url, page, 0);
    curl_easy_cleanup(curl);
    return asked;
}

/* Of 127.0.0.1, for a page without a star. */
static inline struct asked ask(struct origin *origin, const struct page *page) {
    return ask_url(origin_url(origin, 1, page->path), page);
}

static inline void expect_right(struct asked asked, long status, int64_t bytes) {
    cr_expect_eq(asked.code, CURLE_OK, "%s", curl_easy_strerror(asked.code));
    cr_expect_eq(asked.status, status, "%ld", asked.status);
    cr_expect_eq(asked.bytes, bytes, "%lld bytes", (long long)asked.bytes);
    cr_expect_eq(asked.wrong, 0, "%lld wrong", (long long)asked.wrong);
}

/* ---- Sockets ---- */

static inline int connect_to(const struct origin *origin) {
    int fd = net_connect("127.0.0.1", (uint16_t)origin_port(origin));
    cr_assert_geq(fd, 0, "%s", strerror(errno));
    net_receive_timeout(fd, ASK_LIMIT_MS);
    return fd;
}

static inline void say(int fd, const char *text) {
    cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* "GET PATH" with any fields, each ending in CR LF. */
static inline void say_get(int fd, const char *path, const char *fields) {
    char text[512];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: test\r\n%s\r\n", path, fields);
    say(fd, text);
}

/* All that comes until the connection ends, as text. */
static inline const char *hear_all(int fd) {
    static char text[ANSWER_BYTES];
    ssize_t length = read_full(fd, text, sizeof text - 1);
    cr_assert_geq(length, 0, "%s", strerror(errno));
    text[length] = '\0';
    close(fd);
    return text;
}

static inline const char *hear_answer_to(const struct origin *origin, const char *path,
                                         const char *fields) {
    char more[256];
    int fd = connect_to(origin);
    snprintf(more, sizeof more, "%sConnection: close\r\n", fields);
    say_get(fd, path, more);
    return hear_all(fd);
}

static inline void expect_part(const char *text, const char *part) {
    cr_expect_not_null(strstr(text, part), "no `%s` in `%.400s`", part, text);
}

/* ---- The origin ---- */

/* What the origin sees comes when its thread has run; a test that waits in vain fails. */
#define AWAIT(condition)                                                                           \
    do {                                                                                           \
        int64_t until_ = deadline_in_ms(ASK_LIMIT_MS);                                             \
        while (!(condition) && milliseconds_left(until_) > 0)                                      \
            usleep(500);                                                                           \
        cr_assert(condition);                                                                      \
    } while (0)
