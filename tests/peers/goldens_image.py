"""Writes the golden files of tests/unit/data: small images and what OpenCV, Pillow and NumPy make
of them. See README.md for how to run it; the files' form is told in tests/unit/golden.h."""

import pathlib

import cv2
import numpy as np

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


def main():
    DATA.mkdir(exist_ok=True)
    write_canny(np.random.default_rng(60))
    for path in sorted(DATA.glob("*.golden")):
        print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
