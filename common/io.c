/*
 * Whole reads and writes: the loops around read(2) and write(2) that every program needs and
 * each gets slightly wrong. What they leave out is in io.h.
 */
#include "common/io.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* One page holds nearly every /proc file and manifest, so most reads never grow the buffer. */
enum { FIRST_CAPACITY_BYTES = 4096 };

ssize_t read_full(int fd, void *buffer, size_t size_bytes) {
    /* The result could not be told apart from -1. */
    if (size_bytes > SSIZE_MAX) {
        errno = EINVAL;
        return -1;
    }
    size_t done = 0;
    while (done < size_bytes) {
        ssize_t got = read(fd, (char *)buffer + done, size_bytes - done);
        if (got == 0)
            break;
        if (got > 0)
            done += (size_t)got;
        else if (errno != EINTR)
            return -1;
    }
    return (ssize_t)done;
}

int write_full(int fd, const void *buffer, size_t size_bytes) {
    size_t done = 0;
    while (done < size_bytes) {
        ssize_t put = write(fd, (const char *)buffer + done, size_bytes - done);
        if (put > 0) {
            done += (size_t)put;
        } else if (put == 0) {
            /* No progress and no errno: trying again could go on for ever. */
            errno = EIO;
            return -1;
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}

/* Doubling keeps the copying linear in the bytes read; one byte over the limit is room enough. */
static size_t next_capacity(size_t capacity, size_t limit_bytes) {
    size_t next = capacity == 0 ? FIRST_CAPACITY_BYTES : capacity * 2;
    return next > limit_bytes ? limit_bytes + 1 : next;
}

/* On failure `*buffer` stays valid, and the caller's to free. */
static int grow(char **buffer, size_t capacity) {
    char *larger = realloc(*buffer, capacity);
    if (larger == NULL)
        return -1;
    *buffer = larger;
    return 0;
}

char *read_whole(int fd, size_t limit_bytes, size_t *length_bytes) {
    if (limit_bytes >= SSIZE_MAX) {
        errno = EINVAL;
        return NULL;
    }
    char *buffer = NULL;
    size_t length = 0;
    size_t capacity = 0;
    do {
        /* Full at limit + 1 bytes: the extra byte was real, not room for the NUL. */
        if (capacity == limit_bytes + 1) {
            errno = EFBIG;
            goto fail;
        }
        capacity = next_capacity(capacity, limit_bytes);
        if (grow(&buffer, capacity) == -1)
            goto fail;
        ssize_t got = read_full(fd, buffer + length, capacity - length);
        if (got == -1)
            goto fail;
        length += (size_t)got;
    } while (length == capacity);

    /* The last read came up short, so there is a free byte for the NUL. */
    buffer[length] = '\0';
    if (length_bytes != NULL)
        *length_bytes = length;
    return buffer;
fail:
    free(buffer); /* glibc's free keeps errno since 2.33 */
    return NULL;
}
