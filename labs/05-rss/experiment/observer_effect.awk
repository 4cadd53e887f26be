# The observer effect: the median time of a page fault, by what was read meanwhile.
BEGIN { FS = "," }
NR == 1 { next }
{
    key = $2 == 0 ? "nobody looks" : $1 ", " $2 " times a second"
    if (!(key in count))
        order[++keys] = key
    value[key, ++count[key]] = $3
}
function median(key,    i, j, n, v) {
    n = count[key]
    for (i = 1; i <= n; i++)
        v[i] = value[key, i]
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && v[j] < v[j - 1]; j--) {
            swap = v[j]; v[j] = v[j - 1]; v[j - 1] = swap
        }
    return v[int((n + 1) / 2)]
}
END {
    print "a page fault in a process of 1 GiB, while somebody looks"
    base = median(order[1])
    for (i = 1; i <= keys; i++)
        printf "  %-32s %6.0f ns  %.2f\n", order[i], median(order[i]), median(order[i]) / base
}
