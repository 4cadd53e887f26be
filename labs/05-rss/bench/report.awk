# Rows "SIDE,MICROSECONDS" of several rounds, the first side ours: medians, ranges, and how many times ours.
BEGIN { FS = "," }
!($1 in count) { order[++sides] = $1 }
{ value[$1, ++count[$1]] = $2 }
function sort(side,    i, j, swap) {
    for (i = 2; i <= count[side]; i++)
        for (j = i; j > 1 && value[side, j] < value[side, j - 1]; j--) {
            swap = value[side, j]
            value[side, j] = value[side, j - 1]
            value[side, j - 1] = swap
        }
}
END {
    printf "%-24s %12s %-18s %s\n", "processor time a sample", "median us", "(range)", "times rss"
    for (i = 1; i <= sides; i++) {
        side = order[i]
        sort(side)
        median[i] = value[side, int((count[side] + 1) / 2)]
        printf "%-24s %12.1f %-18s %.1f\n", side, median[i],
            "(" value[side, 1] " to " value[side, count[side]] ")", median[i] / median[1]
    }
}
