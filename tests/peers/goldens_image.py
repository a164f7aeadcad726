"""Writes the golden files of tests/unit/data: small images and what OpenCV, Pillow and NumPy make
of them. See README.md for how to run it; the files' form is told in tests/unit/golden.h."""

import pathlib

import cv2
import numpy as np
from PIL import Image

DATA = pathlib.Path(__file__).resolve().parents[1] / "unit" / "data"


def picture(rng, height, width, channels, smooth):
    """Noise, or blobs where smooth > 0; of shape (height, width, channels)."""
    image = rng.integers(0, 256, (height, width, channels)).astype(np.float32)
    if smooth:
        image = cv2.GaussianBlur(image, (0, 0), smooth).reshape(image.shape)
        image = (image - image.min()) * (255 / max(1.0, image.max() - image.min()))
    return image.astype(np.uint8)


def plain(image):
    """(H,W,1) as (H,W), which is what OpenCV and Pillow take."""
    return np.ascontiguousarray(image[:, :, 0] if image.shape[2] == 1 else image)


def write_image(file, image):
    file.write(b"image %d %d %d\n" % image.shape + image.tobytes())


def write_canny(rng):
    shapes = [(1, 1, 1), (1, 1, 3), (1, 40, 1), (40, 1, 3), (2, 3, 1), (5, 4, 3), (31, 47, 1),
              (33, 29, 3), (64, 64, 1), (70, 65, 1), (24, 130, 1), (40, 66, 3)]
    top = {3: 400, 5: 3000, 7: 25000}
    with open(DATA / "canny.golden", "wb") as file:
        for number, shape in enumerate(shapes):
            image = picture(rng, *shape, smooth=number % 4)
            write_image(file, image)
            for aperture in (3, 5, 7):
                for l2 in (0, 1):
                    scale = top[aperture] / (1 + 2 * (number % 4))
                    low, high = rng.uniform(-0.02 * scale, scale, 2)
                    edges = cv2.Canny(plain(image), low, high, apertureSize=aperture,
                                      L2gradient=bool(l2))
                    file.write(b"canny %.17g %.17g %d %d\n" % (low, high, aperture, l2))
                    file.write(np.packbits(edges > 0, bitorder="little").tobytes())


def nearest(image, size):
    """Pillow's, a channel at a time."""
    channels = [np.asarray(Image.fromarray(image[:, :, c]).resize(size, Image.NEAREST))
                for c in range(image.shape[2])]
    return np.stack(channels, axis=-1)


def write_resize(rng):
    shapes = [(1, 1, 1, 3, 5), (1, 23, 1, 7, 50), (23, 1, 3, 11, 4), (12, 17, 1, 31, 29),
              (12, 17, 2, 31, 29), (12, 17, 3, 5, 40), (12, 17, 4, 40, 6), (2, 2, 3, 1, 1),
              (20, 28, 1, 10, 14), (20, 28, 2, 10, 14), (20, 28, 3, 10, 14), (20, 28, 4, 10, 14),
              (20, 28, 2, 10, 28), (33, 57, 1, 16, 28), (33, 57, 3, 14, 14), (19, 120, 1, 3, 9),
              (64, 5, 3, 1, 1), (9, 9, 3, 9, 9), (40, 40, 1, 39, 41)]
    with open(DATA / "resize.golden", "wb") as file:
        for height, width, channels, to_height, to_width in shapes:
            image = picture(rng, height, width, channels, smooth=0)
            write_image(file, image)
            size = (to_width, to_height)
            file.write(b"size %d %d\n" % (to_height, to_width))
            file.write(nearest(image, size).tobytes())
            file.write(cv2.resize(plain(image), size).tobytes())


def write_histogram(rng):
    """Items with many of them on and beside the edges of bins."""
    cases = [("uint8", 2, None), ("uint8", 256, None), ("uint8", 30, (10, 200)),
             ("uint8", 7, (-3.5, 300.25)), ("uint8", 3, (5, 5)), ("int32", 30, None),
             ("int32", 10, (-1000, 1000)), ("int32", 97, (-0.1, 0.7)), ("int32", 1, None),
             ("float32", 10, (0.0, 1.0)), ("float32", 100, (-0.3, 0.7)), ("float32", 30, (0.1, 0.9)),
             ("float32", 300, (0.0, 1.0)), ("float32", 5, (0.25, 0.25)), ("float32", 49, (0, 49))]
    with open(DATA / "histogram.golden", "wb") as file:
        for dtype, bins, limits in cases:
            if dtype == "uint8":
                items = rng.integers(3, 251, 300).astype(np.uint8)
            elif dtype == "int32":
                items = rng.integers(-1200, 1200, 300).astype(np.int32)
            else:
                low, high = limits
                edges = np.linspace(low, high, bins + 1).astype(np.float32)
                items = np.concatenate([rng.uniform(low - 0.1, high + 0.1, 200).astype(np.float32),
                                        rng.choice(edges, 100),
                                        np.nextafter(rng.choice(edges, 60), np.float32(-9)),
                                        np.nextafter(rng.choice(edges, 60), np.float32(99)),
                                        np.float32([np.nan, np.inf, -np.inf])])
            if limits is None:
                limits = (float(items.min()), float(items.max()))
            counts, edges = np.histogram(items, bins, range=limits)
            file.write(b"histogram %s %d %d %.17g %.17g\n" %
                       (dtype.encode(), items.size, bins, *limits))
            file.write(items.tobytes())
            file.write(counts.astype("<i4").tobytes())
            file.write(edges.astype("<f8").tobytes())


def main():
    DATA.mkdir(exist_ok=True)
    write_canny(np.random.default_rng(60))
    write_resize(np.random.default_rng(61))
    write_histogram(np.random.default_rng(62))
    for path in sorted(DATA.glob("*.golden")):
        print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
