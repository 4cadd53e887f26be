/*
 * downloads: what is a parallelism cap for? The reference of lab 04.
 *
 * One thread keeps up to CAP transfers going through libcurl's multi interface and waits for all of
 * them in one place. A transfer that ends makes room for the next URL at once; what is to be tried
 * again waits without a place. A file gets its name only when it is whole.
 * Left out on purpose: threads, several connections for one file, fsync(2), a lock on the folder.
 */
#define _GNU_SOURCE 1
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/counted.h"
#include "common/errors.h"
#include "common/io.h"
#include "common/lines.h"
#include "common/names.h"
#include "common/net.h"
#include "common/options.h"
#include "common/report.h"
#include "common/validator.h"

enum {
    RECEIVE_BYTES = 512 << 10,    /* asked of the kernel at a time */
    NOTE_AFTER_BYTES = 256 << 10, /* less is sooner fetched again than looked after */
    MOST_WAITING = 1000,          /* jobs read ahead of their turn, or to be tried again */
    BACKOFF_MS = 200,             /* before the second attempt; then twice as long each time */
    MOST_BACKOFF_MS = 20000,
    MOST_RETRY_AFTER_S = 300, /* a server that asks for more is given up */
};

/* A URL on its way to a file. It stands in `waiting`, or a transfer has it. */
struct job {
    TAILQ_ENTRY(job) links;
    const char *name;     /* the file's */
    struct counted *host; /* counts the transfers from it */
    int attempts;
    int64_t not_before_ns;
    char url[];
};

/* A place for one job at a time. There are CAP of them, so there are at most CAP easy handles. */
struct transfer {
    SLIST_ENTRY(transfer) links; /* among the free places */
    CURL *easy;
    struct job *job;           /* NULL: free */
    struct curl_slist *fields; /* of the request */
    struct validator validator;
    long long have;       /* bytes of the file, earlier attempts' included */
    int64_t deadline_ns;  /* something must have come by then */
    int file, file_error; /* descriptor of the partial file, or -1; its errno, or 0 */
    bool noted;           /* a note tells what the partial file is a part of (common/validator.h) */
};

static struct download_options options;
static struct report report;
static struct lines input = {.fd = STDIN_FILENO};
static struct {
    CURLM *multi;
    int folder, signals; /* descriptors */
    void *names, *hosts; /* sets of texts, common/counted.h */
    struct transfer *transfers;
    SLIST_HEAD(places, transfer) free_places;
    TAILQ_HEAD(jobs, job) waiting;
    int waiting_count;
} run = {.waiting = TAILQ_HEAD_INITIALIZER(run.waiting)};

static void *or_end(void *memory) {
    if (memory == NULL) {
        error_because("memory", "there is not enough");
        exit(EXIT_FAILURE);
    }
    return memory;
}

/* ---- all_of_it: every URL once, each into a file of its own ---- */

/* Returns NULL after a message that tells which URL is none. */
static struct job *make_job(const char *url) {
    char *host = NULL, *path = NULL, what[32];
    struct job *job = NULL;
    CURLU *parts = or_end(curl_url());
    CURLUcode error = CURLUE_UNSUPPORTED_SCHEME;
    if (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0)
        error = curl_url_set(parts, CURLUPART_URL, url, 0);
    if (error == CURLUE_OK)
        error = curl_url_get(parts, CURLUPART_HOST, &host, 0);
    if (error == CURLUE_OK)
        error = curl_url_get(parts, CURLUPART_PATH, &path, 0);
    if (error == CURLUE_OK) {
        size_t url_bytes = strlen(url) + 1;
        job = or_end(calloc(1, sizeof *job + url_bytes));
        memcpy(job->url, url, url_bytes);
        job->name = or_end((void *)name_for(&run.names, path));
        job->host = or_end(counted_find(&run.hosts, host));
    } else {
        snprintf(what, sizeof what, "%s %ld", input.words ? "argument" : "line", input.number);
        report_failure(&report, what, curl_url_strerror(error));
    }
    curl_free(host);
    curl_free(path);
    curl_url_cleanup(parts);
    return job;
}

/* The next job in the order of the URLs; NULL: none, or none yet. */
static struct job *read_job(void) {
    struct job *job = NULL;
    const char *line;
    while (job == NULL && (line = lines_take(&input)) != NULL) {
        if (input.words != NULL || (*line != '\0' && *line != '#'))
            job = make_job(line);
    }
    return job;
}

/* ---- trouble: what an attempt leaves, and what the next one makes of it ---- */

/* The partial file's name, until the next call. */
static const char *partial_name(const struct transfer *transfer) {
    static char name[NAMES_BYTES + 16];
    snprintf(name, sizeof name, "%s.part", transfer->job->name);
    return name;
}

