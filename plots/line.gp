# Curves. $pn_bands: x low high, one set a band; $pn_curves: x y, one set a curve.
if (!pn_text) { set grid xtics ytics }
if (pn_logx) { set logscale x }
if (pn_logy) { set logscale y }
if (pn_step > 0) { set xtics pn_step }
set xrange [pn_left:pn_right]
set yrange [pn_low:pn_high]
plot for [i=1:pn_bands] $pn_bands index i - 1 using 1:2:3 with filledcurves \
         fill transparent solid 0.18 noborder linecolor rgb pn_bandcolor[i] notitle, \
     for [i=1:pn_series] $pn_curves index i - 1 using 1:2 with linespoints \
         linewidth 2 pointtype 7 pointsize pn_pointsize dashtype 1 \
         linecolor rgb pn_color[i] notitle, \
     for [i=1:pn_legends] keyentry with lines linewidth 2.5 linecolor rgb pn_color[i] \
         title pn_legend[i]
