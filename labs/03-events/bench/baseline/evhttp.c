/*
 * What `events` is measured against: libevent's HTTP server, one thread and epoll, serving the same
 * /hello and the same files with the same header fields. bench/run compiles it, so nothing else
 * needs the library.
 *
 *     evhttp --port N --root DIR --timeout MS --backlog N
 *
 * The library holds as many connections as there are descriptors. Files go out by sendfile(2), which
 * it uses for those it is given open. Left out: ranges, conditional requests, folders, and whatever
 * else `events` serves. It ends with its parent's SIGTERM, without draining.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/util.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/errors.h"
#include "common/http.h"
#include "common/net.h"
#include "labs/02-threads/bench/baseline/baseline.h"

static const char *root_name = ".";
static int root = -1;
static long port, timeout_ms = 10000, backlog = 511;

static void set_header(struct evhttp_request *request, const char *name, const char *value) {
    evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
}

static void answer_hello(struct evhttp_request *request, void *unused) {
    static const char text[] = "hello, world\n";
    (void)unused;
    struct evbuffer *body = evhttp_request_get_output_buffer(request);
    evbuffer_add_reference(body, text, sizeof text - 1, NULL, NULL);
    set_header(request, "Content-Type", "text/plain");
    evhttp_send_reply(request, HTTP_OK, "OK", NULL);
}

/* The buffer closes the file when it has been sent. */
static void answer_file(struct evhttp_request *request, void *unused) {
    (void)unused;
    struct stat status;
    char modified[HTTP_DATE_BYTES];
    int fd = open_file(root, evhttp_request_get_uri(request), &status);
    if (fd < 0) {
        evhttp_send_error(request, HTTP_NOTFOUND, NULL);
        return;
    }
    http_write_date(modified, status.st_mtime);
    set_header(request, "Content-Type", "application/octet-stream");
    set_header(request, "Last-Modified", modified);
    set_header(request, "Accept-Ranges", "bytes");
    evbuffer_add_file(evhttp_request_get_output_buffer(request), fd, 0, status.st_size);
    evhttp_send_reply(request, HTTP_OK, "OK", NULL);
}

static void read_options(int argc, char **argv) {
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"root", required_argument, NULL, 'r'},
        {"timeout", required_argument, NULL, 't'},
        {"backlog", required_argument, NULL, 'b'},
        {0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'p')
            port = number(optarg);
        else if (option == 'r')
            root_name = optarg;
        else if (option == 't')
            timeout_ms = number(optarg);
        else if (option == 'b')
            backlog = number(optarg);
        else
            exit(2);
    }
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    net_raise_descriptor_limit();
    signal(SIGPIPE, SIG_IGN);
    root = open(root_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        error_errno(root_name);
        return EXIT_FAILURE;
    }
    struct event_base *base = event_base_new();
    struct evhttp *http = base == NULL ? NULL : evhttp_new(base);
    int listener = net_listen(NULL, (uint16_t)port, (int)backlog);
    if (http == NULL || listener < 0 || evutil_make_socket_nonblocking(listener) < 0 ||
        evhttp_accept_socket(http, listener) < 0) {
        error_errno("start");
        return EXIT_FAILURE;
    }
    const struct timeval timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    evhttp_set_timeout_tv(http, &timeout);
    evhttp_set_cb(http, "/hello", answer_hello, NULL);
    evhttp_set_gencb(http, answer_file, NULL);
    net_announce(listener);
    return event_base_dispatch(base) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
