# The three measurements as plots. Called by `run` with `out`, the folder of the CSV files, set.
set datafile separator ','
set terminal svg size 1000, 480 font 'Helvetica,14' background '#ffffff'
set border 3 linecolor '#666666'
set tics nomirror
set grid xtics ytics linecolor '#dddddd' linetype 1
set key top left Left reverse spacing 1.3 samplen 2
array blues[4] = ['#9ecae1', '#6baed6', '#2a7ab9', '#08306b']
array stacks[4] = ['64', '256', '1024', '8192']

# ---- memory.svg: what is reserved, and what is held ----

csv = out.'/memory.csv'
of(stack, column_number) = strcol(1) eq stack && column(2) > 0 ? column(column_number) / 1024. : NaN
set output out.'/memory.svg'
set multiplot layout 1, 2 title 'A connection with a thread of its own, idle' font ',17'
set logscale xy
set xlabel 'connections'
set format x '%.0f'
set format y '%g'
set yrange [1:200000]
set title 'address space reserved, MiB'
plot for [i = 1:4] csv using 2:(of(stacks[i], 4)) with linespoints linewidth 2 pointtype 7 \
    linecolor rgb blues[i] title 'stacks of '.stacks[i].' KiB'
set title 'memory held, MiB'
set yrange [0.05:20000]
plot csv using 2:(of('64', 5)) with linespoints linewidth 2 pointtype 7 linecolor rgb blues[1] title 'resident, stacks of 64 KiB', \
     csv using 2:(of('8192', 5)) with points pointsize 1.3 linewidth 2 pointtype 6 linecolor rgb blues[4] title 'resident, stacks of 8192 KiB', \
     csv using 2:(of('64', 8)) with linespoints linewidth 2 pointtype 5 linecolor rgb '#c1440e' title 'kernel stacks', \
     csv using 2:(of('64', 9)) with linespoints linewidth 2 pointtype 9 linecolor rgb '#2a8a4a' title 'slab, both ends', \
     csv using 2:(of('8192', 7)) with linespoints linewidth 2 pointtype 4 linecolor rgb '#8a4fbf' title 'page tables, 8192 KiB', \
     csv using 2:(of('64', 7)) with linespoints linewidth 2 pointtype 12 linecolor rgb '#bfa0de' title 'page tables, 64 KiB'
unset multiplot

# ---- switches.svg ----

csv = out.'/switches.csv'
array connections[4] = ['1', '16', '64', '256']
switches(count) = strcol(1) eq count ? column(4) + column(5) : NaN
used_us(count) = strcol(1) eq count ? column(6) : NaN
set output out.'/switches.svg'
set multiplot layout 1, 2 title 'What a request costs the server, by load' font ',17'
unset logscale y
set yrange [0:*]
set xlabel 'requests answered per second'
set format x '%.0s%c'
set key bottom left title 'connections'
set title 'context switches per request'
plot for [i = 1:4] csv using 3:(switches(connections[i])) with linespoints linewidth 2 pointtype 7 \
    linecolor rgb blues[i] title connections[i]
set title 'processor time per request, microseconds'
plot for [i = 1:4] csv using 3:(used_us(connections[i])) with linespoints linewidth 2 pointtype 7 \
    linecolor rgb blues[i] title connections[i]
unset multiplot

# ---- latency.svg ----

csv = out.'/latency.csv'
set output out.'/latency.svg'
unset key
set multiplot layout 1, 2 title 'Throughput and latency by connections' font ',17'
set xlabel 'connections'
set format x '%.0f'
set xrange [0.8:1300]
set title 'requests per second, closed loop'
set format y '%.0s%c'
plot csv using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb blues[3]
set title 'latency at half of that, microseconds'
set logscale y
stats csv using 8 nooutput
set yrange [10:STATS_max * 300] # room for the key
set key top left notitle
plot csv using 1:8 with linespoints linewidth 2 pointtype 7 linecolor rgb '#c1440e' title 'p99.9, from when due', \
     csv using 1:7 with linespoints linewidth 2 pointtype 7 linecolor rgb '#e08a3c' title 'p99', \
     csv using 1:6 with linespoints linewidth 2 pointtype 7 linecolor rgb '#2a8a4a' title 'p50', \
     csv using 1:10 with linespoints linewidth 2 dashtype 2 pointtype 6 linecolor rgb '#888888' title 'p99, from when sent'
unset multiplot
