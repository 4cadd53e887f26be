# Rounds of CSV, one after another, each with its header, to one: a row for each `keys` first columns,
# in the order in which they first came, with the median of each other column; of `failed`, the sum.
BEGIN { FS = OFS = "," }

NR == 1 {
    print
    header = $2
    columns = NF
    for (i = keys + 1; i <= NF; i++)
        is_sum[i] = $i == "failed"
}
$2 == header { next }
{
    key = $1
    for (i = 2; i <= keys; i++)
        key = key FS $i
    if (!(key in rounds))
        order[++rows] = key
    rounds[key]++
    for (i = keys + 1; i <= columns; i++)
        values[key, i, rounds[key]] = $i
}

# By insertion: there are as many values as rounds.
function median(key, column,    n, i, j, value, sorted) {
    n = rounds[key]
    for (i = 1; i <= n; i++) {
        value = values[key, column, i] + 0
        for (j = i; j > 1 && sorted[j - 1] > value; j--)
            sorted[j] = sorted[j - 1]
        sorted[j] = value
    }
    return (sorted[int((n + 1) / 2)] + sorted[int(n / 2) + 1]) / 2
}

function total(key, column,    i, sum) {
    for (i = 1; i <= rounds[key]; i++)
        sum += values[key, column, i]
    return sum
}

END {
    for (row = 1; row <= rows; row++) {
        line = order[row]
        for (i = keys + 1; i <= columns; i++)
            line = line OFS (is_sum[i] ? total(order[row], i) : median(order[row], i))
        print line
    }
}