/* The note goes first: other bytes must never be found beside it. */
static void forget_partial(struct transfer *transfer) {
    validator_forget(run.folder, transfer->job->name);
    unlinkat(run.folder, partial_name(transfer), 0);
    transfer->noted = false;
    transfer->have = 0;
}

static void write_note(struct transfer *transfer) {
    const struct job *job = transfer->job;
    transfer->noted = validator_note(run.folder, job->name, job->url, &transfer->validator);
}

/* Asks for what is missing, if the file is still the one of which an earlier attempt got a part. */
static void ask_for_rest(struct transfer *transfer) {
    struct stat status = {0};
    char range[32], field[VALIDATOR_BYTES + 16];
    char *validator = validator_noted(run.folder, transfer->job->name, transfer->job->url);
    if (validator != NULL)
        fstatat(run.folder, partial_name(transfer), &status, AT_SYMLINK_NOFOLLOW);
    transfer->noted = validator != NULL;
    transfer->have = status.st_size;
    if (transfer->have > 0) {
        snprintf(range, sizeof range, "%lld-", transfer->have);
        snprintf(field, sizeof field, "If-Range: %s", validator);
        transfer->fields = or_end(curl_slist_append(NULL, field));
    }
    curl_easy_setopt(transfer->easy, CURLOPT_RANGE, transfer->have > 0 ? range : NULL);
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->fields);
    free(validator);
}

/* ---- memory: what has come goes to the disk at once ---- */

static long status_of(const struct transfer *transfer) {
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t receive_field(char *line, size_t one, size_t length, void *argument) {
    struct transfer *transfer = argument;
    transfer->deadline_ns = deadline_in_ms(options.timeout_ms);
    validator_hear(&transfer->validator, line, length);
    return one * length;
}

/* Opens the partial file: to go on at its end, or to begin anew. */
static int open_partial(struct transfer *transfer) {
    bool goes_on = status_of(transfer) == 206;
    long long from = -1;
    sscanf(transfer->validator.range, "bytes %lld-", &from);
    if (goes_on && from != transfer->have) {
        errno = EPROTO; /* not the part that was asked for */
        return -1;
    }
    if (!goes_on && transfer->noted)
        forget_partial(transfer);
    int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (goes_on ? O_APPEND : O_TRUNC);
    transfer->file = openat(run.folder, partial_name(transfer), flags, 0666);
    return transfer->file;
}

static size_t receive_body(char *bytes, size_t one, size_t length, void *argument) {
    struct transfer *transfer = argument;
    transfer->deadline_ns = deadline_in_ms(options.timeout_ms);
    if (status_of(transfer) / 100 != 2)
        return one * length; /* the text of an error is no part of the file */
    if ((transfer->file < 0 && open_partial(transfer) < 0) ||
        write_full(transfer->file, bytes, length) < 0) {
        transfer->file_error = errno;
        return 0;
    }
    transfer->have += (long long)length;
    report.bytes += (int64_t)length;
    if (!transfer->noted && transfer->have >= NOTE_AFTER_BYTES)
        write_note(transfer); /* now, for a crash leaves no time */
    return one * length;
}

/* Gives the file its name: after close(2), which may be the first to tell of a full disk. */
static int name_file(struct transfer *transfer) {
    if (transfer->file < 0 && open_partial(transfer) < 0) /* not a byte came: it is empty */
        return -1;
    int closed = close(transfer->file);
    transfer->file = -1;
    const char *partial = partial_name(transfer), *name = transfer->job->name;
    if (closed < 0 || renameat(run.folder, partial, run.folder, name) < 0)
        return -1;
    if (transfer->noted)
        validator_forget(run.folder, name);
    return 0;
}

/* Leaves what another attempt, or a later run, can go on from, and nothing else. */
static void leave_partial(struct transfer *transfer, bool of_use) {
    if (transfer->file >= 0 && close(transfer->file) < 0)
        of_use = false;
    transfer->file = -1;
    if (of_use && !transfer->noted && transfer->have > 0)
        write_note(transfer);
    if (!of_use || !transfer->noted)
        forget_partial(transfer);
}

/* ---- trouble: what may pass is tried again ---- */

/* 206: there are more parts; 416: the partial file was none. */
static bool may_pass(CURLcode code, long status) {
    if (code == CURLE_OK)
        return status >= 500 || status == 408 || status == 429 || status == 206 || status == 416;
    return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT ||
           code == CURLE_OPERATION_TIMEDOUT || code == CURLE_GOT_NOTHING ||
           code == CURLE_PARTIAL_FILE || code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR;
}

static void wait_in_line(struct job *job) {
    TAILQ_INSERT_TAIL(&run.waiting, job, links);
    run.waiting_count++;
}

/* Lets the job wait; false when that would take too long. Half of the wait is by chance, or all who
 * failed together would come back together. */
static bool try_later(struct transfer *transfer) {
    curl_off_t asked_s = 0;
    unsigned dice = 0;
    int wait_ms = BACKOFF_MS;
    curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &asked_s);
    if (transfer->job->attempts > options.retries || asked_s > MOST_RETRY_AFTER_S)
        return false;
    for (int i = 1; i < transfer->job->attempts && wait_ms < MOST_BACKOFF_MS; i++)
        wait_ms *= 2;
    getrandom(&dice, sizeof dice, GRND_NONBLOCK);
    wait_ms = wait_ms / 2 + (int)(dice % (unsigned)(wait_ms / 2));
    transfer->job->not_before_ns = deadline_in_ms(wait_ms + (asked_s > 0 ? asked_s * 1000 : 0));
    wait_in_line(transfer->job);
    report.retries++;
    return true;
}

