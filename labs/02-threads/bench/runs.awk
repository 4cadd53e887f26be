# The runs of a bench (servers.bash names the columns) as a table: processor time per request, one
# server's divided by another's, round by round; the median of the ratios, and all of their range.
# For a program of its own behind it, which says what is printed: awk -f runs.awk -f that.awk.
BEGIN { FS = "," }

NF == 6 && $2 != "warm_up" {
    if (!($2 in known)) { known[$2] = 1; scenarios[++scenario_count] = $2 }
    round = ++rounds[$1, $2]
    cost[$1, $2, round] = $4
    speed[$1, $2, round] = $5
    p99[$1, $2, round] = $6
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

function median_of(table, server, scenario,    i, list) {
    for (i = 1; i <= rounds[server, scenario]; i++)
        list[i] = table[server, scenario, i]
    return median(list, rounds[server, scenario])
}

# The median, with `lowest` and `highest` set beside it: neighbours in time are divided, for the
# machine may be slower in another round.
function ratio_of(table, ours, theirs, scenario,    n, i, list, middle) {
    n = rounds[theirs, scenario]
    for (i = 1; i <= n; i++)
        list[i] = table[ours, scenario, i] / table[theirs, scenario, i]
    middle = median(list, n)
    lowest = list[1]
    highest = list[n]
    return middle
}

function verdict(value, most) {
    return value <= most ? "met" : sprintf("missed by %.1f %%", (value / most - 1) * 100)
}

function print_row(ours, theirs, scenario, most,    middle) {
    middle = ratio_of(cost, ours, theirs, scenario)
    printf "%-17s %5.2f %-14s %6.1f %6.1f %7.0f %7.0f%s\n", scenario, middle, \
        sprintf("(%.2f to %.2f)", lowest, highest), \
        median_of(cost, ours, scenario), median_of(cost, theirs, scenario), \
        median_of(speed, ours, scenario), median_of(speed, theirs, scenario), \
        most ? sprintf(" %+6.1f %%", (middle / most - 1) * 100) : ""
}

# With `most`, the largest ratio that is wanted: also how far from it each row is.
function print_table(ours, theirs, title, most,    i) {
    print title
    printf "%-17s %5s %-14s %6s %6s %7s %7s%s\n", "response, clients", "A / B", "(range)", \
        "A us", "B us", "A req/s", "B req/s", most ? "  to " most : ""
    for (i = 1; i <= scenario_count; i++)
        if (rounds[theirs, scenarios[i]])
            print_row(ours, theirs, scenarios[i], most)
    print ""
}
