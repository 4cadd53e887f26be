/*
 * What a request for a file gets: finding it below a folder, and what of it to send (RFC 9110:
 * Last-Modified, If-Modified-Since, If-Range, single ranges). A part of app, which makes the
 * reply of it.
 *
 * A path is followed folder by folder, each opened beneath the last and none of them, nor the file,
 * through a link: so whatever the path says, and whoever moves folders meanwhile, it does not lead
 * out of the root. Left out: entity tags, listings, several ranges.
 */
#pragma once

#include "common/http.h"

struct file_answer {
    /*
     * 200, 206  send `length` bytes of `file` from `first` on (0 for an empty file)
     * 304       the client has it already
     * 416       the range asked for lies behind the end
     * 400       a % in the path without two hexadecimal digits
     * 404       no regular file of that name, or one that may not be read. So for a path with a
     *           component that is a link, empty, "." or "..", or holds an encoded slash or NUL
     * 500, 503  it can't be read: the file system says so, or out of descriptors or memory
     */
    int status;
    int file;         /* open for reading with 200 and 206, then the caller's to close; else -1 */
    const char *type; /* by the ending of its name */
    int64_t size;     /* of the whole file */
    int64_t first;
    int64_t length;
    char modified[HTTP_DATE_BYTES]; /* for Last-Modified, with 200, 206 and 304 */
};

/*
 * Finds what a GET or HEAD gets.
 * root  folder, opened with O_PATH or for reading; -1: there are no files
 * data  where the request begins
 * path  of the file below `root`, percent-encoded; a part of `data`
 * now   as Date will tell it
 * For one component that is two system calls: openat(2) and fstat(2).
 */
void files_answer(int root, const struct http_request *request, const char *data,
                  struct http_span path, time_t now, struct file_answer *answer);
