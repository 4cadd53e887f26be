# What bench/run prints of its runs: awk -f runs.awk -f memory.awk -f report.awk runs.csv memory.csv
END {
    most = 0.85
    print "Processor time of the server per request, A / B; at most " most " is wanted"
    print ""
    print_table("threads", "microhttpd", \
        "A: threads, 64 KiB stacks; B: libmicrohttpd, 64 KiB stacks", most)
    print_table("threads", "microhttpd_default", \
        "A: threads, 64 KiB stacks; B: libmicrohttpd, its default stacks", most)

    print_memory()
    if ("microhttpd" in connections) {
        ratio = each["threads", 5] / each["microhttpd", 5]
        printf "resident, threads / microhttpd: %.2f, at most 0.33 is wanted: %s\n", ratio, \
            verdict(ratio, 1 / 3)
    }
}
