# The process that outgrows its group: a line through its first half second says when it will; the summary
# says when it did.
BEGIN { FS = "," }
NR == 1 {
    for (i = 1; i <= NF; i++)
        column[$i] = i
    next
}
/^#/ {
    summary = $0
    next
}
$column["cgroup_kib"] != "" && $column["time_ms"] > 50 && $column["time_ms"] < 550 {
    n++
    x += $column["time_ms"]
    y += $column["cgroup_kib"]
    xx += $column["time_ms"] ^ 2
    xy += $column["time_ms"] * $column["cgroup_kib"]
}
$column["vm_rss_kib"] != "" {
    last_ms = $column["time_ms"]
    last_kib = $column["vm_rss_kib"]
}
END {
    slope = (n * xy - x * y) / (n * xx - x * x)
    start = (y - slope * x) / n
    printf "a process that leaks %.0f KiB a second in a group of %.0f MiB\n", slope * 1000, limit_kib / 1024
    printf "  from its first half second: full after %.0f ms\n", (limit_kib - start) / slope
    printf "  last seen after %.0f ms, with %.1f MiB resident\n", last_ms, last_kib / 1024
    print "  " summary
}
