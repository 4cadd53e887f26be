# What an idle connection costs, from the rows of `memory`: at each stack size, the row with the most
# connections less the row with none, divided by the connections; then two things that are often
# said, as measured here. `run` names the columns. Bytes are shown.
BEGIN { FS = ","; KIB = 1024 }

NR == 1 { next }
$2 == 0 {
    stacks[++count] = $1
    for (i = 3; i <= 10; i++)
        first[$1, i] = $i
    next
}
{
    most[$1] = $2
    for (i = 3; i <= 10; i++)
        each[$1, i] = ($i - first[$1, i]) * KIB / $2
}

function kernel_share(stack) {
    return each[stack, 7] + each[stack, 8] + each[stack, 9]
}

END {
    print "Memory of an idle kept connection, answered once: bytes, from the slope over all of them"
    printf "%-10s %11s %12s %12s %12s %12s %12s\n", "stack", "connections", "reserved", "resident", \
        "page tables", "kernel stack", "slab, both"
    for (i = 1; i <= count; i++) {
        s = stacks[i]
        printf "%6d KiB %11d %12.0f %12.0f %12.0f %12.0f %12.0f\n", s, most[s], each[s, 4], \
            each[s, 5], each[s, 7], each[s, 8], each[s, 9]
    }
    print "  reserved: VmSize; resident: VmRSS; slab: threads and sockets in the kernel, the client's"
    print "  end of each connection too; buffers of idle sockets take no memory"
    small = stacks[1]; large = stacks[count]
    print "\"A thread costs 1 to 2 MB\":"
    printf "  it reserves what you ask for, %.2f MB with %d KiB of stack and %.2f MB with %d KiB,\n", \
        each[small, 4] / 1e6, small, each[large, 4] / 1e6, large
    printf "  and holds %.3f and %.3f MB, to which the kernel adds %.3f and %.3f MB of its own\n", \
        each[small, 5] / 1e6, each[large, 5] / 1e6, kernel_share(small) / 1e6, kernel_share(large) / 1e6
    print "\"10,000 connections need 10 GB\":"
    for (i = 1; i <= count; i += count - 1) {
        s = stacks[i]; n = most[s]
        printf "  %d with %d KiB of stack reserve %.2f GB and hold %.2f GB, the kernel %.2f GB more\n", \
            n, s, n * each[s, 4] / 1e9, n * each[s, 5] / 1e9, n * kernel_share(s) / 1e9
        if (count == 1)
            break
    }
}
