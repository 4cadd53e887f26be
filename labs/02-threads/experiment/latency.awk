# The rows of `latency` as a table. latency.c names the columns.
BEGIN { FS = "," }

NR == 1 {
    print "Throughput: closed loop, /hello over kept connections. Latency in microseconds: open loop at"
    print "half of that rate on a fixed schedule, each request timed from when it was due, sent or not,"
    print "so a stall counts for all who would have come in it (no coordinated omission). Beside it the"
    print "p99 of the same answers from when they were sent, and the closed loop's. Medians of 3."
    printf "%11s %11s | %9s %8s %8s %8s | %9s %10s %7s %7s\n", "connections", "requests/s", \
        "open, /s", "p50", "p99", "p99.9", "sent p99", "closed p99", "failed", "others"
    next
}
{
    printf "%11d %11d | %9d %8d %8d %8d | %9d %10d %7d %5d %%\n", $1, $2, $5, $6, $7, $8, $10, $3, \
        $13, $12
    if ($12 > 10)
        busy = 1
}
END {
    print "  others: processor time that other programs took; they disturb the latencies first"
    if (busy)
        print "  this machine was too busy for its latencies to tell much about the server"
}
