# Nanoseconds per byte against the chunk size, with the fitted line. Called by `run` with `csv`, `svg`,
# `a`, `b` and `dropped` (what the dropped rows are called) set. Ends with a plot in text.
set datafile separator ','
set logscale xy
set xrange [0.7:6e6]
set yrange [0.02:2000]
set xlabel 'bytes taken at a time'
set ylabel 'nanoseconds per byte'

row(method, cache) = strcol(1) eq method && strcol(3) eq cache ? column(2) : NaN
per_byte(method, cache) = strcol(1) eq method && strcol(3) eq cache ? column(6) / column(4) * 1e9 : NaN
model(chunk) = (a / chunk + b) * 1e9

set terminal dumb size 79, 26
set output
set key top right
set format x '%.0s%c'
set format y '%g'
plot model(x) with lines title 'fit' dashtype 1, \
     csv using (row('read', 'warm')):(per_byte('read', 'warm')) with points pointtype 'O' title 'read(2), warm'

set terminal svg size 900, 560 font 'Helvetica,14' background '#ffffff'
set output svg
set title sprintf('What a read costs: %.0f ns per call + %.3f ns per byte', a * 1e9, b * 1e9) font ',17'
set grid xtics ytics linecolor '#dddddd' linetype 1
set border 3 linecolor '#666666'
set tics nomirror
set xtics ('1 B' 1, '4 B' 4, '16 B' 16, '64 B' 64, '256 B' 256, '1 KiB' 1024, '4 KiB' 4096, \
    '16 KiB' 16384, '64 KiB' 65536, '256 KiB' 262144, '1 MiB' 1048576, '4 MiB' 4194304) rotate by -35
set ytics ('0.03' 0.03, '0.1' 0.1, '0.3' 0.3, '1' 1, '3' 3, '10' 10, '30' 30, '100' 100, '300' 300, '1000' 1000)
set key outside right center Left reverse spacing 1.4 samplen 2
plot model(x) with lines linewidth 2 linecolor '#888888' title 'fit to read(2), warm', \
     csv using (row('read', 'warm')):(per_byte('read', 'warm')) with points pointtype 7 pointsize 1 linecolor '#0b62a4' title 'read(2), warm', \
     csv using (row('read', dropped)):(per_byte('read', dropped)) with points pointtype 6 pointsize 1 linewidth 2 linecolor '#c1440e' title 'read(2), '.(dropped eq 'dropped' ? 'dropped cache' : 'not dropped'), \
     csv using (row('own_buffer_get_byte', 'warm')):(per_byte('own_buffer_get_byte', 'warm')) with points pointtype 5 pointsize 1.1 linecolor '#2a8a4a' title 'own buffer, get-byte', \
     csv using (row('stdio_getc', 'warm')):(per_byte('stdio_getc', 'warm')) with points pointtype 9 pointsize 1.2 linecolor '#8a4fbf' title 'getc', \
     csv using (row('stdio_getc_unlocked', 'warm')):(per_byte('stdio_getc_unlocked', 'warm')) with points pointtype 11 pointsize 1.2 linecolor '#8a4fbf' title 'getc\_unlocked', \
     csv using (row('stdio_fread', 'warm')):(per_byte('stdio_fread', 'warm')) with points pointtype 13 pointsize 1.2 linecolor '#8a4fbf' title 'fread, 64 bytes', \
     csv using (row('mmap_touch_pages', 'warm')):(per_byte('mmap_touch_pages', 'warm')) with points pointtype 3 pointsize 1 linewidth 2 linecolor '#222222' title 'mmap, a byte per page'
