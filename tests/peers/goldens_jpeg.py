"""Writes the JPEG fixtures of tests/unit/data that Pneuma's own encoder cannot make, and prints
what Pillow and matplotlib make of them, for the numbers in tests/unit/test_image.c.

    python -m venv venv && venv/bin/pip install pillow==13.0.0 matplotlib==3.11.2 \
        opencv-python-headless==5.0.0.93
    venv/bin/python tests/peers/goldens_jpeg.py tests/unit/data
"""

import sys
import zlib

import cv2
import matplotlib
import numpy as np
from PIL import Image

folder = sys.argv[1]


def save(name, image, **options):
    image.save(f"{folder}/{name}", "JPEG", **options)
    with Image.open(f"{folder}/{name}") as again:
        pixels = np.asarray(again.convert("RGB"))
    print(name, "corners:", pixels[0, 0], pixels[0, -1], pixels[-1, 0], pixels[-1, -1])


# Four inks, one quarter each: cyan, magenta / yellow, black.
inks = np.zeros((16, 16, 4), np.uint8)
inks[:8, :8, 0] = inks[:8, 8:, 1] = inks[8:, :8, 2] = inks[8:, 8:, 3] = 255
save("cmyk.jpg", Image.fromarray(inks, "CMYK"), quality=95)

# A file that says: turn me to the right (EXIF orientation 6). Stored 24 wide and 16 high, white on
# its left half; shown, white on top.
half = np.zeros((16, 24), np.uint8)
half[:, :12] = 255
exif = Image.Exif()
exif[0x0112] = 6
save("turned.jpg", Image.fromarray(half), quality=95, exif=exif)

# A progressive file in YCbCr.
across, down = np.meshgrid(np.arange(32) * 8, np.arange(16) * 16)
ramp = np.stack([across, down, np.full((16, 32), 90)], -1).astype(np.uint8)
save("progressive.jpg", Image.fromarray(ramp), quality=90, progressive=True, subsampling=0)

entries = np.arange(256, dtype=np.uint8)
viridis = matplotlib.colormaps["viridis"](entries, bytes=True)[:, :3]
jet = cv2.applyColorMap(entries.reshape(1, 256), cv2.COLORMAP_JET)[0][:, ::-1]
print(f"CRC-32 of viridis: {zlib.crc32(viridis.astype(np.uint8).tobytes()):08x}")
print(f"CRC-32 of jet: {zlib.crc32(np.ascontiguousarray(jet).tobytes()):08x}")
