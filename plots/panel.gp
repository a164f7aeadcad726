# Where one panel of several stands, in parts of the whole figure; the first one also writes the
# title over all of them.
set origin pn_box_left / pn_total_width, pn_box_bottom / pn_total_height
set size pn_box_width / pn_total_width, pn_box_height / pn_total_height
if (strlen(pn_super)) {
    set label 1 pn_super at screen 0.5, screen 1 - 22.0 / pn_total_height center noenhanced \
        font pn_heading textcolor rgb '#111111'
}
