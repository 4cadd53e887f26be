# What a look costs: microseconds by file, a column for each size of the process.
BEGIN { FS = "," }
NR == 1 { next }
!($1 in row) { names[row[$1] = ++rows] = $1 }
!($2 in size) { sizes[size[$2] = ++columns] = $2 }
{ ns[$1, $2] = $3 }
END {
    printf "%-26s", "microseconds a look"
    for (i = 1; i <= columns; i++)
        printf "%9.0f MiB", sizes[i] / 1024
    print ""
    for (i = 1; i <= rows; i++) {
        printf "%-26s", names[i]
        for (j = 1; j <= columns; j++)
            printf "%13.1f", ns[names[i], sizes[j]] / 1000
        print ""
    }
}
