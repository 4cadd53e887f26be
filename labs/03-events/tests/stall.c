/* Step stall: measured, not judged. What the loop computes itself, everybody waits for. */
#include "common/clock.h"
#include "labs/02-threads/tests/requests.h"

TestSuite(stall);

Test(stall, a_burn_is_felt_by_all) {
    struct run *server = start_server(ANY_PORT);
    struct client *burns = connect_client(server), *other = connect_client(server);
    say_hello(other);
    send_get(burns, "/burn?ms=300");
    pause_ms(server, 50);
    const int64_t asked_ns = monotonic_ns();
    say_hello(other);
    const int64_t waited_ms = (monotonic_ns() - asked_ns) / 1000000;
    EXPECT_NUMBER("status of the answer", 200, await_answer(burns)->status);
    show("/hello, asked for 50 ms after /burn?ms=300, was answered after", waited_ms, "ms");
    stop_server(server);
}
