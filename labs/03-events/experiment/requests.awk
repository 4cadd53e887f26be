# What a request costs: the rows of `switches`, then those of `calls`, of all servers, as two tables.
# A line is a load; in it the servers stand side by side. Without rows of calls there is one table.
BEGIN { FS = ","; servers = split("threads events poll", names, " ") }

FNR == 1 { files++ }
$2 == "connections" { next } # each server's rows have their header
{
    load = $2 FS ($3 == "closed_loop" ? "as fast" : $3)
    if (!((files, load) in known)) {
        known[files, load] = 1
        loads[files, ++count[files]] = load
    }
}
files == 1 {
    switches[$1, load] = $5
    cpu_us[$1, load] = $7
    next
}
{
    calls[$1, load] += $5
    if ($4 ~ /^(epoll_p?wait2?|p?poll)$/)
        waits[$1, load] += $5
}

function print_head(left, right,    i, side) {
    printf "%20s | %-26s | %s\n%11s %8s", "", left, right, "connections", "asked/s"
    for (side = 1; side <= 2; side++) {
        printf " |"
        for (i = 1; i <= servers; i++)
            printf " %8s", names[i]
    }
    print ""
}

function print_rows(file, left, left_format, right, right_format,    row, i, load, words) {
    for (row = 1; row <= count[file]; row++) {
        load = loads[file, row]
        split(load, words, FS)
        printf "%11d %8s |", words[1], words[2]
        for (i = 1; i <= servers; i++)
            printf " " left_format, left[names[i], load]
        printf " |"
        for (i = 1; i <= servers; i++)
            printf " " right_format, right[names[i], load]
        print ""
    }
}

END {
    print "2. A request's price for the server: /hello over kept connections, medians of 3."
    print_head("voluntary switches", "processor time, us")
    print_rows(1, switches, "%8.3f", cpu_us, "%8.1f")
    print "  A voluntary switch: there is nothing to do, so others get the processor. A"
    print "  thread waits for each request of its connection, a loop when nobody has one."
    print "  Involuntary ones are in the .csv: what else runs here decides them."
    print ""
    if (count[2] == 0) {
        print "   Calls per request: not measured, for strace(1) could not trace the server."
        exit
    }
    print "   Calls per request, counted by strace, on one processor with the server."
    print_head("epoll_wait or poll", "all calls")
    print_rows(2, waits, "%8.3f", calls, "%8.3f")
    print "  The rest is a receive and a send for each request. A loop that finds more"
    print "  requests at once asks less often; strace slows it, so it finds more than else."
}
