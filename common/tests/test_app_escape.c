/*
 * Tests of common/app's /files/ against paths that try to lead out of the root, and against what is
 * not a file. Beside the root lies a secret; no reply may have it in it.
 */
#define _GNU_SOURCE 1 /* memmem, renameat2 */
#include "common/tests/app_exchange.h"

#include "common/app_files.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#define SECRET "the secret beside the root"

static struct app app;

static void make_files(void) {
    make_base();
    make_file("secret.txt", SECRET);
    make_folder("outside");
    make_file("outside/secret.txt", SECRET);
    make_folder("root/deep");
    make_folder("root/deep/er");
    make_file("root/deep/er/file.txt", "deep");
    make_file("root/plain.txt", "plain");
    make_file("root/with space.txt", "space");
    make_file("root/100%.txt", "percent");
    make_file("root/%2e%2e", "a name with percent signs");
    make_file("root/...", "three dots");
    make_file("root/..x", "two dots and more");
    make_file("root/na\xc3\xafve?#&.txt", "bytes");
    make_link("root/to-file", "plain.txt");
    make_link("root/to-folder", "deep");
    make_link("root/to-secret", "../secret.txt");
    make_link("root/to-outside", "../outside");
    make_link("root/to-everything", "/");
    make_link("root/to-itself", "to-itself");
    make_link("root/to-root", ".");
    make_link("root/deep/up", "..");
    make_link("root/absolute", under("secret.txt"));
    cr_assert(mkfifo(under("root/fifo"), 0644) == 0);
    cr_assert(mknod(under("root/socket"), S_IFSOCK | 0644, 0) == 0);
    open_app(&app);
}

static void remove_files(void) {
    app_close(&app);
    remove_base();
}

TestSuite(app_escape, .timeout = 60, .init = make_files, .fini = remove_files);

static struct received ask_for(const char *path) {
    static char request[HTTP_REQUEST_BYTES];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: here\r\n\r\n", path);
    return ask(&app, request);
}

static void expect_no_secret(const char *path, const struct received *received) {
    cr_expect(memmem(received->body, received->body_length, SECRET, strlen(SECRET)) == NULL,
              "%s: told the secret", path);
}

static const char *const found[][2] = {
    {"/files/plain.txt", "plain"},
    {"/files/plain.txt?x=/../..", "plain"},
    {"/files/%70lain%2Etxt", "plain"},
    {"/files/deep/er/file.txt", "deep"},
    {"/files/%64eep/er/file%2etxt", "deep"},
    {"/files/with%20space.txt", "space"},
    {"/files/100%25.txt", "percent"},
    {"/files/%252e%252e", "a name with percent signs"},
    {"/files/...", "three dots"},
    {"/files/..x", "two dots and more"},
    {"/files/na%C3%AFve%3F%23%26.txt", "bytes"},
    {"/files/na%c3%afve%3f%23&.txt", "bytes"},
};

Test(app_escape, names_are_decoded_once_and_found) {
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        struct received received = ask_for(found[i][0]);
        cr_expect(status_of(&received) == 200, "%s: seen %d", found[i][0], status_of(&received));
        cr_expect(has_body(&received, found[i][1]), "%s: seen '%.*s'", found[i][0],
                  (int)received.body_length, received.body);
    }
}

static const char *const absent[] = {
    "/files/",
    "/files//",
    "/files/missing",
    "/files/plain.tx",
    "/files/PLAIN.txt",
    "/files/plain.txt%20",
    /* folders, files taken for folders, components of nothing */
    "/files/deep",
    "/files/deep/",
    "/files/plain.txt/",
    "/files/plain.txt/x",
    "/files//plain.txt",
    "/files/deep//er/file.txt",
    "/files/./plain.txt",
    "/files/deep/./er/file.txt",
    "/files/deep/.",
    /* up */
    "/files/..",
    "/files/../secret.txt",
    "/files/deep/../plain.txt",
    "/files/deep/../../secret.txt",
    "/files/deep/er/../../../secret.txt",
    "/files/...../secret.txt",
    "/files/..;/secret.txt",
    "/files/../root/plain.txt",
    /* up, encoded: once, twice, in part */
    "/files/%2e%2e/secret.txt",
    "/files/%2E%2E/secret.txt",
    "/files/.%2e/secret.txt",
    "/files/%2e./secret.txt",
    "/files/%252e%252e/secret.txt",
    "/files/..%2fsecret.txt",
    "/files/..%2Fsecret.txt",
    "/files/%2e%2e%2fsecret.txt",
    "/files/..%5csecret.txt",
    "/files/..%c0%afsecret.txt",
    "/files/..%252fsecret.txt",
    "/files/%2e/plain.txt",
    /* absolute */
    "/files//etc/passwd",
    "/files/%2fetc/passwd",
    "/files/%2Fetc%2Fpasswd",
    "/files///////etc/passwd",
    /* slashes and NULs in a name */
    "/files/deep%2fer/file.txt",
    "/files/plain.txt%00",
    "/files/plain.txt%00.html",
    "/files/%00",
    "/files/deep/%00/../../secret.txt",
    /* links, at the end and on the way, inside and out */
    "/files/to-file",
    "/files/to-folder",
    "/files/to-folder/er/file.txt",
    "/files/to-secret",
    "/files/to-outside/secret.txt",
    "/files/to-everything/etc/passwd",
    "/files/to-itself",
    "/files/to-itself/x",
    "/files/to-root/plain.txt",
    "/files/deep/up/plain.txt",
    "/files/deep/up/../secret.txt",
    "/files/absolute",
    "/files/to-root/to-secret",
    /* what is no file */
    "/files/fifo",
    "/files/socket",
    "/files/fifo/x",
    "/files/socket/x",
};

