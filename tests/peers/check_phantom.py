"""Checks a folder that the phantom stage wrote: what it must not give away, and that its opacities
can be seen.

    check_phantom.py FOLDER [--control FOLDER]

Sizes and global grey statistics (mean, deviation, percentiles) must not tell the classes apart: a
logistic regression on them, cross-validated over patients, has to stay under an AUC of 0.7.
--control names the set of the same seed drawn with opacities=false: its normal images must be the
same bytes, and the others darker where the masks are.
"""

import argparse
import csv
import pathlib
import sys

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

def labels(folder):
    with open(folder / "labels.csv", newline="") as file:
        return list(csv.DictReader(file))


def auc(features, sick, patients):
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=3000))
    score = cross_val_predict(model, features, sick, groups=patients, cv=GroupKFold(5),
                              method="decision_function")
    return roc_auc_score(sick, score)


def global_statistics(path):
    image = np.asarray(Image.open(path), np.float32)
    assert image.ndim == 2, f"{path} is not grey"
    height, width = image.shape
    percentiles = np.percentile(image[::4, ::4], [1, 5, 25, 50, 75, 95, 99])
    return [width, height, width / height, image.mean(), image.std(), *percentiles]


def check_masks(folder, rows):
    for row in rows:
        assert bool(row["mask"]) == (row["class"] == "PNEUMONIA")
        if row["mask"]:
            mask = np.asarray(Image.open(folder / row["mask"]))
            assert mask.shape == (int(row["height"]), int(row["width"]))
            assert set(np.unique(mask)) == {0, 255}
            assert (mask > 0).sum() == int(row["opacity_pixels"])


def check_control(folder, control, rows):
    """The mean over images of how much brighter the opacities are than without, against the rest."""
    contrast = []
    for row in rows:
        a, b = folder / row["path"], control / row["path"]
        if not row["mask"]:
            assert a.read_bytes() == b.read_bytes(), row["path"]
            continue
        more = np.asarray(Image.open(a), np.float32) - np.asarray(Image.open(b), np.float32)
        inside = np.asarray(Image.open(folder / row["mask"])) > 0
        contrast.append(more[inside].mean() - more[~inside].mean())
    return contrast


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--control", type=pathlib.Path)
    options = parser.parse_args()
    rows = labels(options.folder)
    sick = np.array([row["class"] == "PNEUMONIA" for row in rows])
    patients = np.array([row["class"] + row["patient"] for row in rows])
    check_masks(options.folder, rows)
    leak = auc(np.array([global_statistics(options.folder / row["path"]) for row in rows]), sick,
               patients)
    print(f"{len(rows)} images, {sick.sum()} with pneumonia; sizes and grey levels: AUC {leak:.3f}")
    good = leak < 0.7
    if options.control:
        contrast = check_control(options.folder, options.control, rows)
        print(f"control: normal images are the same bytes; opacities are brighter by "
              f"{np.mean(contrast):.1f} grey levels ({np.min(contrast):.1f} to "
              f"{np.max(contrast):.1f})")
        good &= min(contrast) > 0
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
