# Images at given places, in pixels from the lower left corner of this figure's box: RGB images, and
# values that go through the palette. Their pixels stand in a memory file at the places pn_..._skip.
unset border
unset tics
unset grid
unset key
set title ''
set lmargin at screen pn_box_left / pn_total_width
set rmargin at screen (pn_box_left + pn_box_width) / pn_total_width
set bmargin at screen pn_box_bottom / pn_total_height
set tmargin at screen (pn_box_bottom + pn_box_height) / pn_total_height
set xrange [0:pn_box_width]
set yrange [0:pn_box_height]
if (pn_bar) {
    set cbrange [pn_low:pn_high]
    set cbtics scale 0.4 nomirror font pn_small textcolor rgb '#333333' format '%.5g'
    set colorbox vertical user \
        origin screen (pn_box_left + pn_bar_x) / pn_total_width, \
               screen (pn_box_bottom + pn_bar_y) / pn_total_height \
        size screen 14.0 / pn_total_width, screen pn_bar_height / pn_total_height \
        noborder
} else {
    set cbrange [pn_low:pn_high]
    unset colorbox
}
plot for [i=1:pn_rgbs] '/dev/fd/4' binary skip=pn_rgb_skip[i] \
         array=(pn_rgb_columns[i], pn_rgb_rows[i]) \
         origin=(pn_rgb_x[i], pn_rgb_y[i]) dx=pn_rgb_dx[i] dy=pn_rgb_dy[i] \
         format='%3uchar' using 1:2:3 with rgbimage notitle, \
     for [i=1:pn_values] '/dev/fd/4' binary skip=pn_value_skip[i] \
         array=(pn_value_columns[i], pn_value_rows[i]) \
         origin=(pn_value_x[i], pn_value_y[i]) dx=pn_value_dx[i] dy=pn_value_dy[i] \
         format='%float32' using 1 with image notitle, \
     $pn_titles using 1:2:(pn_caption[int($0) + 1]) with labels center font pn_small \
         textcolor rgb '#333333' notitle, \
     $pn_head using 1:2:(pn_title) with labels center font pn_heading \
         textcolor rgb '#111111' notitle
