/* Step limits, the part that is about threads: what each of them takes. */
#include "labs/02-threads/tests/requests.h"

/* A thread's stack is reserved whole and touched in parts. */
Test(limits, small_stacks) {
    enum { connections = 100, stack_kib = 64 };
    struct client *clients[connections];
    make_directory("files");
    make_text("files/text", 100000);
    struct run *server = start_server(ANY_PORT, "--stack", "64", "--root", "files");
    const struct procfs_status before = status_of(server);
    connect_clients(server, clients, connections);
    for (size_t i = 0; i < connections; i++)
        say_hello(clients[i]);
    const struct procfs_status after = status_of(server);
    const int64_t reserved_kib = (after.vm_size_kib - before.vm_size_kib) / connections;
    const int64_t resident_kib = (after.vm_rss_kib - before.vm_rss_kib) / connections;
    measure("reserved_per_thread", reserved_kib, "KiB");
    measure("resident_per_thread", resident_kib, "KiB of memory");
    BUDGET_NUMBER_AT_MOST("address space for a connection", "KiB", reserved_kib, stack_kib + 4,
                          "the stack that was asked for, and a page that guards its end");
    BUDGET_NUMBER_AT_MOST("resident memory for an idle connection", "KiB of memory", resident_kib,
                          24, "the pages of the stack that were touched, and no buffer besides");
    get(clients[0], "/files/text", 200);
    get(clients[1], "/stream?bytes=1000000", 200);
    get(clients[2], "/stats", 200);
    stop_server(server);
}
