# The rows of `wakeups` of both servers as a table, and what one more idle connection adds.
BEGIN { FS = "," }

NR == 1 { next }
{ cpu_us[$1, $2, $3] = $5 }
$1 == "poll" && $2 == 1 { idle[++count] = $3 }

function growth(server, busy) {
    return cpu_us[server, busy, idle[count]] - cpu_us[server, busy, idle[1]]
}

function show(server, busy,    more_us) {
    more_us = growth(server, busy)
    if (more_us < 0.05 && more_us > -0.05)
        more_us = 0 # or it is shown as -0.0
    printf "  %-6s %2d ask%s:%8.1f us more with %d idle, %6.2f ns for each of them\n", \
        (server == "poll" ? "poll," : "epoll,"), busy, (busy == 1 ? "s" : " "), more_us, idle[count], \
        more_us * 1e3 / (idle[count] - idle[1])
}

END {
    print "4. Processor time of the server per request, us, beside idle connections."
    printf "%8s | %-21s | %s\n", "", "1 asks: a request is", "64 ask: a wake-up"
    printf "%8s | %-21s | %s\n", "", "a wake-up", "is for several"
    printf "%8s | %10s %10s | %10s %10s\n", "idle", "poll", "epoll", "poll", "epoll"
    for (i = 1; i <= count; i++)
        printf "%8d | %10.1f %10.1f | %10.1f %10.1f\n", idle[i], cpu_us["poll", 1, idle[i]], \
            cpu_us["events", 1, idle[i]], cpu_us["poll", 64, idle[i]], cpu_us["events", 64, idle[i]]
    show("poll", 1); show("events", 1); show("poll", 64); show("events", 64)
    print "  poll is handed all n descriptors each time, and asks each of them: O(n). epoll"
    print "  keeps them, and one that becomes ready puts itself on a list: O(ready)."
}
