# Horizontal bars, grouped; the first category is on top.
if (!pn_text) { set grid xtics }
set ytics scale 0 ()
set for [i=1:pn_count] ytics add (pn_label[i] i)
set yrange [pn_count + 0.6:0.4]
if (pn_log) { set logscale x }
set xrange [pn_low:pn_high]
plot $pn_bars using 1:2:3:4:5:6:7 with boxxyerror fill transparent solid pn_alpha noborder \
         linecolor rgb variable notitle, \
     $pn_marks using 1:2:(pn_mark[int($0) + 1]) with labels left offset 0.5,0 font pn_small \
         textcolor rgb '#333333' notitle, \
     for [i=1:pn_legends] keyentry with boxes fill transparent solid pn_alpha noborder \
         linecolor rgb pn_color[i] title pn_legend[i]
