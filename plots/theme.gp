# The look of every figure. Read before a figure's template, and again for each panel of several.
# Set by the program: pn_text (1 when drawing with characters), pn_points (font points a pixel).
reset
set encoding utf8
pn_small = sprintf('DejaVu Sans,%g', 11 * pn_points)
pn_normal = sprintf('DejaVu Sans,%g', 12 * pn_points)
pn_heading = sprintf('DejaVu Sans:Bold,%g', 14 * pn_points)
set border 3 linewidth 1 linecolor rgb '#8c8c8c'
set tics nomirror out scale 0.5 textcolor rgb '#333333' font pn_small noenhanced
set xtics offset 0,0.25
set format '%.10g'
set grid linetype 1 linecolor rgb '#e4e4e4' linewidth 0.8
set grid noxtics noytics nomxtics nomytics
set xlabel offset 0,0.5 noenhanced font pn_normal textcolor rgb '#222222'
set ylabel noenhanced font pn_normal textcolor rgb '#222222'
set title noenhanced font pn_heading textcolor rgb '#111111'
# Below the data, never on them.
set key bmargin center horizontal Left reverse noenhanced samplen 1.2 height 1 font pn_small \
    textcolor rgb '#222222'
# Of characters there is no room below: the legend stands on top, and labels keep their line.
if (pn_text) { set key above left horizontal width 3; set xlabel offset 0,0; set xtics offset 0,0 }
set style fill solid 1.0 noborder
set boxwidth 1.0 relative
set rmargin 3
