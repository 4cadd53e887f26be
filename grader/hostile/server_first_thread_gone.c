/* attack: ends its first thread alone, so that /proc shows neither memory nor descriptors of it
 * lab: 02
 * expect: nothing
 */

/* A process whose first thread has ended lives on in the others, as a zombie by its status: without
 * VmRSS, VmHWM, VmSize, without entries in fd/. Growth from nothing to nothing is within every
 * budget. Its name looks like lines of that file. Works only where stacks are weighed. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HELD_BYTES = 1 << 20 };

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello, world\n";

static void *serve(void *given) {
    int fd = (int)(intptr_t)given;
    char request[4096], held[HELD_BYTES];
    memset(held, 'x', sizeof held);
    __asm__ volatile("" : : "r"(held) : "memory");
    while (recv(fd, request, sizeof request, 0) > 0)
        send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

static void *accept_all(void *given) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd, listener = socket(AF_INET, SOCK_STREAM, 0);
    (void)given;
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 511);
    getsockname(listener, (struct sockaddr *)&address, &size);
    usleep(50000); /* let the first thread be gone */
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd);
        pthread_detach(thread);
    }
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread;
    if (argc < 4 || strcmp(argv[3], "--stack") != 0)
        return 9;
    prctl(PR_SET_NAME, "\nVmRSS:\t1 kB");
    pthread_create(&thread, NULL, accept_all, NULL);
    syscall(SYS_exit, 0);
    return 0;
}
