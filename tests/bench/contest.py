"""Contestants and contests. A contestant is a process that is kept alive and does one kind of work
when it is told; the contest goes round them, so that what disturbs the machine disturbs all.

The protocol, a line each way: the process says "ready [memory before the work, KiB]"; "check FILE"
makes it write its results as raw float32 and say "done"; "go" makes it do the work once and say the
seconds. "failed WHY" may come at any time.
"""

import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
THREADS = 2
AGREE = 1e-3
SLOW = 2  # a rival that takes so many times the fastest rival's time gets a few rounds only
FEW = 3
SHORT, MOST = 0.5, 9  # seconds; times
PAUSE = 0.05


class Failed(Exception):
    pass


def environment(threads=THREADS, **more):
    count = str(threads)
    return dict(os.environ, PNEUMA_THREADS=count, OMP_NUM_THREADS=count, MKL_NUM_THREADS=count,
                TF_NUM_INTRAOP_THREADS=count, TF_NUM_INTEROP_THREADS=count, **more)


class Contestant:
    def __init__(self, name, command, threads=THREADS):
        self.name, self.command, self.seconds = name, [str(part) for part in command], []
        self.threads = threads
        self.memory = self.memory_before = None

    def start(self):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command, env=environment(self.threads), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors, text=True)
        before = self.answer("ready")
        self.memory_before = int(before[0]) if before else 0

    def answer(self, expected=None):
        line = self.process.stdout.readline().split()
        if not line:
            self.errors.seek(0)
            last = self.errors.read().strip().splitlines()[-1:] or ["it ended"]
            raise Failed(f"{self.name}: {last[0][:200]}")
        if line[0] == "failed" or (expected and line[0] != expected):
            raise Failed(f"{self.name}: {' '.join(line[1:])}")
        return line[1:] if expected else line

    def tell(self, line):
        try:
            print(line, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass  # the answer says why

    def check(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/result"
            self.tell(f"check {path}")
            self.answer("done")
            return np.fromfile(path, np.float32)

    def go(self):
        self.tell("go")
        return float(self.answer()[0])

    def turn(self):
        """Its turn in a round. Short work is done several times, and the median counts: the first
        time it finds its weights driven out of the caches by those before it."""
        time.sleep(PAUSE)  # waiting threads of the one before may still be spinning
        seconds = self.go()
        if seconds < SHORT:
            times = min(MOST, int(SHORT / seconds))
            seconds = statistics.median(self.go() for _ in range(times))
        self.seconds.append(seconds)

    def stop(self):
        """Notes the most memory that the process has had, and ends it."""
        try:
            for line in open(f"/proc/{self.process.pid}/status"):
                if line.startswith("VmHWM"):
                    self.memory = int(line.split()[1])
        except (OSError, AttributeError):
            return
        self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def figures(self):
        """What the table and the JSON file say of it."""
        known = {"name": self.name, "rounds": len(self.seconds)}
        if self.seconds:
            known.update(min=min(self.seconds), median=statistics.median(self.seconds))
        if self.memory:
            known.update(peak_kib=self.memory, before_kib=self.memory_before)
        return known


def difference(a, b):
    """Of the largest value."""
    if a.shape != b.shape or not np.isfinite(a).all():
        return float("inf")
    return float(np.abs(a - b).max() / max(1e-6, np.abs(b).max()))


def agree(contestants, say):
    """Ours and the rivals' results: a rival that computes something else ends the program."""
    ours = None
    for one in list(contestants):
        try:
            one.start()
            result = one.check()
        except Failed as problem:
            if ours is None:
                raise SystemExit(f"Pneuma cannot do this: {problem}") from None
            say(f"  left out: {problem}")
            contestants.remove(one)
            one.stop()
            continue
        if ours is None:
            ours = result
        apart = difference(result, ours)
        say(f"  {one.name}: {result.size} numbers, apart by {apart:.1g}")
        if not apart <= AGREE:
            raise SystemExit(f"{one.name} computes something else than Pneuma: {result[:4]} "
                             f"for {ours[:4]}")


def play(contestants, say):
    """A turn of each, the first being ours; whoever fails is out."""
    for one in list(contestants):
        try:
            one.turn()
        except Failed as problem:
            if one is contestants[0]:
                raise SystemExit(f"Pneuma cannot do this: {problem}") from None
            say(f"  left out: {problem}")
            contestants.remove(one)
            one.stop()


def interleave(contestants, rounds, say, warm_up=2, rivals=True):
    """Times all in turn; contestants who fail leave the list. Rivals of the first that are much
    slower than the best of them get few rounds."""
    for _ in range(warm_up):
        play(contestants, say)
    ours, best = contestants[0], min((one.seconds[-1] for one in contestants[1:]), default=0)
    slow = [one for one in contestants[1:] if rivals and one.seconds[-1] > SLOW * best]
    for one in contestants:
        one.seconds.clear()
    for number in range(rounds):
        # Every other round goes backwards: nobody always follows the same one.
        order = [one for one in contestants[1:] if number < FEW or one not in slow]
        order = [ours, *order[::-1 if number % 2 else 1]]
        play(order, say)
        contestants[1:] = [one for one in contestants[1:] if one in order or one in slow]
        say(f"  round {number + 1}: "
            + ", ".join(f"{one.name} {one.seconds[-1]:.4g}" for one in order))
