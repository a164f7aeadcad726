"""Times Pneuma against the Python software of this environment; see README.md in this folder."""

import argparse
import json
import os
import pathlib
import platform
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peers"))
import chart  # noqa: E402
import table  # noqa: E402
import works  # noqa: E402


def arguments():
    shared = os.environ.get("PNEUMA_SHARED", str(works.ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(prog="tests/bench/run", description=__doc__)
    parser.add_argument("--only", choices=works.WORKS, action="append",
                        help="measure this alone; may be given several times")
    parser.add_argument("--json", metavar="FILE", help="write all figures")
    parser.add_argument("--svg", metavar="FILE", help="draw the ratios with gnuplot (or a .png)")
    parser.add_argument("--rounds", type=int, default=9, help="(default: %(default)s)")
    parser.add_argument("--settings", metavar="WORD", default="",
                        help="only the rivals' settings with this word: torch, compile, ...")
    parser.add_argument("--folder", help="keep weights and images here, for the next time")
    parser.add_argument("--data", default=shared + "/chest_xray_original",
                        help="folder of X-rays for canny (default: %(default)s)")
    parser.add_argument("--from-json", metavar="FILE", nargs="+", dest="again",
                        help="measure nothing: table and picture of what was written with --json; "
                             "of several files the worse figure of each line")
    return parser.parse_args()


def versions():
    from importlib import metadata
    found = {"python": platform.python_version(), "machine": cpu()}
    for package in ("torch", "tensorflow-cpu", "keras", "opencv-python-headless", "pillow",
                    "nbconvert", "numpy"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            pass
    return found


def cpu():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return f"{line.split(':')[1].strip()}, {os.cpu_count()} processors"
    return platform.machine()


def measure(options):
    def say(text):
        print(text, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        if options.folder:
            pathlib.Path(options.folder).mkdir(parents=True, exist_ok=True)
        bench = works.Bench(options, options.folder or folder, say)
        rows = []
        for name in options.only or [name for name in works.WORKS if name != "memory"]:
            rows += works.WORKS[name](bench)
    return {"versions": versions(), "threads": 2, "rounds": options.rounds, "rows": rows}


def main():
    options = arguments()
    if options.again:
        runs = [json.loads(pathlib.Path(path).read_text()) for path in options.again]
        result = table.worse(runs)
    else:
        result = measure(options)
    print(", ".join(f"{name} {version}" for name, version in result["versions"].items()))
    print(table.text(result["rows"]))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(result, indent=1) + "\n")
    if options.svg:
        chart.draw(result["rows"], options.svg)


if __name__ == "__main__":
    main()
