/* The network that a test shares with the program: a loopback device, and nothing else on it. */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "grader/testkit/kit.h"

/* Tests run side by side: in one network, the server of one could work for that of another, where
 * nobody counts. */
static void leave_shared_network(void) {
    static bool is_own;
    if (kit()->tier == SANDBOX_STRICT && !is_own && unshare(CLONE_NEWNET) < 0)
        unmeasured("no network of the test's own: %s", strerror(errno));
    is_own = true;
}

/* A new network namespace has a loopback device, and it is down (network_namespaces(7)). */
static void raise_loopback(void) {
    struct ifreq device = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool known = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &device) == 0;
    bool is_up = known && (device.ifr_flags & IFF_UP) != 0;
    device.ifr_flags = (short)(device.ifr_flags | IFF_UP);
    if (!known || (!is_up && ioctl(fd, SIOCSIFFLAGS, &device) < 0))
        unmeasured("no loopback device: %s", strerror(errno));
    close(fd);
}

void take_own_network(void) {
    leave_shared_network();
    raise_loopback();
}
