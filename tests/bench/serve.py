"""The prediction app against a Flask app that does what the study's does with the same model, side by
side: the latency of one request, and requests a second with one and with eight visitors.

usage: DIR/bin/python tests/bench/serve.py [--rounds 5] [--seconds 4] [--json FILE]

Rivals: Flask's development server, and gunicorn with two workers; two threads each as all
benchmarks. Before anything is timed the probabilities and maps of all are compared. A request sends
a phantom and gets probability and heatmap as a picture (the rival: a page, the overlay in a file,
which a browser would ask for next). DIR is an environment made from requirements_bench.txt.
"""

import argparse
import http.client
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import cv2

import contest
import folders

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("PNEUMA_BUILD", ROOT / "build"))
MODEL = ROOT / "notebooks/weights/small_pneumonia.safetensors"
SIZE = 128
SAVE = """
local nn = require "pneuma".nn
nn.load_model{arg[1]}:save{arg[2]}
"""
# The most that probability and map may be apart: for an image that nobody has to resize and whose
# pixels are not a matter of rounding, and for a JPEG, which decoders and filters round differently.
AGREE, AGREE_ROUNDED = 1e-3, 1e-2


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def form(image):
    return (b'--cut\r\nContent-Disposition: form-data; name="file"; filename="x.jpg"\r\n'
            b"Content-Type: image/jpeg\r\n\r\n" + image + b"\r\n--cut--\r\n")


class Server:
    def __init__(self, name, command, environment, path, check):
        self.name, self.path, self.check_path, self.port = name, path, check, free_port()
        command = [str(part).replace("PORT", str(self.port)) for part in command]
        self.process = subprocess.Popen(command, env=environment, cwd=HERE,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.latency, self.rate = [], {1: [], 8: []}

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def wait(self):
        for _ in range(600):
            try:
                connection = self.connect()
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.2)
        raise SystemExit(f"{self.name} did not start")

    def post(self, body, path=None, connection=None):
        one = connection or self.connect()
        one.request("POST", path or self.path, body,
                    {"Content-Type": "multipart/form-data; boundary=cut"})
        answer = one.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{self.name}: {answer.status} {text[:300]}")
        if not connection:
            one.close()
        return text

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def latency(server, bodies):
    seconds = []
    for body in bodies:
        start = time.perf_counter()
        server.post(body)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def rate(server, bodies, visitors, seconds):
    counts, end = [0] * visitors, time.perf_counter() + seconds

    def visit(number):
        while time.perf_counter() < end:
            server.post(bodies[(number + counts[number]) % len(bodies)])
            counts[number] += 1

    start = time.perf_counter()
    threads = [threading.Thread(target=visit, args=(i,)) for i in range(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def fitting(path):
    """The image as a PNG of the size that the model takes."""
    image = cv2.resize(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), (SIZE, SIZE))
    return cv2.imencode(".png", image)[1].tobytes()


def agree(servers, body, most):
    """Their probabilities and maps, against ours."""
    ours = None
    for one in servers:
        answer = json.loads(one.post(body, one.check_path))
        heat = answer["heatmap"]
        values = heat["values"] if isinstance(heat, dict) else heat
        flat = [v for row in values for v in row] + [answer["probability"]]
        ours = ours or flat
        apart = max(abs(a - b) for a, b in zip(ours, flat))
        print(f"{one.name}: {len(flat)} numbers, apart by {apart:.1g}", file=sys.stderr)
        if len(flat) != len(ours) or not apart <= most:
            raise SystemExit(f"{one.name} answers something else")


def servers(folder):
    script, model = folder / "save.lua", folder / "model.h5"
    script.write_text(SAVE)
    lua = dict(os.environ, LUA_CPATH=f"{BUILD}/lib/lua/5.4/?.so;;")
    subprocess.run(["lua5.4", script, MODEL, model], env=lua, check=True)
    environment = contest.environment(MODEL=str(model), SIZE=str(SIZE), FOLDER=str(folder),
                                      LAYER="activation_3")
    query = "/api/v1/predict?layer=activation_3&from=probability&heatmap="
    python = pathlib.Path(sys.executable)
    return [
        Server("Pneuma", [BUILD / "pneuma", "app", "--port", "PORT", "--model", MODEL],
               contest.environment(), query + "png", query + "array"),
        Server("Flask, development server", [python, HERE / "flask_app.py", "PORT"], environment,
               "/", "/check"),
        Server("Flask, gunicorn, 2 workers",
               [python, "-m", "gunicorn", "--workers", "2", "--bind", "127.0.0.1:PORT",
                "flask_app:app"], environment, "/", "/check")]


def report(all_servers):
    ours, *rivals = all_servers
    rows = [("latency, ms", lambda s: 1000 * min(s.latency), False)]
    rows += [(f"requests a second, {n} visitors", lambda s, n=n: max(s.rate[n]), True)
             for n in (1, 8)]
    result = []
    for title, figure, more in rows:
        best = (max if more else min)(rivals, key=figure)
        ratio = figure(ours) / figure(best) if more else figure(best) / figure(ours)
        print(f"{title:32} " + "  ".join(f"{s.name} {figure(s):.4g}" for s in all_servers)
              + f"  -> {ratio:.2f} x the best")
        result.append({"title": title, "ratio": ratio,
                       **{s.name: figure(s) for s in all_servers}})
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        data = folders.phantoms(folder, BUILD, 40)
        jpegs = sorted(data.glob("train/*/*.jp*g"))[:20]
        bodies = [form(path.read_bytes()) for path in jpegs]
        playing = servers(folder)
        try:
            for one in playing:
                one.wait()
            agree(playing, form(fitting(jpegs[0])), AGREE)
            agree(playing, bodies[0], AGREE_ROUNDED)
            for one in playing:
                rate(one, bodies, 8, 2)  # warm
            for number in range(options.rounds):
                for one in playing[::-1 if number % 2 else 1]:
                    one.latency.append(latency(one, bodies))
                    for visitors in (1, 8):
                        one.rate[visitors].append(rate(one, bodies, visitors, options.seconds))
            result = report(playing)
        finally:
            for one in playing:
                one.stop()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
