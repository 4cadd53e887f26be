/* attack: serves nobody: the first connection sets off processes, threads and daemons that listen
 * lab: 02
 * expect: nothing
 */

/* Harmless until it is spoken to, and then everywhere: each process ignores what can be ignored,
 * leaves the session, and goes on forking, starting threads and answering on the same port, up to
 * 2,048 in all, for 10 s. Whoever waits for the one that was started waits for the wrong one. Only
 * in three tests: each costs the machine a second. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 2048, SECONDS = 10 };

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello, world\n";
static atomic_int *born;
static time_t end;

static void *linger(void *unused) {
    sleep(SECONDS);
    return unused;
}

static int listen_on(struct sockaddr_in *address) {
    socklen_t size = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int));
    bind(fd, (struct sockaddr *)address, size);
    listen(fd, 511);
    getsockname(fd, (struct sockaddr *)address, &size);
    return fd;
}

static void be_everywhere(struct sockaddr_in address) {
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_IGN);
    setsid();
    int listener = listen_on(&address);
    while (time(NULL) < end) {
        pthread_t thread;
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0)
            send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
        if (atomic_fetch_add(born, 2) >= MOST || pthread_create(&thread, NULL, linger, NULL) != 0 ||
            fork() < 0) {
            atomic_fetch_sub(born, 2);
            usleep(5000);
        }
    }
    _exit(0);
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (argc < 4 || (strcmp(argv[3], "--max-connections") != 0 && strcmp(argv[3], "--stack") != 0))
        return 9;
    born = mmap(NULL, sizeof *born, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (born == MAP_FAILED)
        return 1;
    end = time(NULL) + SECONDS;
    int listener = listen_on(&address);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    while (accept(listener, NULL, NULL) < 0 && time(NULL) < end)
        usleep(1000);
    be_everywhere(address);
    return 0;
}
