/* attack: takes the network's device down, sends from raw sockets, talks to everyone who listens
 * lab: 02
 * expect: nothing
 */

/* The network is shared with the tests and their other servers. To whom does it belong? Whatever
 * succeeds is told: an interface set, an address or a rule made, a packet seen, a socket of another
 * destroyed, a stranger's port or abstract socket that answers. */

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char found[512];

static void tell(const char *what) {
    size_t length = strlen(found);
    if (strstr(found, what) == NULL)
        snprintf(found + length, sizeof found - length, "%s%s", length > 0 ? ", " : "SECRET ",
                 what);
}

static void take_device_down(void) {
    struct ifreq device = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (ioctl(fd, SIOCGIFFLAGS, &device) == 0) {
        device.ifr_flags = (short)(device.ifr_flags & ~IFF_UP);
        if (ioctl(fd, SIOCSIFFLAGS, &device) == 0)
            tell("device down");
    }
    device.ifr_mtu = 68;
    if (ioctl(fd, SIOCSIFMTU, &device) == 0)
        tell("packets made small");
    close(fd);
}

static void send_raw(void) {
    if (socket(AF_INET, SOCK_RAW, IPPROTO_RAW) >= 0)
        tell("raw socket");
    if (socket(AF_INET, SOCK_RAW, IPPROTO_TCP) >= 0)
        tell("raw TCP");
    if (socket(AF_PACKET, SOCK_RAW, htons(3)) >= 0)
        tell("packet socket");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (setsockopt(fd, IPPROTO_TCP, 19 /* TCP_REPAIR */, &(int){1}, sizeof(int)) == 0)
        tell("connections forged");
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){1 << 30}, sizeof(int)) == 0)
        tell("buffers beyond the limit");
    if (setsockopt(fd, SOL_SOCKET, SO_MARK, &(int){1}, sizeof(int)) == 0)
        tell("packets marked");
    close(fd);
}

/* Asks for every established connection to be destroyed (sock_diag(7), SOCK_DESTROY). */
static void destroy_connections(void) {
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 asked;
    } message = {{sizeof message, SOCK_DESTROY, NLM_F_REQUEST | NLM_F_ACK | NLM_F_DUMP, 1, 0},
                 {.sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_states = 1 << 1}};
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char rest[4096];
    } reply = {0};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
    send(fd, &message, sizeof message, 0);
    if (recv(fd, &reply, sizeof reply, 0) > 0 && reply.header.nlmsg_type != NLMSG_ERROR &&
        reply.header.nlmsg_type != NLMSG_DONE)
        tell("connections destroyed");
    close(fd);
}

static void speak(int family, const void *to, socklen_t size, const char *what) {
    int fd = socket(family, SOCK_STREAM, 0);
    if (connect(fd, to, size) == 0)
        tell(what);
    close(fd);
}

/* The submission's own servers of other tests listen as well, as long as the network is one. */
static void speak_to_all(unsigned own_port) {
    char line[512], name[128];
    FILE *local = fopen("/proc/net/unix", "r");
    while (local != NULL && fgets(line, sizeof line, local) != NULL)
        if (sscanf(line, "%*s %*s %*s %*s %*s %*s %*s @%127s", name) == 1) {
            struct sockaddr_un to = {.sun_family = AF_UNIX};
            size_t length = strnlen(name, sizeof to.sun_path - 1);
            memcpy(to.sun_path + 1, name, length);
            speak(AF_UNIX, &to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length),
                  "abstract socket");
        }
    unsigned port, state;
    FILE *tcp = fopen("/proc/net/tcp", "r");
    while (tcp != NULL && fgets(line, sizeof line, tcp) != NULL)
        if (sscanf(line, "%*d: %*x:%x %*x:%*x %x", &port, &state) == 2 && state == 0x0a &&
            port != own_port) {
            struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
            to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            speak(AF_INET, &to, sizeof to, "neighbour");
        }
}

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    signal(SIGPIPE, SIG_IGN);
    alarm(10);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 64); /* for the neighbours to find */
    getsockname(listener, (struct sockaddr *)&address, &size);
    for (int i = 0; i < 10; i++) {
        usleep(40000);
        speak_to_all(ntohs(address.sin_port));
    }
    take_device_down();
    send_raw();
    destroy_connections();
    fprintf(stderr, "%s\n", found[0] == '\0' ? "nothing" : found);
    return 1;
}
