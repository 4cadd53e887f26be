# The rows of `latency`, of all servers, as a table: by connections, so that servers stand together.
BEGIN { FS = "," }

NR == 1 { next }
{
    if (!($2 in lines))
        order[++count] = $2
    lines[$2] = lines[$2] sprintf("%6d %-8s %9d | %8d %7d %8d %8d | %8d %5d%%\n", $2, $1, $3, $6, \
        $7, $8, $9, $11, $13)
    failed += $14
    if ($13 > 10)
        busy = 1
}

END {
    print "3. Throughput (closed loop) and latency in us (open loop), /hello, medians of 3."
    printf "%6s %-8s %9s | %8s %7s %8s %8s | %8s\n", "connec", "", "", "asked", "", "", "", \
        "p99 from"
    printf "%6s %-8s %9s | %8s %7s %8s %8s | %8s %6s\n", "tions", "server", "answers/s", "per s", \
        "p50", "p99", "p99.9", "sent", "others"
    for (i = 1; i <= count; i++)
        printf "%s", lines[order[i]]
    print "  Closed loop: each connection asks again when it has its answer. Open loop:"
    print "  requests fall due on a schedule, at half of that server's own throughput,"
    print "  and each is timed from when it was due, sent or not: so a stall counts for all"
    print "  who would have come in it (no coordinated omission). \"p99 from sent\": what"
    print "  timing from the sending would show."
    print "  others: processor time that other programs took; disturbs latencies first."
    if (failed > 0)
        printf "  requests that failed, in all: %d\n", failed
    if (busy)
        print "  This machine was too busy for its latencies to tell much about the servers."
}
