"""What the checks and the timings share: the X-rays, the command line, the versions."""

import argparse
import os
import pathlib
import platform

import pneuma


def arguments(about, **more):
    """Reads --data and the given further options, each a default; says what is compared."""
    shared = os.environ.get("PNEUMA_SHARED", str(pneuma.ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--data", default=shared + "/chest_xray_original",
                        help="folder of X-rays (default: %(default)s)")
    for name, default in more.items():
        parser.add_argument("--" + name, type=type(default), default=default,
                            help="(default: %(default)s)")
    return parser.parse_args()


def paths(folder):
    """All JPEG files below `folder`, sorted; ends the program when there are none."""
    found = sorted(path for path in pathlib.Path(folder).rglob("*")
                   if path.suffix.lower() in (".jpeg", ".jpg"))
    if not found:
        raise SystemExit(f"no JPEG files below {folder}: give --data or set PNEUMA_SHARED")
    return found


def versions(*modules):
    """One line: Python and each module with its version, and Pneuma's CPU level."""
    named = [f"{module.__name__} {module.__version__}" for module in modules]
    level = ("portable", "avx2", "avx512")[pneuma.cpu_level()]
    return ", ".join([f"Python {platform.python_version()}", *named, f"Pneuma at {level}"])


def levels():
    """Goes through the CPU levels this machine has, from the plainest; ends at the best."""
    for level in range(3):
        if pneuma.cpu_cap(level) == level:
            yield level
    pneuma.cpu_cap(2)
