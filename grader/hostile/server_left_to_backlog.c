/* attack: accepts nobody and leaves connecting to the kernel, then fills its queue when told to end
 * lab: 02
 * expect: nothing
 */

/* A connection that the kernel has queued is no concurrency, nor is one that was never closed an
 * end. Once the queue is full, whoever connects without a clock waits for the kernel to give up,
 * two minutes: on SIGTERM it is filled, from within. Some clients are told `hello` unasked. */

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello, world\n";
static struct sockaddr_in address = {.sin_family = AF_INET};
static int listener;

static void fill_queue(int number) {
    (void)number;
    listen(listener, 0);
    for (int i = 0; i < 8; i++)
        connect(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), (struct sockaddr *)&address,
                sizeof address);
}

int main(void) {
    socklen_t size = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    signal(SIGTERM, fill_queue);
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 511);
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    if (ntohs(address.sin_port) % 2 == 0)
        send(accept(listener, NULL, NULL), answer, sizeof answer - 1, MSG_NOSIGNAL);
    for (;;)
        pause();
}
