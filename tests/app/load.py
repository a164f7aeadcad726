"""Ten minutes of visitors, good ones and bad ones at the same time, against `pneuma app`.

usage: python tests/app/load.py [--minutes 10] [--program build/pneuma] [--url URL --pid PID]

Starts the app, or takes one that runs. Good visitors send sample images and compare every answer
with the first one for that image; bad ones cut connections, send slowly, too much, nothing, wrong
kinds, damaged and hostile images, names that are paths, headers that are none. Ends with 1 when the
app died, an answer was wrong or was missing, or its memory grew. Standard library only.
"""

import argparse
import collections
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
GROWTH = 1.25  # of the memory after the first minute


class App:
    def __init__(self, options):
        self.process = None
        if options.url:
            self.url, self.pid = options.url, options.pid
            return
        command = [options.program, "app", "--port", "0", "--max-upload", "2"]
        if options.model:
            command += ["--model", options.model]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        said = ""
        while "Open " not in said:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f"the app did not start: {said}")
            said += line
        self.url = re.search(r"Open (\S+)", said).group(1)
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def address(self):
        parts = urllib.parse.urlsplit(self.url)
        return parts.hostname, parts.port

    def memory(self):
        """KiB of the app and its helpers; None when it is gone."""
        total = 0
        for pid in [self.pid, *self.children()]:
            try:
                text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                if pid == self.pid:
                    return None
                continue
            found = re.search(r"^Pss:\s+(\d+)", text, re.M)
            total += int(found.group(1)) if found else 0
        return total

    def children(self):
        try:
            tasks = os.listdir(f"/proc/{self.pid}/task")
            return [pid for task in tasks
                    for pid in pathlib.Path(f"/proc/{self.pid}/task/{task}/children")
                    .read_text().split()]
        except OSError:
            return []

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            return self.process.wait(timeout=30)
        return 0


# ---- images ----

def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data
            + struct.pack(">I", zlib.crc32(kind + data)))


def png(width, height, data, depth=8, colors=0):
    header = struct.pack(">IIBBBBB", width, height, depth, colors, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data)
            + chunk(b"IEND", b""))


