# The subjects' curves with their own marks, the process that outgrows its group, and what a look costs.
# Called by `run` with `out`, the folder of the CSV files, set.
set datafile separator ','
set encoding utf8
set border 3 linecolor '#666666'
set tics nomirror
set grid ytics linecolor '#e4e4e4' linetype 1

blue = '#0b62a4'; red = '#c1440e'; green = '#2a8a4a'; purple = '#8a4fbf'; grey = '#999999'; gold = '#b8860b'

# columns of the CSV files
time = 1; vm_size = 2; vm_rss = 3; anon = 4; file = 5; shmem = 6; pss = 7; group = 13
mib(n) = column(n) / 1024.

marks(name) = sprintf("< awk 'NR == 1 { b = $3 } NF == 3 { printf \"%%.1f,%%s\\n\", ($3 - b) / 1e6, $1 }' '%s/%s.marks'", out, name)
csv(name) = sprintf('%s/%s.csv', out, name)

set terminal svg size 1380, 1640 font 'Helvetica,13' background '#ffffff'
set output out.'/stories.svg'
set multiplot layout 5,3 margins 0.03, 0.985, 0.02, 0.95 spacing 0.035, 0.045 title 'What each measure says while a subject does what it says: MiB against milliseconds' font ',17'
set key off
names = 'reserve touch copy_on_write keep unmap arenas map_file share page_cache parse_copy parse_stream spawn'
do for [name in names] {
    set yrange [*:*] # which `stats` would heed
    stats csv(name) using (mib(vm_rss) > mib(group) || strcol(group) eq '' ? mib(vm_rss) : mib(group)) nooutput
    top = STATS_max * 1.28 + 4
    set yrange [0:top]
    set title name noenhanced font ',15'
    plot marks(name) using 1:(top) with impulses linecolor '#cccccc', \
         csv(name) using time:(mib(vm_size)) with lines linewidth 1.5 linecolor rgb grey, \
         csv(name) using time:(mib(group)) with lines linewidth 1.5 linecolor rgb gold, \
         csv(name) using time:(mib(vm_rss)) with lines linewidth 2.5 linecolor rgb blue, \
         csv(name) using time:(mib(anon)) with lines linewidth 1.5 dashtype 2 linecolor rgb red, \
         csv(name) using time:(mib(file)) with lines linewidth 1.5 dashtype 3 linecolor rgb green, \
         csv(name) using time:(mib(shmem)) with lines linewidth 1.5 dashtype 4 linecolor rgb purple, \
         csv(name) using time:(mib(pss)) with points pointtype 7 pointsize 0.35 linecolor '#222222', \
         marks(name) using 1:(top * 0.985):2 with labels noenhanced right rotate by 90 offset 0.6, 0 font ',11' textcolor '#555555'
}
# the names of the lines, in a panel of their own
unset title; unset border; unset tics; unset grid
set yrange [0:1]; set xrange [0:1]
set key left top Left reverse samplen 3 spacing 1.3 font ',14'
plot NaN with lines linewidth 1.5 linecolor rgb grey title 'VmSize (above the panel, where it is)', \
     NaN with lines linewidth 2.5 linecolor rgb blue title 'VmRSS', \
     NaN with lines linewidth 1.5 dashtype 2 linecolor rgb red title 'RssAnon', \
     NaN with lines linewidth 1.5 dashtype 3 linecolor rgb green title 'RssFile', \
     NaN with lines linewidth 1.5 dashtype 4 linecolor rgb purple title 'RssShmem', \
     NaN with points pointtype 7 pointsize 0.6 linecolor '#222222' title 'PSS', \
     NaN with lines linewidth 1.5 linecolor rgb gold title 'the control group', \
     NaN with lines linecolor '#cccccc' title "the subject's marks"
unset multiplot

set border 3 linecolor '#666666'
set xtics nomirror
set ytics nomirror
set grid xtics ytics linecolor '#e4e4e4' linetype 1
set xrange [*:*]; set yrange [*:*]
set terminal svg size 900, 520 font 'Helvetica,14' background '#ffffff'
set output out.'/looks.svg'
set title 'What a look costs the one who looks' font ',17'
set logscale xy
set xlabel 'MiB resident' offset 0, 0
set ylabel 'microseconds a look' offset 0, 0
set key outside right center Left reverse noenhanced spacing 1.4 samplen 2
files = '"smaps_rollup" "status opened each time" "status" "stat" "statm opened each time" "statm"'
colours = red.' '.blue.' '.blue.' '.green.' '.purple.' '.purple
plot for [i = 1:6] sprintf("< grep '^%s,' '%s/looks.csv'", word(files, i), out) using (column(2) / 1024.):(column(3) / 1000.) \
     with linespoints linewidth 2 pointtype (0 + word('7 6 7 7 6 7', i)) pointsize 0.9 linecolor rgb word(colours, i) \
     title word(files, i)
unset logscale

if (system(sprintf("wc -l <'%s/leak.csv'", out)) > 0) {
    set output out.'/leak.svg'
    set title 'A process that outgrows its control group' font ',17'
    set xlabel 'milliseconds'
    set ylabel 'MiB'
    set key inside right bottom Left reverse
    set yrange [0:80]
    plot out.'/leak.csv' using time:(mib(14)) with lines linewidth 1.5 dashtype 2 linecolor rgb red title 'the limit of the group', \
         out.'/leak.csv' using time:(mib(group)) with lines linewidth 2 linecolor rgb gold title 'the control group', \
         out.'/leak.csv' using time:(mib(vm_rss)) with lines linewidth 2 linecolor rgb blue title 'VmRSS, up to the kill'
}
