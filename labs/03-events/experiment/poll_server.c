/*
 * The reference server of this lab with poll(2) in the place of epoll(7), for the experiment that
 * compares the two. It is the same program but for how it waits, so what differs is poll's price:
 * all descriptors are handed to the kernel for each wait, and all are looked at after it.
 *
 * Poll tells what *is* ready, every time; epoll, as the reference uses it, what has *become* ready.
 * So what was told is not asked about again before a call has used it up. Left out: what the
 * reference does not use of epoll; a second signal, which this one does not hear.
 */
#define _GNU_SOURCE 1 /* for accept4(2) and POLLRDHUP */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

static struct pollfd *asked; /* in no order and without gaps; complemented descriptors: not asked */
static void **tags;          /* what epoll_ctl() was given for each of them */
static int *places;          /* where among them a descriptor is */
static int asked_count;

static int poll_create(void) {
    size_t most = (size_t)sysconf(_SC_OPEN_MAX);
    asked = calloc(most, sizeof *asked);
    tags = calloc(most, sizeof *tags);
    places = calloc(most, sizeof *places);
    return asked == NULL || tags == NULL || places == NULL ? -1 : 0;
}

/* To watch a connection again is to tell of it once more: it has room, or nothing to do without. */
static int poll_control(int operation, int fd, const struct epoll_event *event) {
    if (operation == EPOLL_CTL_ADD) {
        places[fd] = asked_count++;
        tags[places[fd]] = event->data.ptr;
    }
    asked[places[fd]] = (struct pollfd){.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};
    return 0;
}

/* The bits have the same values for both. An end and an error poll tells of whether asked or not. */
static int poll_wait(struct epoll_event *events, int timeout_ms) {
    int ready = poll(asked, (nfds_t)asked_count, timeout_ms), told = 0;
    for (int i = 0; i < asked_count && told < ready; i++) {
        if (asked[i].revents == 0)
            continue;
        events[told].events = (uint32_t)asked[i].revents;
        events[told++].data.ptr = tags[i];
        asked[i].events = (short)(asked[i].events & ~asked[i].revents);
        if (asked[i].revents & (POLLHUP | POLLERR))
            asked[i].fd = ~asked[i].fd;
    }
    return ready < 0 ? -1 : told;
}

/* The last one takes the place. */
static int poll_close(int fd) {
    int place = places[fd], last = asked_count - 1;
    if (place < asked_count && (asked[place].fd == fd || asked[place].fd == ~fd)) {
        asked[place] = asked[last];
        tags[place] = tags[last];
        places[asked[place].fd < 0 ? ~asked[place].fd : asked[place].fd] = place;
        asked_count = last;
    }
    return close(fd);
}

static void ask_if(bool used_up, int fd, short events) {
    if (used_up)
        asked[places[fd]].events = (short)(asked[places[fd]].events | events);
}

static ssize_t poll_recv(int fd, void *buffer, size_t size, int flags) {
    ssize_t count = recv(fd, buffer, size, flags);
    ask_if(count < (ssize_t)size, fd, POLLIN);
    return count;
}

static ssize_t poll_send(int fd, const void *bytes, size_t size, int flags) {
    ssize_t count = send(fd, bytes, size, flags);
    ask_if(count < (ssize_t)size, fd, POLLOUT);
    return count;
}

static ssize_t poll_sendfile(int to, int from, off_t *offset, size_t size) {
    ssize_t count = sendfile(to, from, offset, size);
    ask_if(count < 0, to, POLLOUT);
    return count;
}

static int poll_accept(int listener, int flags) {
    int fd = accept4(listener, NULL, NULL, flags);
    ask_if(fd < 0, listener, POLLIN);
    return fd;
}

#define epoll_create1(flags)                        poll_create()
#define epoll_ctl(epoll, operation, fd, event)      poll_control(operation, fd, event)
#define epoll_wait(epoll, events, most, timeout_ms) poll_wait(events, timeout_ms)
#define close(fd)                                   poll_close(fd)
#define recv(fd, buffer, size, flags)               poll_recv(fd, buffer, size, flags)
#define send(fd, bytes, size, flags)                poll_send(fd, bytes, size, flags)
#define sendfile(to, from, offset, size)            poll_sendfile(to, from, offset, size)
#define accept4(listener, address, length, flags)   poll_accept(listener, flags)

#include "labs/03-events/solution/events.c"
