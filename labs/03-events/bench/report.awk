# What bench/run prints of its runs, behind lab 02's runs.awk and memory.awk. `wanted` is the number of
# idle connections that were asked for, `limit` that of descriptors a process may have.

function print_p99(theirs,    i, s, middle) {
    printf "%-17s %5s %-14s %6s %6s\n", "p99", "A / B", "(range)", "A ms", "B ms"
    for (i = 1; i <= scenario_count; i++) {
        s = scenarios[i]
        if (s ~ / 1000$/) {
            middle = ratio_of(p99, "events", theirs, s)
            printf "%-17s %5.2f %-14s %6.1f %6.1f\n", s, middle, \
                sprintf("(%.2f to %.2f)", lowest, highest), \
                median_of(p99, "events", s) / 1000, median_of(p99, theirs, s) / 1000
        }
    }
    print ""
}

function print_ratio_target(table, what, scenario, most,    middle) {
    what = sprintf("%-14s %-16s", what, scenario)
    if (!rounds["nginx", scenario]) {
        print what " not measured: no nginx"
        return
    }
    middle = ratio_of(table, "events", "nginx", scenario)
    printf "%s %4.2f %-14s %4.2f %s%s\n", what, middle, \
        sprintf("(%.2f to %.2f)", lowest, highest), most, verdict(middle, most), \
        lowest <= most && most < highest ? ", unsure" : ""
}

END {
    print "Processor time of the server per request, A / B, and requests per second;"
    print "p99: 99 of 100 answers came within that time (1,000 connections that always ask)"
    print ""
    split("nginx microhttpd evhttp lighttpd", others, " ")
    for (i = 1; i <= 4; i++)
        if (rounds[others[i], scenarios[1]]) {
            print_table("events", others[i], "A: events; B: " others[i])
            print_p99(others[i])
        }

    if (rounds["lighttpd", scenarios[1]]) {
        print "lighttpd keeps files open and asks once a second whether they have changed;"
        print "the others open a file for each request. Its /hello is a file, too."
        print ""
    }
    print_memory()
    printf "events-most: of %d asked for; a process may have %d descriptors here\n", wanted, limit

    print ""
    printf "%-32s%-19s %s\n", "Targets, events / nginx", "ratio (range)", "most"
    split("64 1000", clients, " ")
    for (i = 1; i <= 2; i++) {
        print_ratio_target(cost, "processor time", "hello " clients[i], 0.85)
        print_ratio_target(cost, "processor time", "1 KiB file " clients[i], 0.85)
    }
    print_ratio_target(p99, "p99", "hello 1000", 1)
    print_ratio_target(p99, "p99", "1 KiB file 1000", 1)
    print_ratio_target(p99, "p99", "64 KiB file 1000", 1)
    if (connections["events"])
        printf "%-31s %4.0f %-14s %4d %s\n", "resident bytes, idle connection", \
            each["events", 5], "", 128, verdict(each["events", 5], 128)
    print "unsure: what is wanted lies within the range, so another run may say otherwise;"
    print "p99 tells of a server only where nothing else runs"
}