Test(app_escape, no_path_leads_out_and_what_is_no_file_is_not_found) {
    int before = next_descriptor();
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        struct received received = ask_for(absent[i]);
        cr_expect(status_of(&received) == 404, "%s: seen %d", absent[i], status_of(&received));
        expect_no_secret(absent[i], &received);
    }
    cr_expect(next_descriptor() == before, "a descriptor is left open");
}

static const char *const badly_encoded[] = {
    "%",          "%2",      "%zz",  "%2z", "%z2", "deep/%", "deep/%/er",
    "plain.txt%", "%%35%63", "% 2e", "%+1", "%-1", "%0x41",
};

/* Asked below the parser, which refuses these itself. */
Test(app_escape, a_percent_sign_without_two_digits_is_a_bad_request) {
    int before = next_descriptor();
    struct http_request request = {.method = HTTP_GET};
    for (size_t i = 0; i < sizeof badly_encoded / sizeof *badly_encoded; i++) {
        struct http_span path = {0, (uint16_t)strlen(badly_encoded[i])};
        struct file_answer answer;
        files_answer(app.root, &request, badly_encoded[i], path, LONG_AGO, &answer);
        cr_expect(answer.status == 400 && answer.file == -1, "%s: seen %d", badly_encoded[i],
                  answer.status);
    }
    cr_expect(next_descriptor() == before);
    /* The digits must lie within the path. */
    struct file_answer answer;
    files_answer(app.root, &request, "plain.tx%74", (struct http_span){0, 10}, LONG_AGO, &answer);
    cr_expect(answer.status == 400, "seen %d", answer.status);
    struct received received = ask_for("/files/%2");
    cr_expect(status_of(&received) == 400);
}

/* A path of one component, repeated. */
static void repeat(char *path, size_t size, const char *component, size_t times, const char *last) {
    size_t length = (size_t)snprintf(path, size, "/files/");
    for (size_t i = 0; i < times; i++)
        length += (size_t)snprintf(path + length, size - length, "%s", component);
    snprintf(path + length, size - length, "%s", last);
}

Test(app_escape, long_paths_and_long_names_are_followed_as_far_as_they_go) {
    char path[HTTP_LINE_BYTES];
    char name[HTTP_LINE_BYTES + 5] = "root";
    for (size_t i = 0; i < 40; i++) {
        snprintf(name + strlen(name), sizeof name - strlen(name), "/d");
        make_folder(name);
    }
    snprintf(name + strlen(name), sizeof name - strlen(name), "/end");
    make_file(name, "forty folders down");
    repeat(path, sizeof path, "d/", 40, "end");
    struct received deep = ask_for(path);
    cr_expect(has_body(&deep, "forty folders down"));

    int before = next_descriptor();
    repeat(path, sizeof path, "d/", 3900, "end");
    struct received too_deep = ask_for(path);
    cr_expect(status_of(&too_deep) == 404);
    repeat(path, sizeof path, "x", 255, "");
    snprintf(name, sizeof name, "root/%s", path + strlen("/files/"));
    make_file(name, "255 bytes");
    struct received longest = ask_for(path);
    cr_expect(has_body(&longest, "255 bytes"));
    repeat(path, sizeof path, "x", 256, "");
    struct received too_long = ask_for(path);
    cr_expect(status_of(&too_long) == 404);
    repeat(path, sizeof path, "%78", 255, "");
    struct received encoded = ask_for(path);
    cr_expect(has_body(&encoded, "255 bytes"));
    cr_expect(next_descriptor() == before);
}

