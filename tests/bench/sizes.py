"""Learning the sizes of a folder of X-rays: `stage.dataset`, which reads headers, against reading
every image with OpenCV, as the seed does.

usage: python tests/bench/sizes.py DATA_DIR [--rounds 9]

In turn, two threads each, files in the system's cache. Pneuma's figure is the time of the cell that
calls the stage with the result cache off, so that it computes each time.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import cv2

ROOT = pathlib.Path(__file__).resolve().parents[2]


def read_all(data_dir):
    start = time.perf_counter()
    shapes = [cv2.imread(str(path)).shape for path in sorted(data_dir.glob("*/*/*.jp*g"))]
    return time.perf_counter() - start, len(shapes)


def list_all(work, data_dir):
    notebook, report = work / "sizes.md", work / "report.json"
    notebook.write_text(f"# Sizes\n\n```lua\nprint(#stage.dataset{{dir = [[{data_dir}]]}})\n```\n")
    command = [ROOT / "build/pneuma", "run", notebook, "-o", work / "out", "--no-cache"]
    subprocess.run([*command, "--threads", "2", "--report", report], check=True, stdout=subprocess.DEVNULL)
    cell = json.loads(report.read_text())["cells"][0]
    count = int("".join(text for output in cell["outputs"] if output["kind"] == "stream"
                        for text in output["mime"].values()))
    return cell["seconds"], count


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data_dir", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    cv2.setNumThreads(2)
    data_dir = options.data_dir.resolve()
    work = pathlib.Path(tempfile.mkdtemp())
    ours, theirs = [], []
    try:
        for _ in range(options.rounds + 1):
            mine, counted = list_all(work, data_dir)
            seconds, images = read_all(data_dir)
            assert counted == images, (counted, images)
            ours.append(mine)
            theirs.append(seconds)
    finally:
        shutil.rmtree(work)
    for name, values in (("Pneuma", ours[1:]), ("OpenCV", theirs[1:])):
        print(f"{name:7} min {1000 * min(values):9.2f} ms   median {1000 * statistics.median(values):9.2f} ms")
    print(f"ratio of minima {min(theirs[1:]) / min(ours[1:]):.0f}, {images} images")


if __name__ == "__main__":
    main()
