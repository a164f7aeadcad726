# Vertical bars, grouped. $pn_bars: x y left right low high colour; $pn_marks: x y of the numbers.
if (!pn_text) { set grid ytics }
set xtics scale 0 ()
set for [i=1:pn_count] xtics add (pn_label[i] i)
if (pn_rotate) { set xtics rotate by 35 right }
set xrange [0.4:pn_count + 0.6]
if (pn_log) { set logscale y }
set yrange [pn_low:pn_high]
plot $pn_bars using 1:2:3:4:5:6:7 with boxxyerror fill transparent solid pn_alpha noborder \
         linecolor rgb variable notitle, \
     $pn_marks using 1:2:(pn_mark[int($0) + 1]) with labels center offset 0,0.6 font pn_small \
         textcolor rgb '#333333' notitle, \
     for [i=1:pn_legends] keyentry with boxes fill transparent solid pn_alpha noborder \
         linecolor rgb pn_color[i] title pn_legend[i]