Test(app_escape, a_file_that_may_not_be_read_is_not_found) {
    make_file("root/private.txt", "private");
    cr_assert(chmod(under("root/private.txt"), 0) == 0);
    make_folder("root/private");
    make_file("root/private/file.txt", "private");
    cr_assert(chmod(under("root/private"), 0) == 0);
    /* root may read anything: be somebody else meanwhile */
    bool is_root = geteuid() == 0;
    if (is_root && seteuid(65534) == -1)
        cr_skip_test("is root and can't be anybody else here");
    struct received file = ask_for("/files/private.txt");
    struct received folder = ask_for("/files/private/file.txt");
    struct received plain = ask_for("/files/plain.txt");
    cr_assert(!is_root || seteuid(0) == 0);
    cr_expect(status_of(&file) == 404 && status_of(&folder) == 404);
    cr_expect(status_of(&plain) == 200, "the others may be read");
    cr_assert(chmod(under("root/private"), 0755) == 0);
}

/* Leaves room for so many descriptors more. */
static void limit_descriptors(int more) {
    struct rlimit limit;
    cr_assert(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = (rlim_t)next_descriptor() + (rlim_t)more;
    cr_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

Test(app_escape, out_of_descriptors_is_503_and_passes) {
    struct rlimit before;
    cr_assert(getrlimit(RLIMIT_NOFILE, &before) == 0);
    int first_free = next_descriptor();
    limit_descriptors(1);
    struct received deep = ask_for("/files/deep/er/file.txt"); /* the second folder is too much */
    struct received shallow = ask_for("/files/plain.txt");
    setrlimit(RLIMIT_NOFILE, &before);
    limit_descriptors(0);
    struct received none = ask_for("/files/plain.txt");
    struct received stats = ask_for("/stats");
    struct received hello = ask_for("/hello");
    setrlimit(RLIMIT_NOFILE, &before);
    cr_expect(status_of(&deep) == 503 && status_of(&shallow) == 200);
    cr_expect(status_of(&none) == 503 && status_of(&stats) == 503 && status_of(&hello) == 200);
    cr_expect(next_descriptor() == first_free);
    struct received again = ask_for("/files/deep/er/file.txt");
    cr_expect(has_body(&again, "deep"));
}

static atomic_bool enough;

/* `deep` is a folder, then a link to outside, then a folder. */
static void *swap(void *unused) {
    (void)unused;
    char one[PATH_MAX];
    char other[PATH_MAX];
    snprintf(one, sizeof one, "%s/root/swapped", base);
    snprintf(other, sizeof other, "%s/root/to-outside", base);
    while (!atomic_load(&enough))
        renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
    return NULL;
}

/* One who looks at a component first, and opens it then, was seen to be led out 20 to 83 times. */
Test(app_escape, a_folder_swapped_for_a_link_meanwhile_leads_nowhere) {
    enum { TIMES = 100 * 1000 };
    make_folder("root/swapped");
    make_file("root/swapped/secret.txt", "not that one");
    char data[] = GET("/files/swapped/secret.txt");
    struct http_parser parser = {0};
    cr_assert(http_parse(&parser, data, strlen(data)) == HTTP_REQUEST);
    pthread_t swapper;
    cr_assert(pthread_create(&swapper, NULL, swap, NULL) == 0);
    int led_out = 0;
    for (int i = 0; i < TIMES; i++) { /* no assertion in here: each takes longer than a request */
        char taken[2 * APP_TEXT_BYTES];
        struct reply reply;
        app_answer(&app, &parser.request, data, false, &reply);
        ssize_t length = reply_take(&reply, taken, sizeof taken);
        reply_release(&reply);
        led_out += length == -1 || memmem(taken, (size_t)length, SECRET, strlen(SECRET)) != NULL;
    }
    atomic_store(&enough, true);
    pthread_join(swapper, NULL);
    cr_expect(led_out == 0, "told the secret %d times", led_out);
}

Test(app_escape, a_root_that_is_no_folder_is_refused_and_no_root_has_no_files) {
    struct app other;
    errno = 0;
    cr_expect(app_open(&other, under("missing")) == -1 && errno == ENOENT);
    errno = 0;
    cr_expect(app_open(&other, under("secret.txt")) == -1 && errno == ENOTDIR);
    cr_expect(app_open(&other, NULL) == 0);
    cr_assert(chdir(under("root")) == 0); /* which is not a root either */
    struct received received = ask(&other, GET("/files/plain.txt"));
    cr_expect(status_of(&received) == 404);
    app_close(&other);
    app_close(&other); /* twice is harmless */
}
