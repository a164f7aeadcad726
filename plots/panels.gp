# Before the first of several panels.
set multiplot
