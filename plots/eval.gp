# Curves in the unit square. $pn_chance: x y of the dashed lines of chance, one set a line;
# $pn_curves: x y, one set a curve; $pn_bars: x low high, one set a curve.
if (!pn_text) { set grid xtics ytics; set size ratio -1 }
set key samplen 2
set xrange [-0.02:1.02]
set yrange [-0.02:1.02]
set xtics 0, 0.2, 1
set ytics 0, 0.2, 1
set format '%.1f'
plot for [i=1:pn_chances] $pn_chance index i - 1 using 1:2 with lines linewidth 1.2 dashtype 2 \
         linecolor rgb pn_chancecolor[i] notitle, \
     for [i=1:pn_bars] $pn_bars index i - 1 using 1:2:(0):($3-$2) with vectors nohead \
         linewidth 1 linecolor rgb pn_color[i] notitle, \
     for [i=1:pn_series] $pn_curves index i - 1 using 1:2 with lines linewidth 2 \
         linecolor rgb pn_color[i] notitle, \
     for [i=1:pn_marked] $pn_curves index i - 1 using 1:2 with points pointtype 7 pointsize 0.7 \
         linecolor rgb pn_color[i] notitle, \
     for [i=1:pn_legends] keyentry with lines linewidth 2.5 linecolor rgb pn_color[i] \
         title pn_legend[i], \
     keyentry with lines linewidth 1.2 dashtype 2 linecolor rgb '#6b6b6b' title pn_chancename
