"""Works that begin with a folder of JPEG files: synthetic X-rays, made once, and runs of Pneuma's
program on them."""

import os
import pathlib
import shutil
import subprocess
import time

import contest

EPOCH, TRANSFER, EPOCHS, SLICE = 400, 512, 10, 64
HERE = pathlib.Path(__file__).resolve().parent
DRAW = """
local made = require "pneuma".stage.phantom{count = tonumber(arg[1]), val_share = 0,
                                            test_share = 0, pneumonia = 0.74}
print(made.folder[1])
"""


def phantoms(folder, build, count):
    """A folder with train/NORMAL and train/PNEUMONIA, `count` images of the sizes of real ones."""
    script, data = folder / "draw.lua", folder / f"phantoms_{count}"
    if not data.exists():
        script.write_text(DRAW)
        environment = dict(os.environ, PNEUMA_CACHE=str(folder / "drawing"),
                           LUA_CPATH=f"{build}/lib/lua/5.4/?.so;;")
        made = subprocess.run(["lua5.4", script, str(count)], env=environment, check=True,
                              stdout=subprocess.PIPE, text=True).stdout.strip()
        pathlib.Path(made).rename(data)
        shutil.rmtree(folder / "drawing")
    return data


def part(folder, data, count):
    """The first images of each class, by their shares of all, `count` together."""
    into = folder / f"{data.name}_{count}"
    if into.exists():
        return into
    classes = {path: sorted(path.glob("*.jp*g")) for path in (data / "train").iterdir()}
    share = count / sum(map(len, classes.values()))
    left = count
    for number, (path, files) in enumerate(sorted(classes.items())):
        take = left if number == len(classes) - 1 else round(share * len(files))
        left -= take
        (into / "train" / path.name).mkdir(parents=True)
        for file in files[:take]:
            shutil.copy(file, into / "train" / path.name)
    return into


class Notebook(contest.Contestant):
    """`pneuma run` of a notebook of this folder with a cold cache; the start of the program and the
    loading of weights count."""

    def __init__(self, name, build, folder, notebook, parameters):
        self.cache, out = folder / "cache", folder / "out"
        command = [build / "pneuma", "run", HERE / notebook, "-o", out]
        for parameter, value in parameters.items():
            command += ["-p", f"{parameter}={value}"]
        super().__init__(name, command)

    def go(self):
        shutil.rmtree(self.cache, ignore_errors=True)
        start = time.perf_counter()
        process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env=contest.environment(PNEUMA_CACHE=str(self.cache)))
        said = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        seconds = time.perf_counter() - start
        if status:
            raise SystemExit(f"{self.command} failed:\n{said}")
        # Of the largest process of the run, which is the worker.
        self.memory, self.memory_before = max(self.memory or 0, usage.ru_maxrss), 0
        return seconds

    def stop(self):
        shutil.rmtree(self.cache, ignore_errors=True)
