# The rows of `stall` of both servers as a table.
BEGIN { FS = "," }

NR == 1 { next }
{
    if (!($2 in seen))
        burns[++count] = $2
    seen[$2] = 1
    cells[$1, $2] = sprintf("%8d %8d %8d", $3, $4, $5)
    failed += $6
}

END {
    print "5. Latency of /hello in us, open loop, 500/s, while one other client asks for"
    print "   /burn?ms=N again and again, medians of 3."
    printf "%8s | %-26s | %s\n", "", "threads", "events"
    printf "%8s | %8s %8s %8s | %8s %8s %8s\n", "N", "p50", "p99", "most", "p50", "p99", "most"
    for (i = 1; i <= count; i++)
        printf "%8s | %s | %s\n", (burns[i] > 0 ? burns[i] : "no burn"), cells["threads", burns[i]], \
            cells["events", burns[i]]
    print "  While the loop computes it looks at nobody: who comes meanwhile waits for what"
    print "  is left of N, mostly half of it, at worst all. N is processor time, and takes"
    print "  longer when other programs want the processors."
    if (failed > 0)
        printf "  requests that failed, in all: %d\n", failed
}
