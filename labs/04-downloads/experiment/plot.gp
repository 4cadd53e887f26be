# The three origins as a plot, side by side. Called by `run` with `out`, the folder of the CSV file, and
# what the origins can do set: `latency_ms`, and answers per second of those that have a limit,
# `link_most` and `workers_most`.
set datafile separator ','
set datafile missing NaN # rows of other origins do not break an origin's line
set border 3 linecolor '#666666'
set tics nomirror
set grid xtics ytics linecolor '#dddddd' linetype 1
set key top left Left reverse spacing 1.3 samplen 2
set style line 1 linewidth 2 pointtype 7 linecolor rgb '#2a7ab9' # no other limit
set style line 2 linewidth 2 pointtype 5 linecolor rgb '#2a8a4a' # link
set style line 3 linewidth 2 pointtype 9 linecolor rgb '#c1440e' # workers
set style line 9 linewidth 1.5 dashtype 3 linecolor rgb '#666666'
array names[3] = ['latency', 'link', 'workers']
array titles[3] = ['nothing else', 'a link for all', 'four workers']
csv = out.'/cap.csv'
per_second(answers, wall_ms) = answers * 1000. / wall_ms
of(program, name, number) = strcol(1) eq name && strcol(2) eq program ? number : NaN

set terminal svg size 1200, 440 font 'Helvetica,14' background '#ffffff'
set output out.'/cap.svg'
set multiplot layout 1, 3 title 'An answer takes 50 ms, and what else limits the origin is:' font ',17'
set logscale xy 2
set xlabel 'at a time (--jobs)'
set xrange [0.8:320]
set xtics (1, 2, 4, 8, 16, 32, 64, 128, 256)
set logscale y 10
set format y '%.0f'

# Where Little's law has the knees: what the origin can do at most, times what one takes alone.
alone_ms(name) = latency_ms + (name eq 'link' ? 1000 / link_most : 0)
knee(most, name) = most * alone_ms(name) / 1000
set arrow 1 from knee(link_most, 'link'), graph 0 to knee(link_most, 'link'), graph 0.45 nohead linestyle 2 linewidth 1 dashtype 3
set arrow 2 from knee(workers_most, 'workers'), graph 0 to knee(workers_most, 'workers'), graph 0.45 nohead linestyle 3 linewidth 1 dashtype 3

set title 'answers per second'
set yrange [10:60000]
most(x, limit) = x * 1000 / latency_ms < limit ? x * 1000 / latency_ms : limit
plot most(x, 1e9) with lines linestyle 9 title 'Little''s law: jobs / 50 ms, to the limit', \
     most(x, link_most) with lines linestyle 9 notitle, \
     most(x, workers_most) with lines linestyle 9 notitle, \
     for [i = 1:3] csv using 3:(of('downloads', names[i], per_second(column(7), column(4)))) with linespoints linestyle i title titles[i], \
     csv using 3:(of('starter', 'latency', per_second(column(7), column(4)))) with points pointtype 4 pointsize 1.6 linewidth 2 linecolor rgb '#000000' title 'the starter'

set title 'ms for each answer (dashed: 95 % within)'
set yrange [30:60000]
plot for [i = 1:3] csv using 3:(of('downloads', names[i], column(6))) with lines linestyle i dashtype 2 notitle, \
     for [i = 1:3] csv using 3:(of('downloads', names[i], column(5))) with linespoints linestyle i title titles[i].', half within'

set title 'requests at the origin'
set yrange [0.5:200000]
queued(name) = of('downloads', name, column(8) - per_second(column(7), column(4)) * alone_ms(name) / 1000)
shown(number) = number >= 0.5 ? number : NaN
by_little(name) = of('downloads', name, per_second(column(7), column(4)) * column(5) / 1000)
plot csv using 3:(by_little('latency')) with lines linestyle 9 title 'Little''s law: answers/s × time', \
     for [i = 2:3] csv using 3:(by_little(names[i])) with lines linestyle 9 notitle, \
     for [i = 1:3] csv using 3:(of('downloads', names[i], column(8))) with points pointtype 6 pointsize 1.6 linewidth 1.5 linecolor rgb '#000000' title (i == 1 ? 'in flight, as it counted, all three' : ''), \
     for [i = 1:3] csv using 3:(shown(queued(names[i]))) with linespoints linestyle i title titles[i].', queued'
unset multiplot
