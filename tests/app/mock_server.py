"""Stands in for `pneuma app` while the page is worked on: the same HTTP API, made-up answers.

    python3 tests/app/mock_server.py --samples FOLDER [--port 5000] [--delay 0.2] [--token T]

The probability comes from a checksum of the upload, the heatmap from that and the settings, so the
same question has the same answer. JPEG, PNG and PGM are known by their first bytes.
"""

import argparse
import base64
import hmac
import http.cookies
import http.server
import json
import math
import pathlib
import struct
import time
import urllib.parse
import zlib
from email.parser import BytesParser
from email.policy import HTTP

import images

ROOT = pathlib.Path(__file__).resolve().parents[2]
ASSETS = ROOT / "runtime" / "web" / "assets"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
         ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
SECURITY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; "
                               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store"}
MODEL = {
    "name": "small_pneumonia", "file": "small_pneumonia.safetensors", "source": "shipped",
    "classes": ["NORMAL", "PNEUMONIA"], "positive": "PNEUMONIA", "threshold": 0.5,
    "input": {"height": 128, "width": 128, "channels": 1, "interpolation": "bilinear",
              "rescale": 1 / 255},
    "trained_on": "SYNTHETIC: drawn by Pneuma, no patient; 1200 images", "synthetic": True,
    "layers": [{"name": "conv2d", "height": 128, "width": 128, "channels": 16},
               {"name": "conv2d_1", "height": 64, "width": 64, "channels": 32},
               {"name": "conv2d_2", "height": 32, "width": 32, "channels": 48},
               {"name": "conv2d_3", "height": 16, "width": 16, "channels": 64}],
    "layer": "conv2d_3", "methods": ["gradcam", "gradcam++", "hirescam", "layercam", "xgradcam"],
    "max_upload": 20_000_000, "samples": [], "version": "0.1.0"}


class Refusal(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def read_jpeg(data):
    """The size from the first frame header; None where there is none."""
    at = 2
    while at + 9 < len(data):
        marker, length = data[at + 1], int.from_bytes(data[at + 2:at + 4], "big")
        if 0xC0 <= marker <= 0xC3:
            height, width, channels = struct.unpack(">HHB", data[at + 5:at + 10])
            if images.TURNED in data[:100]:
                height, width = width, height
            return {"format": "JPEG", "height": height, "width": width, "channels": channels}
        at += 2 + length
    return None


def read_image(data):
    if not data:
        raise Refusal(400, "empty_upload", "The upload is empty.")
    image = None
    if data.startswith(b"\xff\xd8\xff"):
        image = read_jpeg(data)
    elif data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) > 26:
        if not data.endswith(b"IEND\xaeB`\x82"):
            raise Refusal(422, "damaged_image", "The image is damaged: it ends too early.")
        width, height = struct.unpack(">II", data[16:24])
        image = {"format": "PNG", "height": height, "width": width, "channels": 1}
    elif data.startswith(b"P5"):
        fields = data.split(None, 4)
        image = {"format": "PNM", "height": int(fields[2]), "width": int(fields[1]), "channels": 1}
    else:
        raise Refusal(415, "unsupported_image",
                      "This is not an image that Pneuma reads: JPEG, PNG, BMP and PNM are.")
    if not image:
        raise Refusal(422, "damaged_image", "The image is damaged: it ends too early.")
    return image


def write_png(width, height, rows, channels):
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    head = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(png).decode()


def jet(value):
    return [int(255 * min(max(1.5 - abs(4 * value - shift), 0), 1)) for shift in (3, 2, 1)]


def draw_heatmap(image, seed):
    """Two warm spots where the seed says, at most 128 pixels wide."""
    scale = 128 / max(image["width"], image["height"])
    width, height = (max(1, round(image[side] * scale)) for side in ("width", "height"))
    spots = [((seed >> shift) % 50 + 25, (seed >> shift + 6) % 50 + 25) for shift in (0, 12)]

    def value(x, y):
        place = 100 * x / width, 100 * y / height
        return min(1, sum(math.exp(-math.dist(place, spot) ** 2 / 260) for spot in spots))
    colours = [jet(step / 255) for step in range(256)]
    rows = [[part for x in range(width) for part in colours[int(255 * value(x, y))]]
            for y in range(height)]
    return write_png(width, height, rows, 3)


def draw_picture(data, image):
    if image["format"] != "PNM":
        return write_png(1, 1, [[128]], 1)
    width, height = image["width"], image["height"]
    pixels = data[-width * height:]
    return write_png(width, height, [pixels[y * width:(y + 1) * width] for y in range(height)], 1)


