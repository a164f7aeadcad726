"""The picture of the benchmarks: how many times faster, against the best rival, with the targets."""

import subprocess

import table

SCRIPT = """
set terminal {terminal}
set output {output}
set encoding utf8
set border 0
set tics scale 0 nomirror noenhanced textcolor rgb '#333333'
set grid xtics linetype 1 linecolor rgb '#e4e4e4' linewidth 0.8
set title '{title}' noenhanced font 'DejaVu Sans:Bold,13' textcolor rgb '#111111' offset 0,-0.5
set xlabel '{label}' noenhanced textcolor rgb '#222222' offset 0,0.3
set key off
set label 'target reached' at screen 0.47,screen {legend:.4f} textcolor rgb '#222222'
set label 'below its target' at screen 0.65,screen {legend:.4f} textcolor rgb '#222222'
set label 'target' at screen 0.84,screen {legend:.4f} textcolor rgb '#222222'
set object rectangle center screen 0.452,screen {legend:.4f} size screen 0.022,screen {key:.4f} \\
    fillcolor rgb '{reached}' fillstyle solid noborder
set object rectangle center screen 0.632,screen {legend:.4f} size screen 0.022,screen {key:.4f} \\
    fillcolor rgb '{missed}' fillstyle solid noborder
set arrow from screen 0.83,screen {legend:.4f}-{key:.4f}/2 \\
    to screen 0.83,screen {legend:.4f}+{key:.4f}/2 nohead linewidth 3 linecolor rgb '#222222'
set lmargin at screen {left:.3f}
set rmargin at screen 0.92
set tmargin 2.5
set bmargin 5.5
set ytics ({ytics})
set y2tics ({y2tics}) font 'DejaVu Sans:Bold,11'
set yrange [{count}.6:0.4]
set y2range [{count}.6:0.4]
set xrange [{low}:{high}]
set logscale x
set xtics ({xtics})
set style fill solid 1.0 noborder
$bars << EOD
{bars}
EOD
plot $bars using (1):1:(1):2:($1-0.3):($1+0.3):3 with boxxyerror linecolor rgb variable notitle, \\
     $bars using 4:($1-0.42):(0):(0.84) with vectors nohead linewidth 3 linecolor rgb '#222222' \\
         notitle, \\
     '+' using (1):({count}.6):(0):(-{count}.2) every ::0::0 with vectors nohead linewidth 1 \\
         linecolor rgb '#8c8c8c' notitle
"""
REACHED, MISSED = "#2a78b5", "#e08a3c"


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def ticks_of(pairs):
    return ", ".join(f"{quote(text)} {at:g}" for text, at in pairs)


def color(row, ratio):
    return int((REACHED if ratio >= row["target"] else MISSED)[1:], 16)


def draw(rows, path):
    """Draws rows that have a rival; `path` ends in .svg or .png."""
    found = [(row, table.worse_ratio(row)) for row in rows]
    found = [(row, ratio) for row, ratio in found if ratio is not None]
    if not found:
        raise SystemExit("there is nothing to draw: no rival was measured")
    bars = "\n".join(
        f"{number} {ratio:.4g} {color(row, ratio)} {row['target']}"
        for number, (row, ratio) in enumerate(found, 1))
    most = max(max(ratio, row["target"]) for row, ratio in found)
    low = min([0.9] + [0.8 * ratio for _, ratio in found])
    ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 15, 30, 50, 100, 200, 500)
             if low <= tick <= 1.2 * most]
    kind = "pngcairo" if str(path).endswith(".png") else "svg dynamic"
    height = 134 + 28 * len(found)
    widest = max(len(row["title"]) for row, _ in found)
    script = SCRIPT.format(
        legend=16 / height, key=18 / height,  # pixels above the lower edge; its marks' size
        left=(30 + 7.4 * widest) / 920,
        terminal=f"{kind} size 920,{height} font 'DejaVu Sans,11' "
                 "background rgb 'white'",
        output=quote(str(path)), title="Pneuma against the fastest rival setting",
        label="times as fast, on a logarithmic axis (memory: times less)",
        ytics=ticks_of((row["title"], n) for n, (row, _) in enumerate(found, 1)),
        y2tics=ticks_of((f"{ratio:.3g} x", n) for n, (_, ratio) in enumerate(found, 1)),
        xtics=ticks_of((f"{tick:g}", tick) for tick in ticks), count=len(found), low=low,
        high=1.3 * most, bars=bars, reached=REACHED, missed=MISSED)
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
