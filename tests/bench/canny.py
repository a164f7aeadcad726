"""Times Canny (60/70, aperture 3) and resizing to 224 x 224 against OpenCV, two threads each, on
the same decoded pixels in memory. In each round each program does all images once, one after the
other, image by image in turn; the figures are per image, from the minimum and the median over the
rounds of the sum over all images.
"""

import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peers"))
import cv2  # noqa: E402
import originals  # noqa: E402
import pneuma  # noqa: E402


def seconds(work, *arguments):
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def duel(name, images, rounds, mine, theirs):
    """Interleaves both on every image, so that what disturbs the machine disturbs both."""
    for image in images[:3]:
        mine(image), theirs(image)
    times = np.zeros((rounds, 2))
    for number in range(rounds):
        for index, image in enumerate(images):
            first = (number + index) % 2
            for side in (first, 1 - first):
                times[number, side] += seconds((mine, theirs)[side], image)
    ms = 1000 * times / len(images)
    least, median = ms.min(axis=0), np.median(ms, axis=0)
    print(f"{name:<28} Pneuma {least[0]:7.3f} ms (median {median[0]:7.3f})   OpenCV "
          f"{least[1]:7.3f} ms (median {median[1]:7.3f})   ratio {least[1] / least[0]:5.2f} "
          f"(median {median[1] / median[0]:5.2f})", flush=True)


def main():
    options = originals.arguments(__doc__, rounds=9, threads=2)
    cv2.setNumThreads(options.threads)
    pneuma.set_threads(options.threads)
    print(originals.versions(cv2, np) + f", {options.threads} threads each")
    paths = originals.paths(options.data)
    for kind, flag in (("grey", cv2.IMREAD_GRAYSCALE), ("3 channels", cv2.IMREAD_COLOR)):
        images = [cv2.imread(str(path), flag) for path in paths]
        duel(f"canny, {kind}", images, options.rounds, lambda image: pneuma.canny(image, 60, 70),
             lambda image: cv2.Canny(image, 60, 70))
        duel(f"bilinear, {kind}", images, options.rounds,
             lambda image: pneuma.resize(image, (224, 224), pneuma.BILINEAR),
             lambda image: cv2.resize(image, (224, 224)))
        duel(f"nearest, {kind}", images, options.rounds,
             lambda image: pneuma.resize(image, (224, 224), pneuma.NEAREST),
             lambda image: cv2.resize(image, (224, 224), interpolation=cv2.INTER_NEAREST))


if __name__ == "__main__":
    main()
