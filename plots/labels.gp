# Title, axis labels and tics of short logarithmic axes, where there are any.
if (strlen(pn_title)) { set title pn_title }
if (strlen(pn_xlabel)) { set xlabel pn_xlabel }
if (strlen(pn_ylabel)) { set ylabel pn_ylabel }
if (pn_xtics) { set for [i=1:pn_xtics] xtics add (pn_xtic[i]) }
if (pn_ytics) { set for [i=1:pn_ytics] ytics add (pn_ytic[i]) }
