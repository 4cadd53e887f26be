/* The bytes of a page: made up from its path, its version and the offset, never stored, so that a body
 * of 1 GiB costs nothing to keep and any part of it can be checked. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/io.h"
#include "grader/testkit/origin_parts.h"

enum { WORD_BYTES = sizeof(uint64_t), COMPARED_BYTES = 256 * 1024 };

/* Every word looks like any other: a part at a wrong place, or of another page, is never right by
 * chance. Two multiplications give eight bytes in under a nanosecond. */
static uint64_t word_at(uint64_t seed, uint64_t number) {
    uint64_t word = (seed + number) * UINT64_C(0x9e3779b97f4a7c15);
    word = (word ^ (word >> 29)) * UINT64_C(0xd6e8feb86659fd93);
    return htole64(word ^ (word >> 32));
}

/* Of the word that an offset lies in, from there on. Returns how many bytes. */
static size_t fill_part(uint64_t seed, int64_t offset, char *data, size_t size_bytes) {
    const uint64_t word = word_at(seed, (uint64_t)offset / WORD_BYTES);
    size_t skipped = (size_t)offset % WORD_BYTES, size = WORD_BYTES - skipped;
    size = size < size_bytes ? size : size_bytes;
    memcpy(data, (const char *)&word + skipped, size);
    return size;
}

void fill_body(const struct page *page, int64_t offset, void *data, size_t size_bytes) {
    const uint64_t seed = hash_of(page->path, strlen(page->path), (uint64_t)page->version);
    char *to = data;
    size_t done = fill_part(seed, offset, to, size_bytes);
    uint64_t number = (uint64_t)offset / WORD_BYTES + 1;
    for (; done + WORD_BYTES <= size_bytes; done += WORD_BYTES, number++) {
        const uint64_t word = word_at(seed, number);
        memcpy(to + done, &word, WORD_BYTES);
    }
    if (done < size_bytes)
        fill_part(seed, (int64_t)(number * WORD_BYTES), to + done, size_bytes - done);
}

static size_t first_difference(const char *a, const char *b, size_t size_bytes) {
    size_t at = 0;
    while (at < size_bytes && a[at] == b[at])
        at++;
    return at;
}

/* Compares what is in the file piece by piece. Returns how many bytes there were. */
static int64_t compare(int fd, const struct page *page, const char *expected) {
    static char seen[COMPARED_BYTES], right[COMPARED_BYTES];
    int64_t at = 0;
    ssize_t got;
    while (at <= page->size_bytes && (got = read_full(fd, seen, sizeof seen)) > 0) {
        int64_t left = page->size_bytes - at;
        size_t size = got < left ? (size_t)got : (size_t)left;
        fill_body(page, at, right, size);
        if (memcmp(seen, right, size) != 0)
            fail_test(expected, "another one from byte %lld on",
                      (long long)at + (long long)first_difference(seen, right, size));
        at += got;
    }
    return at;
}

void expect_file(const char *file, struct page page) {
    char expected[160];
    const char *name = strrchr(file, '/');
    snprintf(expected, sizeof expected, "`%.60s` with the %lld bytes of `%.60s`",
             name == NULL ? file : name + 1, (long long)page.size_bytes, page.path);
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        fail_test(expected, "%s", strerror(errno));
    int64_t bytes = compare(fd, &page, expected);
    close(fd);
    if (bytes != page.size_bytes)
        fail_test(expected, bytes > page.size_bytes ? "over %lld bytes" : "%lld bytes",
                  (long long)(bytes > page.size_bytes ? page.size_bytes : bytes));
}
