/* Step budgets, the part that lab 03 asks as well: what is asked for while there is nothing to do. */
#include "labs/02-threads/tests/requests.h"

enum { IDLE = 8 };

Test(budgets, idle) {
    const int64_t none = 0, most_ms = 10;
    struct client *clients[IDLE];
    struct run *server =
        serve((struct program){.arguments = WORDS(ANY_PORT), .traced = true, .every_call = true});
    connect_clients(server, clients, IDLE);
    for (size_t i = 0; i < IDLE; i++)
        say_hello(clients[i]);
    pause_ms(server, 200);
    step("leave it alone for a second");
    const int64_t from_ns = ledger_clock_ns(), before_ns = cpu_ns_of(server);
    pause_ms(server, 1000);
    const int64_t used_ms = (cpu_ns_of(server) - before_ns) / 1000000;
    const int64_t to_ns = ledger_clock_ns();
    stop_server(server);
    const int64_t calls = ledger_calls_between(ledger_of(server), from_ns, to_ns);
    BUDGET_NUMBER_AT_MOST("calls in a second with 8 idle connections", "calls", calls, none,
                          "the kernel wakes who waits; it need not be asked");
    BUDGET_NUMBER_AT_MOST("processor time in that second", "ms", used_ms, most_ms,
                          "who waits in the kernel runs no instruction");
}
