# Points. $pn_points: x y, one set a series; the colours carry the opacity.
if (!pn_text) { set grid xtics ytics }
if (pn_logx) { set logscale x }
if (pn_logy) { set logscale y }
set xrange [pn_left:pn_right]
set yrange [pn_low:pn_high]
plot for [i=1:pn_series] $pn_cloud index i - 1 using 1:2 with points pointtype 7 \
         pointsize pn_pointsize linecolor rgb pn_shade[i] notitle, \
     for [i=1:pn_legends] keyentry with points pointtype 7 pointsize 0.9 \
         linecolor rgb pn_color[i] title pn_legend[i]
