"""Training curves with the fast kernels and with the reference layers: whether they agree within the
scatter of seeds. Each seed trains the study's own model on small synthetic X-rays once in each way.

usage: python tests/bench/curves.py [--seeds 5] [--json FILE] [--svg FILE]

Rounding differs, and a training amplifies it: the same seed gives other curves in the two ways. The
question is whether their means differ more than those of other seeds would: by more than three
standard errors in any epoch ends in "apart" and exit code 1. Needs NumPy.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

import contest
import folders

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("PNEUMA_BUILD", HERE.parents[1] / "build"))
IMAGES = 400
WAYS = {"fast": {}, "reference": {"PNEUMA_PLAN": "reference"}}
COLORS = {"fast": "#2a78b5", "reference": "#e08a3c"}
FIGURES = ("loss", "accuracy")


def train(folder, data, seed, way):
    """(epochs, figures)"""
    report = folder / "report.json"
    command = [BUILD / "pneuma", "run", HERE / "curves.md", "-o", folder / "out", "--no-cache",
               "--report", report, "-p", f"data_dir={data}", "-p", f"seed={seed}"]
    done = subprocess.run(command, env=contest.environment(**WAYS[way]), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stdout}")
    found = re.findall(r"curve (\S+) (\S+)", " ".join(
        text for cell in json.loads(report.read_text())["cells"]
        for output in cell["outputs"] if output["kind"] == "stream"
        for text in output["mime"].values()))
    return [[float(figure) for figure in line] for line in found]


def measure(seeds):
    curves = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        data = folders.phantoms(folder, BUILD, IMAGES)
        for seed in range(1, seeds + 1):
            for way in WAYS:
                curves[way].append(train(folder, data, seed, way))
                print(f"seed {seed}, {way}: loss "
                      + " ".join(f"{loss:.4f}" for loss, _ in curves[way][-1]), file=sys.stderr)
    return curves


def compare(curves):
    """Prints both ways' means and scatters; whether they agree."""
    fast, reference = (np.array(curves[way]) for way in ("fast", "reference"))
    error = np.sqrt((fast.var(0, ddof=1) + reference.var(0, ddof=1)) / len(fast))
    apart = np.abs(fast.mean(0) - reference.mean(0)) / np.maximum(error, 1e-9)
    print(f"{'':15}{'fast: mean, sd':>20}{'reference: mean, sd':>24}{'same seed, apart':>20}"
          f"{'standard errors':>18}")
    for f, figure in enumerate(FIGURES):
        for epoch in range(fast.shape[1]):
            a, b = fast[:, epoch, f], reference[:, epoch, f]
            print(f"{figure:9}{epoch + 1:3}   {a.mean():12.4f} {a.std(ddof=1):7.4f}"
                  f"{b.mean():16.4f} {b.std(ddof=1):7.4f}{np.abs(a - b).mean():20.4f}"
                  f"{apart[epoch, f]:18.2f}")
    agree = bool((apart <= 3).all())
    print(f"{len(fast)} seeds: " + ("agree within the scatter of seeds" if agree else "APART"))
    return agree


PLOT = """
set terminal {kind} size 900,360 font 'DejaVu Sans,10' background rgb 'white'
set output '{path}'
set multiplot layout 1,2 margins 0.07,0.98,0.16,0.88 spacing 0.09,0.1
set border 3 linecolor rgb '#666666'
set tics nomirror
set grid linetype 1 linecolor rgb '#e4e4e4'
set xlabel 'epoch'
set xrange [0.8:{epochs}.2]
set xtics 1
"""


def draw(curves, path):
    kind = "pngcairo" if str(path).endswith(".png") else "svg dynamic"
    script = [PLOT.format(kind=kind, path=path, epochs=len(curves["fast"][0]))]
    for f, figure in enumerate(FIGURES):
        lines, data = [], []
        for way, color in COLORS.items():
            for number, curve in enumerate(curves[way]):
                name = f"${way}{number}{figure}"
                data += [f"{name} << EOD", *(f"{epoch[f]}" for epoch in curve), "EOD"]
                title = f"title '{way}'" if number == 0 else "notitle"
                lines.append(f"{name} using ($0+1):1 with lines linewidth 1.4 "
                             f"linecolor rgb '{color}' {title}")
        script += [*data, f"set title 'training {figure}'",
                   f"set key {'top right' if figure == 'loss' else 'bottom right'}",
                   "plot " + ", ".join(lines)]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--svg", metavar="FILE")
    parser.add_argument("--from-json", metavar="FILE", dest="again", help="train nothing")
    options = parser.parse_args()
    curves = (json.loads(pathlib.Path(options.again).read_text()) if options.again
              else measure(options.seeds))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(curves) + "\n")
    if options.svg:
        draw(curves, options.svg)
    sys.exit(0 if compare(curves) else 1)


if __name__ == "__main__":
    main()
