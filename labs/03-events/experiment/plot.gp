# The five measurements as plots, the servers side by side. Called by `run` with `out`, the folder of
# the CSV files, set.
set datafile separator ','
set datafile missing NaN # rows of other servers do not break a server's line
set border 3 linecolor '#666666'
set tics nomirror
set grid xtics ytics linecolor '#dddddd' linetype 1
set key top left Left reverse spacing 1.3 samplen 2
set style line 1 linewidth 2 pointtype 7 linecolor rgb '#2a7ab9' # threads
set style line 2 linewidth 2 pointtype 5 linecolor rgb '#c1440e' # events
set style line 3 linewidth 2 pointtype 9 linecolor rgb '#2a8a4a' # poll
set style line 4 linewidth 2 pointtype 7 linecolor rgb '#08306b' # threads with large stacks
array names[3] = ['threads', 'events', 'poll']
array titles[3] = ['a thread each', 'event loop, epoll', 'event loop, poll']
of(name, number) = strcol(1) eq name ? number : NaN

# ---- memory.svg: what is reserved, and what is held ----

csv = out.'/memory.csv'
mib(name, kib) = strcol(1) eq name && column(2) > 0 ? kib / 1024. : NaN
kernel(name) = column(2) < 1000 ? NaN : mib(name, column(7) + column(8) + column(9)) # below: noise
set terminal svg size 1000, 480 font 'Helvetica,14' background '#ffffff'
set output out.'/memory.svg'
set multiplot layout 1, 2 title 'Idle connections: addresses, and memory' font ',17'
set logscale xy
set xlabel 'connections'
set xrange [0.8:13000]
set format x '%.0f'
set format y '%.0f'
set title 'address space reserved, MiB'
set yrange [1:5000000]
plot csv using 2:(mib('threads-8192', column(4))) with linespoints linestyle 4 title 'a thread each, stacks of 8192 KiB', \
     csv using 2:(mib('threads', column(4))) with linespoints linestyle 1 title 'a thread each, stacks of 64 KiB', \
     csv using 2:(mib('events', column(4))) with linespoints linestyle 2 title titles[2], \
     csv using 2:(mib('poll', column(4))) with linespoints linestyle 3 title titles[3]
set title 'memory held, MiB'
set yrange [0.5:30000]
plot csv using 2:(kernel('threads')) with linespoints linestyle 1 dashtype 2 pointtype 6 title 'a thread each: the kernel''s share', \
     csv using 2:(mib('threads', column(5))) with linespoints linestyle 1 title 'a thread each: resident', \
     csv using 2:(kernel('events')) with linespoints linestyle 2 dashtype 2 pointtype 4 title 'event loop, epoll: the kernel''s share', \
     csv using 2:(mib('events', column(5))) with linespoints linestyle 2 title 'event loop, epoll: resident', \
     csv using 2:(mib('poll', column(5))) with linespoints linestyle 3 title 'event loop, poll: resident'
unset multiplot

# ---- requests.svg ----

has_calls = system(sprintf("wc -l <'%s/calls.csv'", out)) > 1
set terminal svg size (has_calls ? 1200 : 800), 440 font 'Helvetica,14' background '#ffffff'
set output out.'/requests.svg'
set multiplot layout 1, (has_calls ? 3 : 2) title 'What a request costs the server' font ',17'
csv = out.'/switches.csv'
at_64(name, number) = column(2) == 64 ? of(name, number) : NaN
unset logscale y
set xlabel 'requests answered per second'
set xrange [300:200000]
set format x '%.0s%c'
set format y '%g'
set title 'waits (voluntary switches), 64 connections'
set ytics 0, 0.2, 1
set yrange [0:1.7] # room for the key
plot for [i = 1:3] csv using 4:(at_64(names[i], column(5))) with linespoints linestyle i title titles[i]
set title 'processor time, µs, 64 connections'
set ytics autofreq
set yrange [0:*]
unset key
plot for [i = 1:3] csv using 4:(at_64(names[i], column(7))) with linespoints linestyle i
if (has_calls) {
    csv = out.'/calls.csv'
    as_fast(name, number) = strcol(3) eq 'closed_loop' ? of(name, number) : NaN
    set title 'system calls, as fast as it answers'
    set xlabel 'connections'
    set xrange [0.8:320]
    set xtics (1, 16, 64, 256)
    set format x '%.0f'
    set ytics 0, 0.5, 3
    set yrange [0:3.2]
    # one x has a row for each kind of call: frequency adds them up
    plot for [i = 1:3] csv using 2:(as_fast(names[i], column(5))) smooth frequency with linespoints linestyle i
}
unset multiplot
set xtics autofreq
set ytics autofreq

