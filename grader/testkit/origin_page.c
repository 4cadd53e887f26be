/* What a request is answered with: the page that is meant, the part of it that was asked for, and its
 * head. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "grader/testkit/origin_parts.h"

enum { MOST_FIELD_BYTES = 2048 }; /* five of them fit a head */

/* ---- Which page ---- */

static bool is_for(const struct kept_page *kept, const struct request *request, uint64_t hash) {
    const struct page *page = &kept->page;
    if (page->host != 0 && page->host != request->host)
        return false;
    return (kept->has_star || kept->hash == hash) && path_is(page->path, request->path);
}

/* Those with a number of times, in turn; else the last whole path, else the last with a star. Which one's
 * turn it is follows from how often the URL was asked for, so nothing has to be counted here. */
struct page page_for(const struct origin *origin, const struct request *request) {
    const uint64_t hash = hash_of(request->path, strlen(request->path), 0);
    const struct kept_page *found = NULL;
    int attempt = request->attempt;
    for (size_t i = 0; i < origin->page_count; i++) {
        const struct kept_page *each = &origin->pages[i];
        if (!is_for(each, request, hash))
            continue;
        if (each->page.times > 0 && attempt <= each->page.times)
            return each->page;
        attempt -= each->page.times;
        if (each->page.times == 0 && (found == NULL || !each->has_star || found->has_star))
            found = each;
    }
    return found != NULL ? found->page : (struct page){.status = 404};
}

static char *copy(const char *text) {
    if (text != NULL && strlen(text) > MOST_FIELD_BYTES)
        unmeasured("a page has a field of over %d bytes", MOST_FIELD_BYTES);
    char *copied = text == NULL ? NULL : strdup(text);
    if (text != NULL && copied == NULL)
        unmeasured("out of memory");
    return copied;
}

static struct kept_page kept_copy(struct page page) {
    size_t length = strlen(page.path);
    bool has_star = length > 0 && page.path[length - 1] == '*';
    page.path = copy(page.path);
    page.location = copy(page.location);
    page.retry_after = copy(page.retry_after);
    page.etag = copy(page.etag);
    page.last_modified = copy(page.last_modified);
    page.fields = copy(page.fields);
    if (page.status == 0)
        page.status = page.location != NULL ? 302 : 200;
    return (struct kept_page){page, hash_of(page.path, length, 0), has_star};
}

void serve_page(struct origin *origin, struct page page) {
    const struct kept_page kept = kept_copy(page);
    pthread_mutex_lock(&origin->lock);
    size_t bytes = (origin->page_count + 1) * sizeof *origin->pages;
    struct kept_page *pages = realloc(origin->pages, bytes);
    if (pages != NULL) {
        pages[origin->page_count++] = kept;
        origin->pages = pages;
    }
    pthread_mutex_unlock(&origin->lock);
    if (pages == NULL)
        unmeasured("out of memory");
}

/* ---- Which part of it ---- */

static bool take_offset(const char **text, int64_t *offset) {
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    *offset = strtoll(*text, &end, 10);
    *text = end;
    return true;
}

/* "bytes=5-9", "bytes=5-" or "bytes=-5"; several, or anything else, are as if they were not there
 * (RFC 9110, section 14.2). Returns 206 or 416 with the part, or 200. */
static int part_asked(const char *range, int64_t size_bytes, int64_t *start, int64_t *end) {
    static const char unit[] = "bytes=";
    const char *rest = range + sizeof unit - 1;
    if (strncmp(range, unit, sizeof unit - 1) != 0)
        return 200;
    int64_t first = 0, last = 0;
    bool has_first = take_offset(&rest, &first);
    bool has_dash = *rest == '-';
    rest += has_dash;
    bool has_last = take_offset(&rest, &last);
    if (!has_dash || *rest != '\0' || (!has_first && !has_last) ||
        (has_first && has_last && last < first))
        return 200;
    if (!has_first) /* so many from the end */
        first = last < size_bytes ? size_bytes - last : 0;
    *start = first;
    *end = has_first && has_last && last < size_bytes ? last + 1 : size_bytes;
    return first < size_bytes ? 206 : 416;
}

