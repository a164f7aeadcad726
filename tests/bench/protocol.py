"""What the rivals' processes share: the line protocol of contest.py, and the number of threads."""

import pathlib
import sys
import time

import numpy as np

THREADS = 2
CHECKED_STEPS = 3  # as in contestant.c


def arguments():
    """Model, inputs, batch and setting from the command line, behind the kind of work."""
    model, inputs, batch, *setting = sys.argv[2:]
    return pathlib.Path(model), pathlib.Path(inputs), int(batch), setting


def memory(key):
    """VmHWM, the most memory this process has had, or VmRSS, what it has now, in KiB."""
    for line in open("/proc/self/status"):
        if line.startswith(key):
            return int(line.split()[1])


def serve(make, result):
    """Makes the work and answers to the driver: "check FILE" and "go". Whatever goes wrong is told
    in one line, so that the driver can go on with the others."""
    answers, sys.stdout = sys.stdout, sys.stderr  # libraries like to print

    def answer(text):
        print(text, file=answers, flush=True)

    try:
        before = memory("VmRSS")
        work = make()
        answer(f"ready {before}")
        for line in sys.stdin:
            command, *path = line.split(maxsplit=1)
            if command == "check":
                np.ascontiguousarray(result(work), np.float32).tofile(path[0].strip())
                answer("done")
            else:
                start = time.perf_counter()
                work.go()
                answer(time.perf_counter() - start)
    except Exception as problem:  # noqa: BLE001
        text = " ".join(str(problem).split())
        answer(f"failed {type(problem).__name__}: {text[:200]}")
        raise