static void fail(struct transfer *transfer, CURLcode code) {
    char why[64];
    snprintf(why, sizeof why, "the server answers %ld", status_of(transfer));
    report_failure(&report, transfer->job->url,
                   transfer->file_error != 0 ? strerror(transfer->file_error)
                   : code != CURLE_OK        ? curl_easy_strerror(code)
                                             : why);
    free(transfer->job);
}

static void succeed(struct transfer *transfer) {
    curl_off_t first_us = 0, total_us = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_us);
    curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &total_us);
    histogram_record(&report.first_byte_us, (uint64_t)first_us);
    histogram_record(&report.total_us, (uint64_t)total_us);
    report.done++;
    free(transfer->job);
}

/* What libcurl calls a success came as long as it was said to be; a part may not be the last. */
static void settle(struct transfer *transfer, CURLcode code) {
    long status = status_of(transfer);
    long long size = transfer->have;
    if (status == 206)
        sscanf(transfer->validator.range, "bytes %*d-%*d/%lld", &size);
    bool whole = code == CURLE_OK && status / 100 == 2 && size == transfer->have;
    if (whole && transfer->file_error == 0 && name_file(transfer) < 0)
        transfer->file_error = errno;
    if (whole && transfer->file_error == 0) {
        succeed(transfer);
        return;
    }
    bool passes = transfer->file_error == 0 && may_pass(code, status);
    leave_partial(transfer, passes && status != 416);
    if (!passes || !try_later(transfer))
        fail(transfer, code);
}

/* ---- reuse: a place keeps its handle, libcurl the connection ---- */

static CURL *make_handle(struct transfer *transfer) {
    CURL *easy = or_end(curl_easy_init());
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_field);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 10L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L); /* SIGPIPE is ignored once, not at each call */
    return easy;
}

static void start_transfer(struct transfer *transfer, struct job *job) {
    if (transfer->easy == NULL)
        transfer->easy = make_handle(transfer);
    transfer->job = job;
    transfer->file = -1;
    transfer->file_error = 0;
    ask_for_rest(transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_URL, &job->url[0]);
    transfer->deadline_ns = deadline_in_ms(options.timeout_ms);
    job->attempts++;
    job->host->count++;
    report.in_flight++;
    curl_multi_add_handle(run.multi, transfer->easy);
}

static void end_transfer(struct transfer *transfer, CURLcode code) {
    long connections = 0;
    curl_multi_remove_handle(run.multi, transfer->easy);
    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connections);
    report.connections += connections;
    report.in_flight--;
    transfer->job->host->count--;
    settle(transfer, code);
    curl_slist_free_all(transfer->fields);
    transfer->fields = NULL;
    transfer->job = NULL;
    SLIST_INSERT_HEAD(&run.free_places, transfer, links);
}

/* ---- cap: a job for each free place, at once ---- */

/* Who waited goes first; a job whose host is busy lets the next one pass. NULL: none may start. */
static struct job *next_job(int64_t now_ns) {
    struct job *job = NULL;
    TAILQ_FOREACH(job, &run.waiting, links) {
        if (job->not_before_ns <= now_ns && job->host->count < options.per_host) {
            TAILQ_REMOVE(&run.waiting, job, links);
            run.waiting_count--;
            return job;
        }
    }
    while (run.waiting_count < MOST_WAITING && (job = read_job()) != NULL) {
        if (job->host->count < options.per_host)
            return job;
        wait_in_line(job);
    }
    return NULL;
}