# ---- latency.svg ----

csv = out.'/latency.csv'
set terminal svg size 1000, 840 font 'Helvetica,14' background '#ffffff'
set output out.'/latency.svg'
set multiplot layout 2, 2 title 'Throughput, and latency at half of it' font ',17'
set xlabel 'connections'
set format x '%.0f'
set xrange [0.8:1300]
set xtics (1, 16, 64, 256, 1000)
set title 'answers per second, closed loop'
set format y '%.0s%c'
set key top left
set yrange [*:*] # stats counts what is within
stats csv using 3 nooutput
set yrange [0:STATS_max * 1.6]
plot for [i = 1:3] csv using 2:(of(names[i], column(3))) with linespoints linestyle i title titles[i]
unset key
set logscale y
set format y '%.0f'
set yrange [*:*]
stats csv using 9 nooutput
set yrange [20:STATS_max * 1.5]
array quantiles[3] = ['half', '99 %', '99.9 %']
do for [q = 1:3] {
    set title quantiles[q].' are answered within µs, from when due'
    plot for [i = 1:3] csv using 2:(of(names[i], column(6 + q))) with linespoints linestyle i
}
unset multiplot
set xtics autofreq

# ---- wakeups.svg: O(n) and O(ready) ----

csv = out.'/wakeups.csv'
cost(name, busy) = column(2) == busy ? of(name, column(5)) : NaN
set terminal svg size 1000, 480 font 'Helvetica,14' background '#ffffff'
set output out.'/wakeups.svg'
set multiplot layout 1, 2 title 'Processor time of the server per request, µs, beside idle connections' font ',17'
set xlabel 'idle connections'
set xrange [7:15000]
set key top left
set yrange [*:*]
stats csv using (column(3) == 1000 ? cost('poll', 1) : NaN) nooutput
in_proportion(n) = STATS_max * n / 1000
set yrange [1:10000]
set title 'one client asks: a wake-up for each request'
plot csv using 3:(cost('poll', 1)) with linespoints linestyle 3 title 'poll: O(n)', \
     csv using 3:(cost('events', 1)) with linespoints linestyle 2 title 'epoll: O(ready)', \
     [50:15000] in_proportion(x) with lines linewidth 2 dashtype 3 linecolor rgb '#666666' title 'in proportion to n'
set title '64 clients ask: several requests share a wake-up'
plot csv using 3:(cost('poll', 64)) with linespoints linestyle 3 title 'poll', \
     csv using 3:(cost('events', 64)) with linespoints linestyle 2 title 'epoll'
unset multiplot

# ---- stall.svg ----

csv = out.'/stall.csv'
ms(name, us) = of(name, us / 1000.)
at(burn_ms) = burn_ms == 0 ? 0.1 : burn_ms # a place on the axis for nobody burning
set terminal svg size 800, 480 font 'Helvetica,14' background '#ffffff'
set output out.'/stall.svg'
set title 'Latency of /hello while another client asks for /burn?ms=N, ms' font ',17'
set xlabel 'N, ms of processor time for each of those'
set xrange [0.07:150]
set xtics ('nobody burns' 0.1, '1' 1, '10' 10, '100' 100)
set yrange [0.02:20000]
set format y '%g'
plot csv using (at(column(2))):(ms('events', column(4))) with linespoints linestyle 2 dashtype 2 pointtype 4 title 'event loop, 99 % within', \
     csv using (at(column(2))):(ms('events', column(3))) with linespoints linestyle 2 title 'event loop, half within', \
     csv using (at(column(2))):(ms('threads', column(4))) with linespoints linestyle 1 dashtype 2 pointtype 6 title 'a thread each, 99 % within', \
     csv using (at(column(2))):(ms('threads', column(3))) with linespoints linestyle 1 title 'a thread each, half within'
