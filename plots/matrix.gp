# Cells with numbers. $pn_cells: x y left right low high colour; $pn_numbers: x y colour of the
# text in pn_number, pn_lift up (half a line when there are two). The first class is on top.
set border 0
set xtics scale 0 ()
set ytics scale 0 ()
set for [i=1:pn_count] xtics add (pn_name[i] i)
set for [i=1:pn_count] ytics add (pn_name[i] i)
if (pn_rotate) { set xtics rotate by 35 right }
set xrange [0.5:pn_count + 0.5]
set yrange [pn_count + 0.5:0.5]
if (!pn_text) { set size ratio 1 }
plot $pn_cells using 1:2:3:4:5:6:7 with boxxyerror fill solid border rgb '#ffffff' \
         linewidth 2 linecolor rgb variable notitle, \
     $pn_numbers using 1:2:(pn_number[int($0) + 1]):3 with labels center offset 0,pn_lift \
         font pn_normal \
         textcolor rgb variable notitle