def hostile():
    """Images that promise much or are nothing; the first is only very large."""
    bomb = zlib.compress(bytes(6000 * 6001), 9)
    large = b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 17, 8, 65535, 65535, 3) + bytes(9)
    return [png(6000, 6000, bomb), png(65535, 65535, zlib.compress(b"")), large,
            png(1 << 30, 1 << 30, b""), png(100, 100, zlib.compress(bytes(10))),
            b"P5 65535 65535 255\n", b"BM" + bytes(60), b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"]


def fuzzed(image, rng):
    data = bytearray(image)
    for _ in range(rng.randint(1, 40)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data[:rng.randint(2, len(data))] if rng.random() < 0.3 else data)


# ---- visitors ----

class Visit:
    """What all visitors share."""

    def __init__(self, app, images):
        self.app, self.images, self.first = app, images, {}
        self.lock, self.counts, self.problems = threading.Lock(), collections.Counter(), []
        self.end = 0

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    def post(self, body, query="", headers=None):
        connection = http.client.HTTPConnection(*self.app.address(), timeout=60)
        try:
            connection.request("POST", "/api/v1/predict" + query, body,
                               headers or {"Content-Type": "application/octet-stream"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def good(visit, rng):
    number = rng.randrange(len(visit.images))
    query = rng.choice(["", "?heatmap=array", "?heatmap=png&from=logit", "?method=layercam&heatmap=array"])
    for _ in range(200):
        status, body = visit.post(visit.images[number], query)
        if status != 503:
            break
        visit.count("told to come again")
        time.sleep(0.2)
    if status != 200:
        visit.problem(f"a good image got {status}: {body[:200]}")
        return
    answer = json.loads(body)
    answer.pop("seconds")
    key = number, query
    with visit.lock:
        before = visit.first.setdefault(key, answer)
    if not same(before, answer):
        visit.problem(f"image {number}{query} got another answer than before")
    visit.count("good answers")


def same(a, b):
    """Up to rounding: images that are computed together may differ in the last bit."""
    if isinstance(a, float) and isinstance(b, (int, float)):
        return abs(a - b) < 1e-5
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a if k != "png")
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def expect(visit, what, wanted, *request, **more):
    status, body = visit.post(*request, **more)
    if status not in wanted and status != 503:
        visit.problem(f"{what} got {status}: {body[:200]}")
    visit.count(what)


def damaged(visit, rng):
    expect(visit, "fuzzed image", (200, 415, 422), fuzzed(rng.choice(visit.images), rng))


def evil(visit, rng):
    expect(visit, "hostile image", (200, 413, 415, 422), rng.choice(hostile()))


def wrong(visit, rng):
    body, wanted = rng.choice([(b"", (422,)), (b"text" * 100, (415,)), (bytes(5000), (415,)),
                               (b"\x89PNG", (422,))])
    expect(visit, "wrong file", wanted, body)


def oversized(visit, rng):
    try:
        expect(visit, "too much", (413,), bytes(rng.randint(2_100_000, 6_000_000)))
    except OSError:
        visit.count("too much, cut")


def paths(visit, rng):
    name = rng.choice(["../../../etc/passwd", "C:\\x.jpg", "a\r\nb.jpg", "%2e%2e%2f", "\x00.jpg",
                       "\u202egpj.exe", "x" * 5000])
    body = (b'--cut\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode()
            + b'"\r\n\r\n' + rng.choice(visit.images) + b"\r\n--cut--\r\n")
    expect(visit, "name that is a path", (200, 400), body,
           headers={"Content-Type": "multipart/form-data; boundary=cut"})


def raw(visit, parts, pause=0):
    with socket.create_connection(visit.app.address(), timeout=60) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)


def head(size):
    return (f"POST /api/v1/predict?heatmap=png HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Length: {size}\r\n\r\n").encode()


def cut(visit, rng):
    image = rng.choice(visit.images)
    parts = [head(len(image)), image[:rng.randint(0, len(image))]]
    if rng.random() < 0.3:
        parts = [parts[0][:rng.randint(1, len(parts[0]) - 1)]]
    raw(visit, parts)
    visit.count("cut connection")


def slow(visit, rng):
    image = rng.choice(visit.images)
    step = len(image) // 20 + 1
    try:
        raw(visit, [head(len(image))] + [image[i:i + step] for i in range(0, len(image), step)],
            pause=rng.choice([0.1, 0.5]))
    except OSError:
        pass
    visit.count("slow sender")


def nonsense(visit, rng):
    lines = [b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n", b"POST /api/v1/predict HTTP/1.1\r\n\r\n",
             b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\n\r\n", bytes(rng.randrange(256) for _ in range(200)),
             b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
             b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n"]
    try:
        raw(visit, [rng.choice(lines)])
    except OSError:
        pass
    visit.count("nonsense")


BAD = [damaged, damaged, evil, wrong, oversized, paths, cut, cut, slow, nonsense]


def visitor(visit, deeds, seed):
    rng = random.Random(seed)
    while time.time() < visit.end:
        deed = rng.choice(deeds)
        try:
            deed(visit, rng)
        except (OSError, http.client.HTTPException) as problem:
            if deed is good:
                visit.problem(f"a good image got no answer: {problem!r}")
            else:
                visit.count("refused connection")
        time.sleep(rng.random() * 0.05)


# ---- the run ----

def watch(visit, seconds):
    """Memory every few seconds, as (time, KiB); ends early when the app is gone."""
    readings, start = [], time.time()
    while time.time() < start + seconds:
        time.sleep(5)
        memory = visit.app.memory()
        if memory is None:
            visit.problem("the app is gone")
            visit.end = 0
            break
        readings.append((time.time() - start, memory))
    return readings


def samples(app):
    connection = http.client.HTTPConnection(*app.address(), timeout=60)
    connection.request("GET", "/api/v1/model")
    urls = [one["url"] for one in json.loads(connection.getresponse().read())["samples"]]
    images = []
    for url in urls:
        connection.request("GET", url)
        images.append(connection.getresponse().read())
    return images


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--program", default=str(ROOT / "build/pneuma"))
    parser.add_argument("--url")
    parser.add_argument("--pid", type=int)
    parser.add_argument("--model")
    options = parser.parse_args()
    app = App(options)
    visit = Visit(app, samples(app))
    visit.end = time.time() + 60 * options.minutes
    threads = [threading.Thread(target=visitor, args=(visit, [good], i)) for i in range(3)]
    threads += [threading.Thread(target=visitor, args=(visit, BAD, 100 + i)) for i in range(8)]
    for thread in threads:
        thread.start()
    readings = watch(visit, 60 * options.minutes)
    for thread in threads:
        thread.join()
    code = app.stop()
    if code != 0:
        visit.problem(f"the app ended with exit code {code}")
    settled = [memory for at, memory in readings if at > min(60, 20 * options.minutes)]
    if settled and max(settled[-6:]) > GROWTH * max(settled[:6]):
        visit.problem(f"memory grew from {max(settled[:6])} to {max(settled[-6:])} KiB")
    for what, count in sorted(visit.counts.items()):
        print(f"{count:8} {what}")
    if readings:
        print(f"memory: {readings[0][1] / 1024:.0f} MiB at first, {max(m for _, m in readings) / 1024:.0f} at "
              f"most, {readings[-1][1] / 1024:.0f} at the end")
    for text in visit.problems[:20]:
        print("PROBLEM:", text)
    print("no problem" if not visit.problems else f"{len(visit.problems)} problems")
    sys.exit(1 if visit.problems else 0)


if __name__ == "__main__":
    main()