/* Whether what the client has is still the beginning of this. A weak validator never says so. */
static bool is_unchanged(const struct page *page, const char *if_range) {
    if (if_range == NULL)
        return true;
    return (page->etag != NULL && page->etag[0] == '"' && strcmp(page->etag, if_range) == 0) ||
           (page->last_modified != NULL && strcmp(page->last_modified, if_range) == 0);
}

/* Only GET knows ranges, and only where all went well is there something to be a part of (RFC 9110,
 * section 14.2). */
int choose_part(struct connection *connection, const struct request *request) {
    const struct page *page = &connection->page;
    int status = page->status;
    connection->body_start = 0;
    connection->body_end = page->size_bytes;
    if (status == 200 && page->ranges != RANGES_IGNORED && request->range != NULL &&
        strcmp(request->method, "GET") == 0 && is_unchanged(page, request->if_range))
        status = part_asked(request->range, page->size_bytes, &connection->body_start,
                            &connection->body_end);
    if (status == 206 && page->ranges == RANGES_SHIFTED &&
        connection->body_start + 1 < connection->body_end)
        connection->body_start++;
    if (status == 416)
        connection->body_start = connection->body_end = 0;
    return status;
}

/* ---- The head ---- */

static void put_field(FILE *text, const char *name, const char *value) {
    if (value != NULL)
        fprintf(text, "%s: %s\r\n", name, value);
}

/* Fields that the page asks for. The caller frees them. */
static char *fields_of(const struct connection *connection, int status) {
    const struct page *page = &connection->page;
    char *text = NULL;
    size_t length = 0;
    FILE *fields = open_memstream(&text, &length);
    if (fields == NULL)
        return NULL;
    put_field(fields, "Location", page->location);
    put_field(fields, "Retry-After", page->retry_after);
    put_field(fields, "ETag", page->etag);
    put_field(fields, "Last-Modified", page->last_modified);
    if (page->status == 200 && page->ranges != RANGES_IGNORED)
        put_field(fields, "Accept-Ranges", "bytes");
    if (status == 206)
        fprintf(fields, "Content-Range: bytes %" PRId64 "-%" PRId64 "/%" PRId64 "\r\n",
                connection->body_start, connection->body_end - 1, page->size_bytes);
    if (status == 416)
        fprintf(fields, "Content-Range: bytes */%" PRId64 "\r\n", page->size_bytes);
    fputs(page->fields != NULL ? page->fields : "", fields);
    return fclose(fields) == 0 ? text : NULL;
}

/* A lie is told of the whole alone: a part's length stands in Content-Range too. */
int64_t length_said(const struct connection *connection, int status) {
    const struct page *page = &connection->page;
    if (status < 200 || status == 204 || status == 304)
        return HTTP_LENGTH_NONE;
    if (page->framing != BY_LENGTH)
        return page->framing == BY_CHUNKS ? HTTP_LENGTH_CHUNKED : HTTP_LENGTH_UNTIL_CLOSE;
    return page->claimed_bytes > 0 && status == page->status
               ? page->claimed_bytes
               : connection->body_end - connection->body_start;
}

void write_head(struct connection *connection, int status) {
    char *fields = fields_of(connection, status);
    const struct http_head head = {.status = status,
                                   .length = length_said(connection, status),
                                   .keep_alive = !connection->closes,
                                   .minor = connection->parser.request.minor,
                                   .type = "application/octet-stream",
                                   .fields = fields};
    int length = http_write_head(connection->text, sizeof connection->text, &head, time(NULL));
    connection->text_bytes = length > 0 ? (size_t)length : 0;
    connection->text_sent = 0;
    free(fields);
}
