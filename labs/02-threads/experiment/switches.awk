# The rows of `switches` as a table. switches.c names the columns.
BEGIN { FS = "," }

NR == 1 {
    print "Context switches of the server per request, /hello over kept connections, medians of 3"
    printf "%11s %12s %11s %10s %12s %8s\n", "connections", "asked/s", "answered/s", "voluntary", \
        "involuntary", "CPU us"
    next
}
{
    printf "%11d %12s %11d %10.2f %12.2f %8.1f\n", $1, $2 == "closed_loop" ? "closed loop" : $2, $3, \
        $4, $5, $6
}
