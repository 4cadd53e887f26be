# What an idle connection costs each server, from the rows of `memory`: the row with the most
# connections less the row with none, divided by the connections; then what is often said, as
# measured here. `run` names the columns. Bytes are shown.
BEGIN { FS = ","; KIB = 1024 }

NR == 1 { next }
$2 == 0 {
    servers[++count] = $1
    for (i = 3; i <= 10; i++)
        first[$1, i] = $i
    next
}
{
    most[$1] = $2
    threads[$1] = $3
    for (i = 3; i <= 10; i++)
        each[$1, i] = ($i - first[$1, i]) * KIB / $2
}

function kernel_share(server) {
    return each[server, 7] + each[server, 8] + each[server, 9]
}

END {
    print "1. Memory of an idle kept connection, answered once. Bytes: the slope over all."
    printf "%-14s %7s %6s | %9s | %8s | %6s %6s %6s\n", "", "connec-", "", "", "", "page", \
        "kernel", "slab,"
    printf "%-14s %7s %6s | %9s | %8s | %6s %6s %6s\n", "server", "tions", "thread", "reserved", \
        "resident", "tables", "stack", "both"
    for (i = 1; i <= count; i++) {
        s = servers[i]
        printf "%-14s %7d %6d | %9.0f | %8.0f | %6.0f %6.0f %6.0f\n", s, most[s], threads[s], \
            each[s, 4], each[s, 5], each[s, 7], each[s, 8], each[s, 9]
    }
    print "  reserved: VmSize, addresses. resident: VmRSS, memory that the program holds."
    print "  Then the kernel's own, by the whole machine's counters. Slab: sockets and"
    print "  threads, the client's end included; buffers of idle sockets take none."
    print "  threads: stacks of 64 KiB; threads-8192: of 8192 KiB, the usual default."
    print "  \"10,000 connections need 10 GB\":"
    for (i = 1; i <= count; i++) {
        s = servers[i]; n = most[s]
        printf "    %-12s %d reserve %6.3f GB, hold %5.3f GB, the kernel %5.3f GB\n", s, n, \
            n * each[s, 4] / 1e9, n * each[s, 5] / 1e9, n * kernel_share(s) / 1e9
    }
}
