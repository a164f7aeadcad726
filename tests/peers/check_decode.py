"""How far Pneuma's decoder (stb_image) is from libjpeg-turbo, which OpenCV and Pillow use.

    python tests/peers/check_decode.py FOLDER [CHANNELS]

Reads every image below FOLDER with Pneuma and with OpenCV (as stored, or CHANNELS 1 or 3) and prints
the greatest and the mean absolute difference of a sample, and how many files differ at all. The
standard allows decoders to differ by one in the inverse transform; more comes from the upsampling of
colour. Exit code 1 when a difference is over 3 in a grey file.
"""

import pathlib
import sys

import cv2
import numpy as np

import pneuma

folder = pathlib.Path(sys.argv[1])
channels = int(sys.argv[2]) if len(sys.argv) > 2 else 0
endings = {".jpeg", ".jpg", ".png", ".bmp", ".pgm", ".ppm"}
flags = {0: cv2.IMREAD_ANYCOLOR, 1: cv2.IMREAD_GRAYSCALE, 3: cv2.IMREAD_COLOR}

worst, total, samples, differing, files, failed = 0, 0, 0, 0, 0, 0
colour = 0
for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in endings and p.is_file()):
    theirs = cv2.imread(str(path), flags[channels])
    ours = pneuma.decode(str(path), channels)
    if theirs.ndim == 3:
        theirs = theirs[:, :, ::-1]
        colour += 1
    if ours.shape != theirs.shape:
        print(f"{path}: shape {ours.shape}, OpenCV's is {theirs.shape}")
        failed += 1
        continue
    difference = np.abs(ours.astype(np.int32) - theirs.astype(np.int32))
    files += 1
    differing += bool(difference.any())
    worst = max(worst, int(difference.max()))
    total += int(difference.sum(dtype=np.int64))
    samples += difference.size
    if theirs.ndim == 2 and difference.max() > 3:
        print(f"{path}: differs by {difference.max()}")
        failed += 1

print(f"{files} files ({colour} in colour), {samples} samples: greatest difference {worst}, "
      f"mean {total / max(samples, 1):.5f}, {differing} files differ somewhere")
sys.exit(1 if failed or not files else 0)
