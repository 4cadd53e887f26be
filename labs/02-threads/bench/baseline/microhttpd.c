/*
 * What `threads` is measured against: GNU libmicrohttpd with a thread for each connection, serving
 * the same /hello and the same files with the same header fields; and with --epoll, one thread for
 * all connections, what `events` is. bench/run compiles it, so nothing else needs the library.
 *
 *     microhttpd --port N --root DIR [--stack KIB | --epoll] --max-connections N --timeout MS
 *                --backlog N
 *
 * --stack 0 leaves the stack to the library, as does none. Its response to /hello is made once and
 * queued for each request, as its manual advises; files go out by sendfile(2), as in `threads`. Left
 * out: ranges, conditional requests, folders, and whatever else the labs' servers serve. It ends with
 * its parent's SIGTERM, without draining.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/errors.h"
#include "common/http.h"
#include "common/net.h"
#include "labs/02-threads/bench/baseline/baseline.h"

static struct {
    long port;
    const char *root;
    long stack_kib;
    bool epoll;
    long max_connections;
    long backlog;
    long timeout_ms;
} settings = {.root = ".", .max_connections = 1000, .backlog = 511, .timeout_ms = 10000};

static int root = -1;
static struct MHD_Response *hello, *not_found;

static struct MHD_Response *text_response(const char *text) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "text/plain");
    return response;
}

/* NULL: no such file. */
static struct MHD_Response *file_response(const char *path) {
    struct stat status;
    int fd = open_file(root, path, &status);
    if (fd < 0)
        return NULL;
    char modified[HTTP_DATE_BYTES];
    http_write_date(modified, status.st_mtime);
    struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)status.st_size, fd);
    MHD_add_response_header(response, "Content-Type", "application/octet-stream");
    MHD_add_response_header(response, "Last-Modified", modified);
    MHD_add_response_header(response, "Accept-Ranges", "bytes");
    return response;
}

static enum MHD_Result answer(void *unused, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *body,
                              size_t *body_bytes, void **state) {
    (void)unused, (void)version, (void)body, (void)body_bytes;
    static int head_seen; /* the library calls twice: with the head, then with the whole request */
    if (*state == NULL) {
        *state = &head_seen;
        return MHD_YES;
    }
    bool is_get = strcmp(method, "GET") == 0;
    if (is_get && strcmp(url, "/hello") == 0)
        return MHD_queue_response(connection, MHD_HTTP_OK, hello);
    struct MHD_Response *file = is_get ? file_response(url) : NULL;
    if (file == NULL)
        return MHD_queue_response(connection, MHD_HTTP_NOT_FOUND, not_found);
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, file);
    MHD_destroy_response(file);
    return result;
}

static void read_options(int argc, char **argv) {
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"root", required_argument, NULL, 'r'},
        {"stack", required_argument, NULL, 's'},
        {"epoll", no_argument, NULL, 'e'},
        {"max-connections", required_argument, NULL, 'm'},
        {"timeout", required_argument, NULL, 't'},
        {"backlog", required_argument, NULL, 'b'},
        {0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'p':
            settings.port = number(optarg);
            break;
        case 'r':
            settings.root = optarg;
            break;
        case 's':
            settings.stack_kib = number(optarg);
            break;
        case 'e':
            settings.epoll = true;
            break;
        case 'm':
            settings.max_connections = number(optarg);
            break;
        case 'b':
            settings.backlog = number(optarg);
            break;
        case 't':
            settings.timeout_ms = number(optarg);
            break;
        default:
            exit(2);
        }
    }
}

static struct MHD_Daemon *start(int listener) {
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, listener, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, settings.max_connections, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, settings.timeout_ms / 1000, NULL},
        {settings.stack_kib > 0 ? MHD_OPTION_THREAD_STACK_SIZE : MHD_OPTION_END,
         settings.stack_kib << 10, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned mode = settings.epoll ? MHD_USE_EPOLL : MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;
    return MHD_start_daemon(mode | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, answer, NULL,
                            MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    net_raise_descriptor_limit();
    signal(SIGPIPE, SIG_IGN);
    root = open(settings.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        error_errno(settings.root);
        return EXIT_FAILURE;
    }
    hello = text_response("hello, world\n");
    not_found = text_response("not found\n");
    int listener = net_listen(NULL, (uint16_t)settings.port, (int)settings.backlog);
    if (listener < 0 || start(listener) == NULL) {
        error_errno("start");
        return EXIT_FAILURE;
    }
    net_announce(listener);
    for (;;)
        pause();
}
