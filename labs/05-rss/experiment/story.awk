# One subject's story: what it had while it held still after each of its marks. Reads NAME.marks and then
# NAME.csv. The subject's clock and the samples' begin together but for the milliseconds in which it starts.
FNR == 1 { file++ }
file == 1 && NF >= 3 {
    if (begins == "")
        begins = $3
    what[++marks] = $1
    at_ms[marks] = ($3 - begins) / 1e6
    next
}
file == 2 && FNR == 1 {
    count = split($0, names, ",")
    for (i = 1; i <= count; i++)
        column[names[i]] = i
    next
}
/^#/ { next }
file == 2 {
    split($0, value, ",")
    # while it holds still after a mark, and not when it goes on to the next
    for (i = 1; i < marks; i++)
        if (value[column["time_ms"]] > at_ms[i] + 20 && value[column["time_ms"]] < at_ms[i] + hold_ms - 20)
            for (measure in column)
                if (value[column[measure]] != "")
                    seen[i, measure] = value[column[measure]]
}
function mib(i, measure) {
    return seen[i, measure] == "" ? sprintf("%7s", "-") : sprintf("%7.1f", seen[i, measure] / 1024)
}
BEGIN { FS = "[ ]" }
END {
    if (name == "reserve")
        printf "%-13s %-9s %7s %7s %7s %7s %7s %7s %7s\n", "subject", "it has", "VmSize", "VmRSS",
            "anon", "file", "shmem", "PSS", "group"
    for (i = 1; i < marks; i++)
        if (seen[i, "vm_rss_kib"] != "")
            printf "%-13s %-9s %s %s %s %s %s %s %s\n", i == 1 ? name : "", what[i],
                mib(i, "vm_size_kib"), mib(i, "vm_rss_kib"), mib(i, "rss_anon_kib"),
                mib(i, "rss_file_kib"), mib(i, "rss_shmem_kib"), mib(i, "pss_kib"), mib(i, "cgroup_kib")
}
