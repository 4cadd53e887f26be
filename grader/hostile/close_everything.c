/* attack: closes every descriptor, opens others in their place, and stays (for up to 60 s)
 * expect: nothing
 * slow: test after test runs into its limit
 */

/* End of file on stdout is not the end of the program: a judge that takes it for one, then waits
 * without a clock, hangs. What the numbers 0 to 2 open next must be nothing of value. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    time_t end = time(NULL) + 60;
    syscall(SYS_close_range, 0U, ~0U, 0U);
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    open("/dev/tty", O_RDWR | O_NOCTTY);
    open("/proc/1/fd/1", O_WRONLY | O_NONBLOCK);
    open("/proc/1/fd/2", O_WRONLY | O_NONBLOCK);
    for (int fd = 0; fd < 3; fd++)
        dprintf(fd, "[PASS] whole_file::one_file\n");
    while (time(NULL) < end)
        sleep(1);
    return 0;
}
