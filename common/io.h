/*
 * Whole reads and writes on blocking descriptors.
 *
 * read(2) and write(2) may move fewer bytes than asked and may be interrupted by a signal; these
 * functions go on until the job is done or cannot be. Left out: non-blocking descriptors (an event
 * loop keeps its own partial state; here EAGAIN is an error like any other), time limits,
 * buffering, and SIGPIPE, which the program ignores itself if it wants EPIPE.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads until `size_bytes` bytes are in `buffer` or the file ends.
 *
 * Returns the bytes read: fewer than `size_bytes` only at end of file. Returns -1 with errno as
 * read(2) set it, never EINTR, or EINVAL when `size_bytes` exceeds SSIZE_MAX. After -1 the bytes
 * read so far are in `buffer`, but how many is not told.
 * Source: read(2), "Return value"; signal(7), "Interruption of system calls".
 */
ssize_t read_full(int fd, void *buffer, size_t size_bytes);

/*
 * Writes all `size_bytes` bytes of `buffer`.
 *
 * Returns 0 when the kernel has taken every byte (not that they are on disk: fsync(2) says that).
 * Returns -1 with errno as write(2) set it, never EINTR; some bytes may have left by then. EIO
 * also stands for a write that took nothing and gave no reason.
 * Source: write(2), "Return value"; pipe(7), "I/O on pipes and FIFOs".
 */
int write_full(int fd, const void *buffer, size_t size_bytes);

/*
 * Reads everything up to end of file, at most `limit_bytes` bytes.
 *
 * Returns a buffer that the caller frees, with a NUL after the last byte, and stores the number of
 * bytes, without that NUL, in `*length_bytes` (which may be NULL). The bytes may themselves hold
 * NULs. Memory grows with what is read, so a generous limit costs nothing.
 * Returns NULL, with `*length_bytes` untouched, and errno EFBIG when there is more than
 * `limit_bytes` (limit + 1 bytes are then gone from a pipe), EINVAL when the limit is SSIZE_MAX or
 * above, ENOMEM, or what read(2) set.
 */
char *read_whole(int fd, size_t limit_bytes, size_t *length_bytes);