def choose(query, name, allowed, preset):
    value = query.get(name, preset)
    if value not in allowed:
        raise Refusal(400, "bad_parameter", f"There is no {name} \"{value}\".")
    return value


def predict(data, name, query, model):
    start = time.monotonic()
    image = read_image(data)
    layers = {layer["name"]: layer for layer in model["layers"]}
    layer = layers[choose(query, "layer", layers, model["layer"])]
    heatmap = {"layer": layer["name"], "method": choose(query, "method", model["methods"], "gradcam"),
               "class": choose(query, "class", model["classes"], model["positive"]),
               "from": choose(query, "from", ("logit", "probability"), "logit"),
               "height": layer["height"], "width": layer["width"], "maximum": 1.0}
    seed = zlib.crc32(data)
    probability = (seed % 9973) / 9973
    answer = {"name": name, "probability": probability,
              "class": model["classes"][probability > model["threshold"]],
              "threshold": model["threshold"],
              "probabilities": dict(zip(model["classes"], (1 - probability, probability))),
              "model": model["name"], "image": image}
    if choose(query, "heatmap", ("none", "png", "array"), "none") == "png":
        heatmap["png"] = draw_heatmap(image, seed ^ zlib.crc32(repr(heatmap).encode()))
        answer["heatmap"] = heatmap
    if choose(query, "picture", ("none", "png"), "none") == "png":
        answer["picture"] = draw_picture(data, image)
    answer["seconds"] = time.monotonic() - start
    return answer


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, kind="application/json", headers=()):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (*SECURITY.items(), ("Content-Type", kind),
                            ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, refusal):
        self.answer(refusal.status, {"error": {"status": refusal.status, "code": refusal.code,
                                               "message": refusal.message}})

    def check_token(self):
        token = self.server.options.token
        cookie = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get("pneuma_token")
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token and not any(hmac.compare_digest(token.encode(), text.encode())
                             for text in (given, cookie.value if cookie else "")):
            raise Refusal(401, "token_missing", "This app needs its token.")

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        token = dict(urllib.parse.parse_qsl(url.query)).get("token")
        if url.path == "/" and token:
            cookie = f"pneuma_token={token}; HttpOnly; SameSite=Strict; Path=/"
            return self.answer(303, b"", headers=(("Location", "/"), ("Set-Cookie", cookie)))
        try:
            if url.path == "/healthz":
                return self.answer(200, {"status": "ok"})
            if url.path == "/api/v1/model":
                self.check_token()
                return self.answer(200, self.server.model)
            return self.send_file(url.path)
        except Refusal as refusal:
            return self.refuse(refusal)

    def send_file(self, path):
        name = pathlib.PurePosixPath(path).name
        if path.startswith("/samples/"):
            folder = self.server.samples
            file = folder.get(name)
        else:
            file = ASSETS / (name or "index.html")
        if not file or not file.is_file():
            raise Refusal(404, "not_found", "There is nothing at this address.")
        self.answer(200, file.read_bytes(), TYPES.get(file.suffix, "application/octet-stream"))

    def do_POST(self):
        try:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.check_token()
            url = urllib.parse.urlsplit(self.path)
            if url.path != "/api/v1/predict":
                raise Refusal(404, "not_found", "There is nothing at this address.")
            time.sleep(self.server.options.delay)
            query = dict(urllib.parse.parse_qsl(url.query))
            self.answer(200, predict(*self.take_upload(body), query, self.server.model))
        except Refusal as refusal:
            self.refuse(refusal)

    def take_upload(self, body):
        kind = self.headers.get("Content-Type", "")
        if not kind.startswith("multipart/form-data"):
            return body, ""
        message = BytesParser(policy=HTTP).parsebytes(
            b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
        for part in message.iter_parts():
            if part.get_param("name", header="content-disposition") == "file":
                return part.get_payload(decode=True), part.get_filename() or ""
        raise Refusal(400, "no_file", "The form has no field \"file\".")

    def log_message(self, form, *values):
        if self.server.options.verbose:
            super().log_message(form, *values)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--samples", type=pathlib.Path, help="a folder of JPEG files to offer")
    parser.add_argument("--delay", type=float, default=0.05, help="seconds before each answer")
    parser.add_argument("--token", default="")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    files = sorted(options.samples.glob("*.jp*g")) if options.samples else []
    server.options, server.samples = options, {f"{i + 1}.jpg": f for i, f in enumerate(files)}
    server.model = dict(MODEL, samples=[{"name": file.name, "url": f"/samples/{name}"}
                                        for name, file in server.samples.items()])
    print(f"http://127.0.0.1:{options.port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
