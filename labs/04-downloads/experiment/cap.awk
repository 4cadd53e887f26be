# The rows of `run` as a table for each origin, with Little's law beside them, and where the knee is.
# `run` names the columns, and gives latency_ms, size_bytes, link_kib and workers.
BEGIN {
    FS = ","
    names["latency"] = "nothing else limits it"
    names["link"] = sprintf("all answers share a link of %d KiB/s", link_kib)
    names["workers"] = sprintf("it works on %d at a time, others wait in its queue", workers)
    ceiling["link"] = link_kib * 1024 / size_bytes
    ceiling["workers"] = workers * 1000 / latency_ms
    alone_ms["latency"] = alone_ms["workers"] = latency_ms
    alone_ms["link"] = latency_ms + 1000 / ceiling["link"]
}

NR == 1 { next }
!($1 in rows) { order[++origins] = $1; rows[$1] = 0 }
{
    per_second = $7 / $4 * 1000
    row = ++rows[$1]
    queued = $8 - per_second * alone_ms[$1] / 1000
    lines[$1, row] = sprintf("%9s %4d | %9.1f | %s | %9.1f %9s %7.1f", $2, $3, per_second, \
        $2 == "starter" ? sprintf("%7s %7s", "", "") : sprintf("%7.1f %7.1f", $5, $6), $8, \
        $2 == "starter" ? "" : sprintf("%.1f", per_second * $5 / 1000), queued > 0 ? queued : 0)
}
$2 == "downloads" {
    count++
    cap[$1, row] = $3; speed[$1, row] = per_second; p50[$1, row] = $5
    if (per_second > best[$1])
        best[$1] = per_second
}

# The least cap that brings nine tenths of the most that any brings.
function knee_of(origin,    row) {
    for (row = 2; row <= rows[origin]; row++)
        if (speed[origin, row] >= 0.9 * best[origin])
            return row
}

function print_knee(origin,    knee, last) {
    knee = knee_of(origin)
    last = rows[origin]
    if (!(origin in ceiling)) {
        printf "  No knee up to %d: %d times as many at a time, %.0f times the answers.\n", \
            cap[origin, last], cap[origin, last], speed[origin, last] / speed[origin, 2]
        return
    }
    printf "  The origin can answer %.0f/s, and takes %.1f ms for one that is alone: by Little's\n", \
        ceiling[origin], alone_ms[origin]
    printf "  law %.0f/s x %.4f s = %.1f in flight keep it busy. Measured, the knee is at %d: with\n", \
        ceiling[origin], alone_ms[origin] / 1000, ceiling[origin] * alone_ms[origin] / 1000, \
        cap[origin, knee]
    printf "  %d at a time there are %.2f times as many answers a second, and each takes %.1f\n", \
        cap[origin, last], speed[origin, last] / speed[origin, knee], \
        p50[origin, last] / p50[origin, knee]
    print  "  times as long: the rest is a queue."
}

END {
    printf "Answers of %d KiB that take the origin %d ms, fetched so many at a time.\n", \
        size_bytes / 1024, latency_ms
    for (i = 1; i <= origins; i++) {
        printf "\n%d. %s\n", i, names[order[i]]
        printf "%9s %4s | %9s | %7s %7s | %9s %9s %7s\n", "", "", "answers", "ms, each", "", \
            "in flight", "by Little", "of them"
        printf "%9s %4s | %9s | %7s %7s | %9s %9s %7s\n", "program", "cap", "per s", "p50", "p95", \
            "(origin)", "(program)", "queued"
        for (row = 1; row <= rows[order[i]]; row++)
            print lines[order[i], row]
        print_knee(order[i])
    }
    print ""
    print "in flight: as the origin counted, on average. by Little: answers per second x p50, both"
    print "as the program measured. queued: in flight less answers per second x the time of one that"
    print "is alone; so many wait for others."
}
