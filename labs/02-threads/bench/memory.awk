# What an idle connection holds, from the rows of `memory` (experiment/memory.c names the columns):
# the last row of each server less its first, divided by the connections. Bytes.
BEGIN { FS = ","; target = 1 / 3 }

$2 == 0 {
    servers[++count] = $1
    for (i = 4; i <= 9; i++)
        first[$1, i] = $i
    next
}
{
    connections[$1] = $2
    for (i = 4; i <= 9; i++)
        each[$1, i] = ($i - first[$1, i]) * 1024 / $2
}

END {
    print "Memory of an idle kept connection, answered once: bytes"
    printf "%-20s %11s %10s %12s %12s %12s %10s\n", "", "connections", "resident", \
        "page tables", "kernel stack", "slab, both", "reserved"
    for (i = 1; i <= count; i++) {
        s = servers[i]
        printf "%-20s %11d %10.0f %12.0f %12.0f %12.0f %10.0f\n", s, connections[s], each[s, 5], \
            each[s, 7], each[s, 8], each[s, 9], each[s, 4]
    }
    print "slab: what the kernel keeps of threads and sockets, the client's sockets too"
    ratio = each["threads", 5] / each["microhttpd", 5]
    verdict = ratio <= target ? "met" : sprintf("missed by %.1f %%", (ratio / target - 1) * 100)
    printf "resident, threads / microhttpd: %.2f, target %.2f: %s\n", ratio, target, verdict
}
