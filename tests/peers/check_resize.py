"""Compares Pneuma's resizing, item for item, with Pillow (nearest) and OpenCV (bilinear); exits
with 1 on any difference of uint8 items, of nearest float32 items, or where bilinear float32 items
are further from OpenCV's than runtime/kernels/resize.h says.

Every X-ray to 224 x 224, to half its size and to 1.3 times its size; random images of 1 to 4
channels to random sizes, at every CPU level.
"""

import cv2
import numpy as np
import PIL
from PIL import Image

import originals
import pneuma


def nearest(image, size):
    """Pillow's, a channel at a time."""
    if image.ndim == 2:
        return np.asarray(Image.fromarray(image).resize(size, Image.NEAREST))
    channels = [nearest(np.ascontiguousarray(image[:, :, c]), size) for c in range(image.shape[2])]
    return np.stack(channels, axis=-1)


def bilinear(image, size):
    """OpenCV's, which drops a last axis of 1."""
    return cv2.resize(image, size).reshape((size[1], size[0]) + image.shape[2:])


class Tally:
    """Counts what differs; `worst` is the largest distance of float32 items."""

    def __init__(self):
        self.differing = self.items = 0
        self.worst = 0.0

    def compare(self, image, size, filter, expected):
        for _ in originals.levels():
            result = pneuma.resize(image, size, filter)
            if image.dtype == np.float32 and filter == pneuma.BILINEAR:
                self.worst = max(self.worst, float(np.abs(result - expected).max()))
                continue
            different = int((result != expected).sum())
            if different:
                print(f"{image.shape} {image.dtype} to {size}, filter {filter}: {different} differ")
            self.differing += different
            self.items += result.size

    def both(self, image, size):
        self.compare(image, size, pneuma.NEAREST, nearest(image, size))
        self.compare(image, size, pneuma.BILINEAR, bilinear(image, size))


def random_case(rng, number):
    most = (5, 60, 400)[rng.integers(3)]
    height, width, to_height, to_width = (int(n) for n in rng.integers(1, most, 4))
    kind = number % 9
    if kind == 0:
        height, width = 2 * to_height, 2 * to_width
    elif kind == 1:
        width = 2 * to_width
    elif kind == 2:
        to_height = to_width = 224
    elif kind == 3:
        height = 1
    elif kind == 4:
        to_height, to_width = height * int(rng.integers(1, 5)), width * int(rng.integers(1, 5))
    elif kind == 5:
        height, width = int(rng.integers(1, 40)), int(rng.integers(1, 3000))
    elif kind == 6:
        to_height, to_width = 1, to_width
    channels = int(rng.integers(1, 5))
    shape = (height, width) if channels == 1 and rng.integers(2) else (height, width, channels)
    return rng.integers(0, 256, shape).astype(np.uint8), (to_width, to_height)


def main():
    options = originals.arguments(__doc__, rounds=1500, seed=1)
    print(originals.versions(cv2, PIL, np))
    tally = Tally()
    paths = originals.paths(options.data)
    for path in paths:
        for flag in (cv2.IMREAD_GRAYSCALE, cv2.IMREAD_COLOR):
            image = cv2.imread(str(path), flag)
            height, width = image.shape[:2]
            tally.both(image, (224, 224))
            tally.both(np.ascontiguousarray(image[:height // 2 * 2, :width // 2 * 2]),
                       (width // 2, height // 2))
            tally.both(image, (width * 13 // 10, height * 13 // 10))
    print(f"originals: {len(paths)} images, grey and 3 channels, 3 sizes, both filters, every CPU "
          f"level: {tally.differing} of {tally.items} items differ")

    rng, drawn, loose = np.random.default_rng(options.seed), Tally(), Tally()
    for number in range(options.rounds):
        image, size = random_case(rng, number)
        drawn.both(image, size)
        single = image.astype(np.float32) * np.float32(1 / 255)
        plain = image.ndim == 2 or image.shape[2] != 2
        (drawn if plain and min(image.shape[:2]) > 1 else loose).both(single, size)
    differing = tally.differing + drawn.differing + loose.differing
    print(f"random: {options.rounds} images: {drawn.differing + loose.differing} of "
          f"{drawn.items + loose.items} items differ; bilinear float32, range 1, is at most "
          f"{drawn.worst:.2g} away (2 channels, one row or one column: {loose.worst:.2g})")
    raise SystemExit(differing > 0 or drawn.worst > 3e-7 or loose.worst > 5e-4)


if __name__ == "__main__":
    main()
