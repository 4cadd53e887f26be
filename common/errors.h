/*
 * Error messages in the one shape that all programs here use, on standard error:
 *
 *     program: what: why
 *
 * `program` is program_invocation_short_name(3); `what` is the thing that could not be used (a file
 * name, an address, an option); `why` is the reason. A message is always exactly one line of valid
 * UTF-8, whatever is in it, and leaves in one write(2), so that lines of concurrent threads and
 * processes do not mix (pipe(7), "PIPE_BUF"). Every control character, line separator, direction
 * override, backslash and byte that is not UTF-8 is shown as \xNN: a hostile file name can neither
 * forge a second message nor drive the terminal. A part that is too long is cut and ends in
 * ERROR_CUT_MARK.
 *
 * Left out: levels, time stamps, log files, translation; deciding what is fatal, which is main's;
 * and use in signal handlers, which these are not safe for.
 */
#pragma once

/* Bytes shown of `what` and of `why` each, mark included. Both fit a line below PIPE_BUF (4096). */
enum { ERROR_PART_MAX_BYTES = 1024 };

#define ERROR_CUT_MARK "[...]"

/*
 * Reports that `what` failed for the reason in errno: "program: what: No such file or directory".
 * errno is left as it was. A message that can't be written is lost: there is nowhere to say so.
 * Source: strerror_r(3), program_invocation_short_name(3).
 */
void error_errno(const char *what);

/*
 * Reports that `what` failed for a reason of our own, given as for printf(3): "program: what: why".
 * No newline at the end of `format`. errno is left as it was; a lost message is not told.
 */
__attribute__((format(printf, 2, 3))) void error_because(const char *what, const char *format, ...);
