# Title and axis labels, where there are any.
if (strlen(pn_title)) { set title pn_title }
if (strlen(pn_xlabel)) { set xlabel pn_xlabel }
if (strlen(pn_ylabel)) { set ylabel pn_ylabel }
