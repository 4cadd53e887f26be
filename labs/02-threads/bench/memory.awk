# What an idle connection holds, from the rows of `memory` (experiment/memory.c names the columns):
# the last row of each server less its first, divided by the connections. Bytes. Behind runs.awk, and
# for a program of its own behind it.
NF == 10 && $2 == 0 {
    servers[++server_count] = $1
    for (i = 4; i <= 9; i++)
        first[$1, i] = $i
}
NF == 10 && $2 > 0 {
    connections[$1] = $2
    for (i = 4; i <= 9; i++)
        each[$1, i] = ($i - first[$1, i]) * 1024 / $2
}

function print_memory(    i, s) {
    print "Memory of an idle kept connection, answered once: bytes"
    printf "%-18s %11s %8s %11s %7s %6s %9s\n", "", "", "", "page tables", "stacks", "slab", "at start,"
    printf "%-18s %11s %8s %26s %9s\n", "server", "connections", "resident", \
        "----- of the kernel -----", "KiB"
    for (i = 1; i <= server_count; i++) {
        s = servers[i]
        printf "%-18s %11d %8.0f %11.0f %7.0f %6.0f %9d\n", s, connections[s], each[s, 5], \
            each[s, 7], each[s, 8], each[s, 9], first[s, 5]
    }
    print "stacks: of threads, in the kernel; slab: what the kernel keeps of threads and"
    print "sockets, those of the client too; at start: resident before any connection"
}
