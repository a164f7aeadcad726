"""Notebook 1 against the seed's steps in Python, and start-up against start-up.

usage: python tests/bench/notebook.py DATA_DIR [--rounds 9]

Runs in turn: `pneuma run notebooks/01_data_visualization.md -p extras=false` with a cold cache, and
`jupyter nbconvert --execute` on tests/bench/seed_visualization.py; then a one-cell notebook in both.
Two threads each. Prints minimum and median in seconds, and the ratio of the minima. The Python that
runs this needs nbconvert, ipykernel, nbformat, matplotlib, seaborn, opencv-python-headless.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import nbformat

ROOT = pathlib.Path(__file__).resolve().parents[2]


def write_notebook(source, target):
    cells = []
    for text in source.split("\n# %%")[1:]:
        cells.append(nbformat.v4.new_code_cell(text.split("\n", 1)[1]))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), target)


def timed(command, environment):
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{command} failed:\n{done.stdout}{done.stderr}")
    return seconds


def compare(title, ours, theirs, rounds, environment, before):
    times = {"pneuma": [], "nbconvert": []}
    for round_number in range(rounds + 1):  # the first one warms up
        for name, command in (("pneuma", ours), ("nbconvert", theirs)):
            before()
            seconds = timed(command, environment)
            if round_number:
                times[name].append(seconds)
    print(title)
    for name, values in times.items():
        print(f"  {name:10} min {min(values):7.3f} s   median {statistics.median(values):7.3f} s")
    print(f"  ratio of minima {min(times['nbconvert']) / min(times['pneuma']):.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data_dir")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp())
    cache = work / "cache"
    environment = dict(
        os.environ,
        DATA_DIR=os.path.abspath(options.data_dir),
        OMP_NUM_THREADS="2",
        OPENCV_FOR_THREADS_NUM="2",
        PNEUMA_THREADS="2",
        PNEUMA_CACHE=str(cache),
    )

    def nbconvert(notebook):
        command = [sys.executable, "-m", "nbconvert", "--to", "html", "--execute", str(notebook)]
        return command + ["--output-dir", str(work / "html")]

    def pneuma(notebook, *more):
        return [str(ROOT / "build/pneuma"), "run", str(notebook), "-o", str(work / "out"), *more]

    seed = (ROOT / "tests/bench/seed_visualization.py").read_text()
    write_notebook(seed, work / "seed.ipynb")
    write_notebook("\n# %%\nprint(1 + 1)\n", work / "one.ipynb")
    (work / "one.md").write_text("# One cell\n\n```lua\nprint(1 + 1)\n```\n")
    visualization = pneuma(
        ROOT / "notebooks/01_data_visualization.md",
        "-p",
        f"data_dir={environment['DATA_DIR']}",
        "-p",
        "extras=false",
    )
    try:
        compare(
            "notebook 1, cold cache",
            visualization,
            nbconvert(work / "seed.ipynb"),
            options.rounds,
            environment,
            lambda: shutil.rmtree(cache, ignore_errors=True),
        )
        compare(
            "one-cell notebook",
            pneuma(work / "one.md"),
            nbconvert(work / "one.ipynb"),
            options.rounds,
            environment,
            lambda: None,
        )
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
