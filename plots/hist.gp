# Histograms over each other: each an outline that is filled as one, so that no seams show.
if (!pn_text) { set grid ytics }
if (pn_log) { set logscale y }
set xrange [pn_left:pn_right]
set yrange [pn_low:pn_high]
if (pn_whole) { if (pn_high < 8) { set ytics 1 } } # counts have no halves
plot for [i=1:pn_series] $pn_steps index i - 1 using 1:2 with filledcurves closed \
         fill transparent solid pn_alpha noborder linecolor rgb pn_color[i] notitle, \
     for [i=1:pn_series] $pn_steps index i - 1 using 1:2 with lines \
         linewidth 1 linecolor rgb pn_color[i] notitle, \
     for [i=1:pn_legends] keyentry with boxes fill transparent solid pn_alpha noborder \
         linecolor rgb pn_color[i] title pn_legend[i]
