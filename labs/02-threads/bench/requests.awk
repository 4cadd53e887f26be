# The runs of bench/run as a table: processor time per request, threads divided by the other server,
# round by round; the median of the ratios, and all of their range. Columns of the input: server,
# scenario, requests, microseconds of processor time per request, requests per second.
BEGIN { FS = ","; target = 0.85 }

$2 == "warm_up" { next }
{
    if (!($2 in known)) { known[$2] = 1; scenarios[++count] = $2 }
    round = ++rounds[$1, $2]
    cost[$1, $2, round] = $4
    speed[$1, $2, round] = $5
}

# of list[1..n], which it sorts: by insertion, for there are a few
function median(list, n,    i, j, value) {
    for (i = 2; i <= n; i++) {
        value = list[i]
        for (j = i - 1; j >= 1 && list[j] > value; j--)
            list[j + 1] = list[j]
        list[j + 1] = value
    }
    return (list[int((n + 1) / 2)] + list[int(n / 2) + 1]) / 2
}

function median_of(table, server, scenario, n,    i, list) {
    for (i = 1; i <= n; i++)
        list[i] = table[server, scenario, i]
    return median(list, n)
}

function print_row(server, scenario,    n, i, ratios, middle, verdict) {
    n = rounds[server, scenario]
    for (i = 1; i <= n; i++)
        ratios[i] = cost["threads", scenario, i] / cost[server, scenario, i]
    middle = median(ratios, n)
    verdict = middle <= target ? "met" : sprintf("missed by %.1f %%", (middle / target - 1) * 100)
    printf "%-20s %5.2f  (%.2f to %.2f) %8.1f %8.1f %9.0f %9.0f  %s\n", scenario, middle, ratios[1],
        ratios[n], median_of(cost, "threads", scenario, n), median_of(cost, server, scenario, n),
        median_of(speed, "threads", scenario, n), median_of(speed, server, scenario, n), verdict
}

function print_table(server, title,    i) {
    print title
    printf "%-20s %5s  %-14s %8s %8s %9s %9s  %s\n", "response, clients", "ratio", "(range)", \
        "A us", "B us", "A req/s", "B req/s", "target " target
    for (i = 1; i <= count; i++)
        print_row(server, scenarios[i])
    print ""
}

END {
    print "A / B, processor time of the server per request"
    print_table("microhttpd", "A: threads, 64 KiB stacks; B: libmicrohttpd, 64 KiB stacks")
    print_table("microhttpd_default", "A: threads, 64 KiB stacks; B: libmicrohttpd, its default stacks")
}
