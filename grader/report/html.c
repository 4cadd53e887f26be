/* The page as a whole, and its way to the disk.
 *
 * It needs nothing but itself: the style is within, there is no script, and its policy forbids the
 * browser to fetch anything, so a result that slips markup past the escaping still can't act. */
#include "grader/report/html.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/errors.h"
#include "common/io.h"
#include "grader/report/html_parts.h"
#include "grader/report/terminal.h"
#include "grader/result.h"

/* ---- The page ---- */

static void put_head(FILE *out, const json_t *result) {
    const json_t *totals = json_object_get(result, "totals");
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" "
          "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n",
          out);
    html_put(out, "<title>%s: %s of %s</title>\n", result_text(result, "lab"),
             grouped(result_number(totals, "score")), grouped(result_number(totals, "max_score")));
    html_put_style(out);
    fputs("</head>\n", out);
}

static void put_build_failure(FILE *out, const json_t *build) {
    fputs("<section id=\"build\">\n<h2 id=\"build-failed\" class=\"failed\">"
          "<span>✗ It does not build, so nothing could be tested</span></h2>\n"
          "<div class=\"scroll\" role=\"region\" aria-labelledby=\"build-failed\" tabindex=\"0\">",
          out);
    html_put(out, "<pre><samp>%s</samp></pre></div>\n</section>\n", result_text(build, "message"));
}

static void put_page(FILE *out, const json_t *result) {
    const json_t *build = json_object_get(result, "build");
    put_head(out, result);
    fputs("<body>\n", out);
    html_put_summary(out, result);
    fputs("<main>\n", out);
    if (json_is_false(json_object_get(build, "made"))) {
        put_build_failure(out, build);
    } else {
        html_put_steps(out, result);
        html_put_ledgers(out, result);
        html_put_predictions(out, result);
    }
    fputs("</main>\n", out);
    html_put_circumstances(out, result);
    fputs("</body>\n</html>\n", out);
}

/* The caller frees it; NULL with errno. */
static char *make_page(const json_t *result, size_t *length) {
    char *page = NULL;
    FILE *out = open_memstream(&page, length);
    if (out == NULL)
        return NULL;
    put_page(out, result);
    bool whole = !ferror(out);
    if (fclose(out) == 0 && whole)
        return page;
    free(page);
    errno = ENOMEM;
    return NULL;
}

/* ---- The file ---- */

static int write_and_close(int fd, const char *page, size_t length) {
    int written = fd < 0 ? -1 : write_full(fd, page, length);
    int saved = errno;
    if (fd >= 0 && close(fd) < 0)
        return -1;
    errno = saved;
    return written;
}

/* Beside the file first, then in its place: a reader, or a run that is killed, never finds half a
 * page. */
static int replace(const char *path, const char *page, size_t length) {
    char beside[PATH_MAX];
    if (snprintf(beside, sizeof beside, "%s.%ld.new", path, (long)getpid()) >= (int)sizeof beside) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return -1;
    if (write_and_close(fd, page, length) == 0 && rename(beside, path) == 0)
        return 0;
    int saved = errno;
    unlink(beside);
    errno = saved;
    return -1;
}

/* What is there and no plain file (a pipe, a terminal, /dev/full) is written to, not replaced; of a
 * link, the file that it points to is replaced, not the link. */
static int save(const char *path, const char *page, size_t length) {
    char target[PATH_MAX];
    struct stat status;
    if (stat(path, &status) < 0)
        return replace(path, page, length);
    if (!S_ISREG(status.st_mode))
        return write_and_close(open(path, O_WRONLY | O_CLOEXEC), page, length);
    return realpath(path, target) == NULL ? -1 : replace(target, page, length);
}

int html_write(const json_t *result, const char *path) {
    size_t length = 0;
    char *page = make_page(result, &length);
    int saved = page == NULL ? -1 : save(path, page, length);
    if (saved < 0)
        error_errno(path);
    free(page);
    return saved;
}
