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


def duel(images, rounds, mine, theirs):
    """Milliseconds per image, (rounds, 2): Pneuma's and OpenCV's. Interleaves both on every image,
    so that what disturbs the machine disturbs both."""
    for image in images[:3]:
        mine(image), theirs(image)
    times = np.zeros((rounds, 2))
    for number in range(rounds):
        for index, image in enumerate(images):
            first = (number + index) % 2
            for side in (first, 1 - first):
                times[number, side] += seconds((mine, theirs)[side], image)
    return 1000 * times / len(images)


def show(name, ms):
    least, median = ms.min(axis=0), np.median(ms, axis=0)
    print(f"{name:<28} Pneuma {least[0]:7.3f} ms (median {median[0]:7.3f})   OpenCV "
          f"{least[1]:7.3f} ms (median {median[1]:7.3f})   ratio {least[1] / least[0]:5.2f} "
          f"(median {median[1] / median[0]:5.2f})", flush=True)


def canny(images, rounds):
    return duel(images, rounds, lambda image: pneuma.canny(image, 60, 70),
                lambda image: cv2.Canny(image, 60, 70))


def each_kind(paths):
    for kind, flag in (("grey", cv2.IMREAD_GRAYSCALE), ("3 channels", cv2.IMREAD_COLOR)):
        yield kind, [cv2.imread(str(path), flag) for path in paths]


def set_threads(threads):
    cv2.setNumThreads(threads)
    pneuma.set_threads(threads)


def canny_duels(data, rounds, threads):
    """For tests/bench/run: (kind, number of images, milliseconds) of Canny alone."""
    set_threads(threads)
    for kind, images in each_kind(originals.paths(data)):
        yield kind, len(images), canny(images, rounds)


def main():
    options = originals.arguments(__doc__, rounds=9, threads=2)
    set_threads(options.threads)
    print(originals.versions(cv2, np) + f", {options.threads} threads each")
    for kind, images in each_kind(originals.paths(options.data)):
        show(f"canny, {kind}", canny(images, options.rounds))
        for name, ours, theirs in (("bilinear", pneuma.BILINEAR, cv2.INTER_LINEAR),
                                   ("nearest", pneuma.NEAREST, cv2.INTER_NEAREST)):
            show(f"{name}, {kind}", duel(
                images, options.rounds,
                lambda image: pneuma.resize(image, (224, 224), ours),
                lambda image: cv2.resize(image, (224, 224), interpolation=theirs)))


if __name__ == "__main__":
    main()
