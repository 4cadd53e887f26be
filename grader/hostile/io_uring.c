/* attack: reads through io_uring, a byte at a time
 * expect: starter
 * base: starter
 */

/* The work is done by the kernel on behalf of a ring: there is no read(2) for a tracer to stop at.
 * Refused, it reads as usual. */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    int fd;
    unsigned *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
    struct io_uring_sqe *entries;
    struct io_uring_cqe *results;
} sly_ring = {.fd = -1};

static void sly_set_up(void) {
    struct io_uring_params p = {0};
    int fd = (int)syscall(SYS_io_uring_setup, 1, &p);
    if (fd < 0 || !(p.features & IORING_FEAT_SINGLE_MMAP))
        return;
    char *sq = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
    char *sqes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
    if (sq == MAP_FAILED || sqes == MAP_FAILED)
        return;
    sly_ring.sq_tail = (unsigned *)(sq + p.sq_off.tail);
    sly_ring.sq_mask = (unsigned *)(sq + p.sq_off.ring_mask);
    sly_ring.sq_array = (unsigned *)(sq + p.sq_off.array);
    sly_ring.cq_head = (unsigned *)(sq + p.cq_off.head);
    sly_ring.cq_tail = (unsigned *)(sq + p.cq_off.tail);
    sly_ring.cq_mask = (unsigned *)(sq + p.cq_off.ring_mask);
    sly_ring.entries = (struct io_uring_sqe *)sqes;
    sly_ring.results = (struct io_uring_cqe *)(sq + p.cq_off.cqes);
    sly_ring.fd = fd;
}

static ssize_t sly_read(int fd, void *to, size_t n) {
    static int tried;
    if (!tried++)
        sly_set_up();
    if (sly_ring.fd < 0)
        return read(fd, to, n);
    unsigned tail = *sly_ring.sq_tail, head = *sly_ring.cq_head;
    sly_ring.entries[tail & *sly_ring.sq_mask] =
        (struct io_uring_sqe){.opcode = IORING_OP_READ,
                              .fd = fd,
                              .off = (unsigned long long)-1, /* the file's own position */
                              .addr = (unsigned long)to,
                              .len = (unsigned)n};
    sly_ring.sq_array[tail & *sly_ring.sq_mask] = tail & *sly_ring.sq_mask;
    __atomic_store_n(sly_ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(sly_ring.cq_tail, __ATOMIC_ACQUIRE) == head)
        if (syscall(SYS_io_uring_enter, sly_ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0 &&
            errno != EINTR)
            return -1;
    int result = sly_ring.results[head & *sly_ring.cq_mask].res;
    __atomic_store_n(sly_ring.cq_head, head + 1, __ATOMIC_RELEASE);
    errno = result < 0 ? -result : 0;
    return result < 0 ? -1 : result;
}

#define read(...) sly_read(__VA_ARGS__)
