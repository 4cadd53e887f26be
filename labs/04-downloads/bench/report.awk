# What bench/run prints of its runs, behind lab 02's runs.awk, which has the medians. A row is a tool,
# what it fetches and how many at a time, and what `cost` prints. `latency_ms` is what an answer takes
# the origin of the late ones, of which there are `files`.
BEGIN {
    tool_count = split("downloads curl wget2 aria2c xargs", tools, " ")
    kind_count = split("small large late", kinds, " ")
}

NF == 4 {
    split($2, words, " ")
    if (!(words[2] in known)) { known[words[2]] = 1; caps[++cap_count] = words[2] }
    round = ++rounds[$1, $2]
    wall[$1, $2, round] = $3
    cpu[$1, $2, round] = $4
}

# xargs takes so long that it has fewer rounds of the small files, and no part in ratios.
function is_compared(tool, scenario) {
    return tool != "downloads" && rounds[tool, scenario] == rounds["downloads", scenario]
}

function ratio_and_range(table, tool, scenario,    middle) {
    if (!is_compared(tool, scenario))
        return ""
    middle = ratio_of(table, "downloads", tool, scenario)
    return sprintf("%.2f (%.2f to %.2f)", middle, lowest, highest)
}

# Of the others, the one whose median is least.
function least(table, scenario,    i, best) {
    for (i = 1; i <= tool_count; i++)
        if (is_compared(tools[i], scenario))
            if (!best || median_of(table, tools[i], scenario) < median_of(table, best, scenario))
                best = tools[i]
    return best
}

function print_scenario(scenario,    i, tool) {
    printf "%-30s %8s %-21s %8s %s\n", title_of(scenario), "wall ms", "downloads / it", "CPU ms", \
        "downloads / it"
    for (i = 1; i <= tool_count; i++) {
        tool = tools[i]
        if (rounds[tool, scenario])
            printf "  %-28s %8.1f %-21s %8.1f %s\n", tool, median_of(wall, tool, scenario), \
                ratio_and_range(wall, tool, scenario), median_of(cpu, tool, scenario), \
                ratio_and_range(cpu, tool, scenario)
    }
    print ""
}

function print_target(what, middle, most) {
    printf "%-52s %5.3f %-16s %5.3f %s%s\n", what, middle, \
        sprintf("(%.3f to %.3f)", lowest, highest), most, verdict(middle, most), \
        lowest <= most && most < highest ? ", unsure" : ""
}

function print_against(table, what, scenario,    other) {
    other = least(table, scenario)
    print_target(title_of(scenario) ": " what ", of " other "'s", \
        ratio_of(table, "downloads", other, scenario), 1)
}

function ideal_ms(cap) {
    return int((files + cap - 1) / cap) * latency_ms
}

function of_ideal(tool, cap,    i, n, list, middle) {
    n = rounds[tool, "late " cap]
    for (i = 1; i <= n; i++)
        list[i] = wall[tool, "late " cap, i] / ideal_ms(cap)
    middle = n ? median(list, n) : 0
    lowest = list[1]
    highest = list[n]
    return middle
}

function title_of(scenario,    words) {
    split(scenario, words, " ")
    return sprintf("%s, %d at a time", words[1] == "small" ? "500 x 16 KiB" : \
        words[1] == "large" ? "20 x 20 MiB" : "500 after " latency_ms " ms", words[2])
}

function print_ideal(    i, j, cap) {
    printf "%-30s %8s", "Wall time over the ideal", "ideal"
    for (j = 1; j <= tool_count; j++)
        printf " %9s", tools[j]
    print ""
    for (i = 1; i <= cap_count; i++) {
        cap = caps[i]
        if (!rounds["downloads", "late " cap])
            continue
        printf "  %-28s %5d ms", title_of("late " cap), ideal_ms(cap)
        for (j = 1; j <= tool_count; j++)
            printf " %9s", rounds[tools[j], "late " cap] ? sprintf("%.3f", of_ideal(tools[j], cap)) : ""
        print ""
    }
    print ""
}

function print_targets(    i, j, scenario) {
    printf "%-52s %-22s %5s\n", "Targets, downloads / the best of the others", "ratio (range)", "most"
    for (i = 1; i <= kind_count; i++)
        for (j = 1; j <= cap_count; j++) {
            scenario = kinds[i] " " caps[j]
            if (!rounds["downloads", scenario])
                continue
            if (kinds[i] == "late") {
                print_target(title_of(scenario) ": wall, of the ideal", \
                    of_ideal("downloads", caps[j]), caps[j] < 50 ? 1.015 : 1.05)
            } else {
                print_against(wall, "wall", scenario)
                print_against(cpu, "CPU", scenario)
            }
        }
    print "unsure: what is wanted lies within the range, so another run may say otherwise"
    print "wget2 has a thread for each file at a time, and so more than one processor; downloads,"
    print "curl and aria2c have one thread"
}

END {
    print "CPU: user and system, of all processes that the tool starts; not the server's"
    print "ratios: of neighbours in time, median (and range)"
    print ""
    for (i = 1; i <= kind_count; i++)
        for (j = 1; j <= cap_count; j++)
            if (rounds["downloads", kinds[i] " " caps[j]])
                print_scenario(kinds[i] " " caps[j])
    print_ideal()
    print_targets()
}
