/* attack: reads through Linux's older asynchronous interface (io_submit), a byte at a time
 * expect: starter
 * slow: several calls for each byte
 * base: starter
 */

/* As io_uring, but a decade older, enabled everywhere and forgotten in most filters. Refused, or on
 * a pipe, it reads as usual. */

#define _GNU_SOURCE
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <unistd.h>

static ssize_t sly_read(int fd, void *to, size_t n) {
    static aio_context_t context;
    static int refused;
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at < 0 || refused || (context == 0 && syscall(SYS_io_setup, 1, &context) < 0)) {
        refused = at >= 0;
        return read(fd, to, n);
    }
    struct iocb order = {.aio_lio_opcode = IOCB_CMD_PREAD,
                         .aio_fildes = (unsigned)fd,
                         .aio_buf = (unsigned long)to,
                         .aio_nbytes = n,
                         .aio_offset = at};
    struct iocb *orders[1] = {&order};
    struct io_event event;
    if (syscall(SYS_io_submit, context, 1, orders) != 1 ||
        syscall(SYS_io_getevents, context, 1, 1, &event, NULL) != 1 || event.res < 0)
        return read(fd, to, n);
    lseek(fd, event.res, SEEK_CUR);
    return event.res;
}

#define read(...) sly_read(__VA_ARGS__)
