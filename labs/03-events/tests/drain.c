/* Step drain: what lab 02 asks of a server, and what an event loop adds. */
#include "labs/02-threads/tests/drain.c"

/* The signal and the request of an idle connection are told of at once, in that order. */
Test(drain, a_request_behind_the_signal) {
    struct run *server = start_server(ANY_PORT, "--timeout", "5000");
    struct client *asks = connect_client(server);
    say_hello(asks);
    hold(server);
    signal_server(server, SIGTERM);
    send_get(asks, "/hello");
    release(server);
    await_end(server);
    EXPECT_EXIT(server, 0);
}
