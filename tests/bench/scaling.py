"""How the time of a training step of the study's own model grows: with the batch, with the side of
the images, with the width of its layers, and what the second thread gives. Pneuma alone.

usage: python tests/bench/scaling.py [--rounds 9] [--json FILE] [--svg FILE]

Each is compared with the arithmetic: the multiplications of plain sums, forward and both gradients.
All settings live at the same time and take turns, as in driver.py; minima are shown. Needs NumPy.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile

import contest
import networks

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("PNEUMA_BUILD", HERE.parents[1] / "build"))
USUAL = {"batch": 16, "side": networks.SIDE, "width": 1, "threads": 2}
SERIES = {"batch": (1, 2, 4, 8, 16, 32), "side": (96, 128, 160, 192, 224, 288),
          "width": (0.5, 1, 1.5, 2), "threads": (1, 2)}
LABELS = {"batch": "images in a batch", "side": "side of the images", "width": "times the filters"}


def arithmetic(setting):
    """Operations of a training step, in units of a thousand million: two for each multiplication
    and addition of plain sums. The first layer needs no gradient by its input."""
    side, channels, forward, first, units = setting["side"], 3, 0, 0, 0
    for layer in networks.scratch(width=setting["width"]):
        if layer[0] == "conv":
            side -= 2
            part = 2 * side * side * 9 * channels * layer[1]
            first, channels = first or part, layer[1]
        elif layer[0] == "dense":
            part = 2 * (units or side * side * channels) * layer[1]
            units = layer[1]
        else:
            side, part = side // (2 if layer[0] == "pool" else 1), 0
        forward += part
    return setting["batch"] * (3 * forward - first) / 1e9


def contestant(folder, setting):
    side, width = setting["side"], setting["width"]
    model, inputs = folder / f"{side}-{width}.safetensors", folder / f"{side}.safetensors"
    if not model.exists():
        layers = networks.scratch(width=width)
        networks.write(model, networks.make_weights(layers, side=side), layers, side)
    if not inputs.exists():
        most = max(SERIES["batch"]) if side == networks.SIDE else USUAL["batch"]
        networks.write(inputs, networks.make_inputs(most, side=side))
    name = ", ".join(f"{key} {value}" for key, value in setting.items())
    command = [BUILD / "bin/bench_contestant", "step", model, inputs, setting["batch"]]
    return contest.Contestant(name, command, setting["threads"])


def measure(rounds):
    settings = []
    for key, values in SERIES.items():
        settings += [dict(USUAL, **{key: value}) for value in values]
    settings = [one for i, one in enumerate(settings) if one not in settings[:i]]
    with tempfile.TemporaryDirectory() as folder:
        playing = [contestant(pathlib.Path(folder), one) for one in settings]
        for one in playing:
            one.start()
        contest.interleave(playing, rounds, lambda text: None, rivals=False)
        for one in playing:
            one.stop()
    return [dict(setting, gigaflop=arithmetic(setting), **one.figures())
            for setting, one in zip(settings, playing)]


# ---- table and picture ----

def series(rows, key):
    found = [row for row in rows if all(row[k] == v for k, v in USUAL.items() if k != key)]
    return sorted(found, key=lambda row: row[key])


def table(rows):
    lines = []
    for key in SERIES:
        found = series(rows, key)
        lines.append(f"{key:8} {'ms':>8} {'GFLOP':>8} {'GFLOP/s':>8}")
        for row in found:
            lines.append(f"{row[key]!s:8} {1000 * row['min']:8.1f} {row['gigaflop']:8.2f} "
                         f"{row['gigaflop'] / row['min']:8.1f}")
    one, two = series(rows, "threads")
    lines.append(f"two threads are {one['min'] / two['min']:.2f} times as fast as one "
                 f"(medians {one['median'] / two['median']:.2f})")
    return "\n".join(lines)


PANEL = """
set title '{label}' noenhanced
set xrange [0:{x:g}]
set yrange [0:{y:g}]
plot $data{number} using 2:3 with lines linewidth 1.5 dashtype 2 linecolor rgb '#888888' notitle, \\
     $data{number} using 2:1 with points pointtype 7 pointsize 0.9 linecolor rgb '#2a78b5' notitle, \\
     $data{number} using 2:1:4 with labels left offset 0.6,-0.7 font 'DejaVu Sans,9' \\
         textcolor rgb '#444444' notitle
"""


def draw(rows, path):
    """Time against arithmetic; the dashed line is proportional, through the usual setting."""
    usual = next(row for row in rows if all(row[k] == v for k, v in USUAL.items()))
    rate = 1000 * usual["min"] / usual["gigaflop"]
    kind = "pngcairo" if str(path).endswith(".png") else "svg dynamic"
    script = [f"set terminal {kind} size 1000,340 font 'DejaVu Sans,10' background rgb 'white'",
              f"set output '{path}'", "set multiplot layout 1,3 margins 0.07,0.98,0.17,0.88 "
              "spacing 0.075,0.1", "set key off", "set border 3 linecolor rgb '#666666'",
              "set tics nomirror", "set grid linetype 1 linecolor rgb '#e4e4e4'",
              "set xlabel 'arithmetic of a step, GFLOP'", "set ylabel 'ms' offset 1.5"]
    for number, (key, label) in enumerate(LABELS.items()):
        found = series(rows, key)
        script.append(f"$data{number} << EOD")
        points = [(0, 0, "")] + [(1000 * row["min"], row["gigaflop"], row[key]) for row in found]
        script += [f"{ms if text != '' else 'NaN'} {work:g} {rate * work:g} \"{text}\""
                   for ms, work, text in points]
        script.append("EOD")
        script.append(PANEL.format(label=label, number=number, x=1.15 * points[-1][1],
                                   y=1.15 * max(points[-1][0], rate * points[-1][1])))
        script.append("unset ylabel")
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--svg", metavar="FILE")
    parser.add_argument("--from-json", metavar="FILE", dest="again", help="measure nothing")
    options = parser.parse_args()
    rows = (json.loads(pathlib.Path(options.again).read_text()) if options.again
            else measure(options.rounds))
    print(table(rows))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")
    if options.svg:
        draw(rows, options.svg)


if __name__ == "__main__":
    main()
