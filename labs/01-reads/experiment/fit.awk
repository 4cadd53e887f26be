# Fits seconds = calls * a + bytes * b to the warm read(2) rows of measure's CSV, and prints a and b
# with their units. Each row is weighted by 1 / seconds^2: what is made small is the sum of squared
# *relative* errors, or the rows that take longest would decide alone. Writes "a b" (seconds) to the
# file named by -v out=..., for the plot. Left out: error bars.
BEGIN { FS = "," }

$1 == "read" && $3 == "warm" {
    n++
    chunk[n] = $2; bytes[n] = $4; calls[n] = $5; seconds[n] = $6
    weight = 1 / ($6 * $6)
    cc += weight * $5 * $5; cb += weight * $5 * $4; bb += weight * $4 * $4
    cs += weight * $5 * $6; bs += weight * $4 * $6
}

END {
    determinant = cc * bb - cb * cb
    if (n < 2 || determinant == 0) {
        print "fit: needs two warm read rows that differ" > "/dev/stderr"
        exit 1
    }
    a = (cs * bb - bs * cb) / determinant
    b = (bs * cc - cs * cb) / determinant
    worst = 0
    for (i = 1; i <= n; i++) {
        error = (calls[i] * a + bytes[i] * b) / seconds[i] - 1
        if (error * error > worst * worst) {
            worst = error; where = chunk[i]
        }
    }
    print  "seconds = calls x a + bytes x b, fitted to " n " chunk sizes, warm:"
    printf "  a = %.0f ns per call\n", a * 1e9
    printf "  b = %.4f ns per byte (%.1f GB/s)\n", b * 1e9, 1 / b / 1e9
    printf "  a call costs as much as %.0f bytes\n", a / b
    printf "  worst relative error %+.0f %%, at chunks of %d bytes\n", worst * 100, where
    printf "%.12g %.12g\n", a, b > out
}