static void fill_places(int64_t now_ns) {
    struct transfer *place;
    struct job *job = NULL;
    while ((place = SLIST_FIRST(&run.free_places)) != NULL && (job = next_job(now_ns)) != NULL) {
        SLIST_REMOVE_HEAD(&run.free_places, links);
        start_transfer(place, job);
    }
}

/* ---- reuse: one thread waits for everything ---- */

static int end_finished(void) {
    int ended = 0, left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(run.multi, &left)) != NULL) {
        struct transfer *transfer = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        end_transfer(transfer, message->data.result);
        ended++;
    }
    return ended;
}

/* Ends transfers from which nothing had come for too long at that time. Returns when to look again. */
static int64_t end_stalled(int64_t now_ns) {
    int64_t next_ns = INT64_MAX;
    for (int i = 0; i < options.cap; i++) {
        struct transfer *transfer = &run.transfers[i];
        if (transfer->job != NULL && transfer->deadline_ns < next_ns)
            next_ns = transfer->deadline_ns; /* once that is past, it is now */
        if (transfer->job != NULL && transfer->deadline_ns <= now_ns)
            end_transfer(transfer, CURLE_OPERATION_TIMEDOUT);
    }
    struct job *job = NULL;
    TAILQ_FOREACH(job, &run.waiting, links) {
        if (job->not_before_ns > now_ns && job->not_before_ns < next_ns)
            next_ns = job->not_before_ns; /* the others wait for a transfer to end */
    }
    return next_ns;
}

/* Waits for whatever comes first. Returns false when that is a signal to end. */
static bool wait_until(int64_t deadline_ns) {
    bool reads = !input.ended && run.waiting_count < MOST_WAITING && !SLIST_EMPTY(&run.free_places);
    struct curl_waitfd also[] = {{.fd = run.signals, .events = CURL_WAIT_POLLIN},
                                 {.fd = input.fd, .events = CURL_WAIT_POLLIN}};
    curl_multi_poll(run.multi, also, reads ? 2 : 1, milliseconds_left(deadline_ns), NULL);
    if (reads && also[1].revents != 0 && lines_read(&input) < 0)
        report_failure(&report, "standard input", strerror(errno));
    return also[0].revents == 0;
}

/* Returns false when a signal ended it. */
static bool download_all(void) {
    for (int running;;) {
        int64_t now_ns = monotonic_ns(); /* one for all: what is not due yet is waited for */
        fill_places(now_ns);
        if (report.in_flight == 0 && run.waiting_count == 0 && input.ended)
            return true;
        curl_multi_perform(run.multi, &running); /* may be long at the disk, which is not silence */
        int64_t next_ns = end_finished() > 0 ? 0 : end_stalled(now_ns);
        report_progress(&report);
        if (!wait_until(next_ns))
            return false;
    }
}

/* ---- start and end ---- */

static void start(void) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL); /* they come as something to wait for, like the rest */
    run.signals = signalfd(-1, &ends, SFD_CLOEXEC);
    signal(SIGPIPE, SIG_IGN);
    mallopt(M_MMAP_THRESHOLD, 2 * RECEIVE_BYTES); /* libcurl's buffers, one for each transfer, */
    mallopt(M_TRIM_THRESHOLD, 64 << 20);          /* stay mapped: a quarter less CPU for 16 KiB */
    net_raise_descriptor_limit();                 /* each transfer has a connection and a file */
    curl_global_init(CURL_GLOBAL_DEFAULT);
    run.multi = or_end(curl_multi_init());
    curl_multi_setopt(run.multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)options.cap);
    curl_multi_setopt(run.multi, CURLMOPT_MAXCONNECTS, (long)options.cap);
    run.transfers = or_end(calloc((size_t)options.cap, sizeof *run.transfers));
    for (int i = 0; i < options.cap; i++)
        SLIST_INSERT_HEAD(&run.free_places, &run.transfers[i], links);
}

/* What else there is goes back with the program; what lies on the disk stays. */
static void end(void) {
    for (int i = 0; i < options.cap; i++) {
        if (run.transfers[i].job != NULL)
            leave_partial(&run.transfers[i], true);
    }
    counted_free(&run.names);
    counted_free(&run.hosts);
}

/* ---- report: what it came to ---- */

int main(int argc, char **argv) {
    download_options_parse(&options, argc, argv, "What is a parallelism cap for?");
    input.words = options.urls;
    report.started_ns = monotonic_ns();
    run.folder = folder_open(options.folder);
    if (run.folder < 0) {
        error_errno(options.folder);
        return EXIT_FAILURE;
    }
    start();
    bool finished = download_all();
    end();
    int told = report_tell(&report, options.json);
    if (!finished)
        return 128 + SIGINT;
    return told == 0 && report.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
