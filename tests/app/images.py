"""Files to upload: drawings that a decoder reads as X-rays, and some that it must refuse."""

import pathlib
import struct
import zlib


def draw(width, height, seed):
    """Two dark ovals on a lighter ground, and a light spot where the seed says; rows of grey."""
    def grey(x, y):
        u, v = 2 * x / width - 1, 2 * y / height - 1
        lung = min(((u - side) / 0.32) ** 2 + ((v + 0.05) / 0.7) ** 2 for side in (-0.42, 0.42))
        spot = ((u - 0.42) / 0.15) ** 2 + ((v - (seed % 7 - 3) / 6) / 0.2) ** 2
        return 60 + 10 * (seed % 3) + 90 * (lung > 1) + (80 if spot < 1 else 0)
    return [bytes(grey(x, y) for x in range(width)) for y in range(height)]


def png(rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def pgm(rows):
    return f"P5\n{len(rows[0])} {len(rows)}\n255\n".encode() + b"".join(rows)


# An Exif segment with one entry: the picture is to be turned by 90 degrees (orientation 6).
TURNED = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"


def turn(jpeg):
    segment = b"Exif\0\0" + TURNED
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


def make(folder, max_upload):
    """Writes them all; returns their paths by a short name."""
    folder = pathlib.Path(folder)
    files = {f"x{number}": (f"xray_{number}.png", png(draw(240 + 40 * number, 240, number)))
             for number in range(6)}
    files["formula"] = ('=SUM(A1), "quoted".png', png(draw(200, 260, 6)))
    files["pgm"] = ("scan.pgm", pgm(draw(220, 180, 8)))
    files["text"] = ("notes.txt", b"These are notes, not an image.\n")
    files["empty"] = ("empty.png", b"")
    files["cut"] = ("cut.png", png(draw(300, 240, 9))[:400])
    for name, data in files.values():
        (folder / name).write_bytes(data)
    large = folder / "large.png"
    with large.open("wb") as file:
        file.truncate(max_upload + 1)
    return {short: folder / name for short, (name, _) in files.items()} | {"large": large}
