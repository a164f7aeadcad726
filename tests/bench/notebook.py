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


def compare(ours, theirs, rounds, environment, before):
    """Seconds of each round, by name."""
    times = {"pneuma": [], "nbconvert": []}
    for round_number in range(rounds + 1):  # the first one warms up
        for name, command in (("pneuma", ours), ("nbconvert", theirs)):
            before()
            seconds = timed(command, environment)
            if round_number:
                times[name].append(seconds)
    return times


def show(title, times):
    print(title)
    for name, values in times.items():
        print(f"  {name:10} min {min(values):7.3f} s   median {statistics.median(values):7.3f} s")
    print(f"  ratio of minima {min(times['nbconvert']) / min(times['pneuma']):.1f}", flush=True)


def set_up(work, data_dir=""):
    return dict(
        os.environ,
        DATA_DIR=os.path.abspath(data_dir),
        OMP_NUM_THREADS="2",
        OPENCV_FOR_THREADS_NUM="2",
        PNEUMA_THREADS="2",
        PNEUMA_CACHE=str(work / "cache"),
    )


def nbconvert(work, notebook):
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--execute", str(notebook)]
    return command + ["--output-dir", str(work / "html")]


def pneuma(work, notebook, *more):
    return [str(ROOT / "build/pneuma"), "run", str(notebook), "-o", str(work / "out"), *more]


def start_up(work, rounds):
    """A notebook of one cell in both."""
    write_notebook("\n# %%\nprint(1 + 1)\n", work / "one.ipynb")
    (work / "one.md").write_text("# One cell\n\n```lua\nprint(1 + 1)\n```\n")
    return compare(pneuma(work, work / "one.md"), nbconvert(work, work / "one.ipynb"), rounds,
                   set_up(work), lambda: None)


def visualization(work, data_dir, rounds):
    """Notebook 1, cold cache."""
    environment = set_up(work, data_dir)
    seed = (ROOT / "tests/bench/seed_visualization.py").read_text()
    write_notebook(seed, work / "seed.ipynb")
    ours = pneuma(
        work,
        ROOT / "notebooks/01_data_visualization.md",
        "-p",
        f"data_dir={environment['DATA_DIR']}",
        "-p",
        "extras=false",
    )
    return compare(
        ours,
        nbconvert(work, work / "seed.ipynb"),
        rounds,
        environment,
        lambda: shutil.rmtree(work / "cache", ignore_errors=True),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data_dir")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp())
    try:
        show("notebook 1, cold cache", visualization(work, options.data_dir, options.rounds))
        show("one-cell notebook", start_up(work, options.rounds))
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
