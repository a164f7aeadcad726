"""Compares Pneuma's Canny with OpenCV's, pixel for pixel; exits with 1 on any difference.

On identical decoded pixels: every X-ray, grey and in 3 channels, at 60/70, and random images at
random settings, at every CPU level, the readable reference too. Last, for the record and without
a verdict, how edges differ when each decodes the JPEG itself (stb_image, libjpeg-turbo).
"""

import cv2
import numpy as np

import originals
import pneuma


def random_image(rng):
    height, width = rng.integers(1, (9, 120, 700)[rng.integers(3)], 2)
    image = rng.integers(0, 256, (height, width, 3 if rng.integers(2) else 1)).astype(np.uint8)
    smooth = rng.integers(4)
    if smooth:
        image = cv2.GaussianBlur(image, (0, 0), float(smooth)).reshape(image.shape)
    if rng.integers(5) == 0:
        image[:] = image[:, :, :1]
    return np.ascontiguousarray(image[:, :, 0] if image.shape[2] == 1 else image)


def random_settings(rng, image):
    aperture = int(rng.choice([3, 5, 7]))
    top = {3: 500, 5: 3500, 7: 28000}[aperture] / (1 if rng.integers(2) else 5)
    low, high = rng.uniform(-0.03 * top, top, 2)
    if rng.integers(3) == 0:
        low, high = float(round(low)), float(round(high))
    return low, high, aperture, bool(rng.integers(2))


def check_originals(paths):
    differing = pixels = 0
    for path in paths:
        for flag in (cv2.IMREAD_GRAYSCALE, cv2.IMREAD_COLOR):
            image = cv2.imread(str(path), flag)
            expected = cv2.Canny(image, 60, 70)
            for _ in originals.levels():
                different = int((pneuma.canny(image, 60, 70) != expected).sum())
                if different:
                    print(f"{path}: {different} pixels differ")
                differing += different
                pixels += expected.size
    print(f"originals: {len(paths)} images, grey and 3 channels, every CPU level: "
          f"{differing} of {pixels} pixels differ")
    return differing


def check_random(rng, rounds):
    differing = pixels = 0
    for _ in range(rounds):
        image = random_image(rng)
        low, high, aperture, l2 = random_settings(rng, image)
        expected = cv2.Canny(image, low, high, apertureSize=aperture, L2gradient=l2)
        results = [pneuma.canny(image, low, high, aperture, l2) for _ in originals.levels()]
        if expected.size < 20000:
            results.append(pneuma.canny(image, low, high, aperture, l2, reference=True))
        for result in results:
            different = int((result != expected).sum())
            if different:
                print(f"{image.shape}, {low!r}, {high!r}, aperture {aperture}, L2 {l2}: "
                      f"{different} pixels differ")
            differing += different
            pixels += expected.size
    print(f"random: {rounds} images and settings: {differing} of {pixels} pixels differ")
    return differing


def report_decoders(paths):
    values = off = most = edges = edge_pixels = 0
    for path in paths:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        other = pneuma.decode(path, 3)[:, :, ::-1]
        difference = np.abs(image.astype(np.int16) - other)
        values += difference.size
        off += int((difference > 0).sum())
        most = max(most, int(difference.max()))
        mine, theirs = pneuma.canny(np.ascontiguousarray(other), 60, 70), cv2.Canny(image, 60, 70)
        edges += int((mine != theirs).sum())
        edge_pixels += mine.size
    print(f"JPEG decoded by stb_image against libjpeg-turbo: {off} of {values} values differ "
          f"({100 * off / values:.4f} %), by at most {most}; so do {edges} of {edge_pixels} edge "
          f"pixels at 60/70 ({100 * edges / edge_pixels:.4f} %)")


def main():
    options = originals.arguments(__doc__, rounds=600, seed=1)
    print(originals.versions(cv2, np))
    paths = originals.paths(options.data)
    differing = check_originals(paths)
    differing += check_random(np.random.default_rng(options.seed), options.rounds)
    report_decoders(paths)
    raise SystemExit(differing > 0)


if __name__ == "__main__":
    main()
