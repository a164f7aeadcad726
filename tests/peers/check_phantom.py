"""Checks a folder that the phantom stage wrote: what it should not give away, and that its
opacities can be found.

    check_phantom.py FOLDER [--control FOLDER] [--weights vgg19_slim.safetensors]

Sizes and global grey statistics (mean, deviation, percentiles) must not tell the classes apart:
a logistic regression on them, cross-validated over patients, has to stay under an AUC of 0.7.
--control names the set of the same seed drawn with opacities=false: its normal images must be the
same bytes. --weights: the AUC of a logistic regression on pooled features of a pretrained
convolutional network, trained on part of the patients and tested on the others; with the opacities
it has to reach 0.9, without them to stay near 0.5.
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

LAYERS = ("conv1_1 conv1_2 pool conv2_1 conv2_2 pool conv3_1 conv3_2 conv3_3 conv3_4 pool "
          "conv4_1 conv4_2 conv4_3 conv4_4 pool conv5_1").split()


def labels(folder):
    with open(folder / "labels.csv", newline="") as file:
        return list(csv.DictReader(file))


def auc(features, sick, patients, strength):
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=3000))
    score = cross_val_predict(model, features, sick, groups=patients, cv=GroupKFold(5),
                              method="decision_function")
    return roc_auc_score(sick, score)


def global_statistics(path):
    image = np.asarray(Image.open(path), np.float32)
    assert image.ndim == 2, f"{path} is not grey"
    height, width = image.shape
    percentiles = np.percentile(image[::4, ::4], [1, 5, 25, 50, 75, 95, 99])
    return [width, height, width / height, image.mean(), image.std(), *percentiles]


def convolve(image, kernel, bias):
    if kernel.shape[0] == 1:
        return image @ kernel[0, 0] + bias
    height, width, _ = image.shape
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)))
    out = np.zeros((height, width, kernel.shape[3]), np.float32) + bias
    for i in range(3):
        for j in range(3):
            out += padded[i:i + height, j:j + width] @ kernel[i, j]
    return np.maximum(out, 0)


def halve(image):
    height, width, channels = image.shape
    return image.reshape(height // 2, 2, width // 2, 2, channels).max((1, 3))


def network_features(path, weights):
    image = Image.open(path).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
    x = np.asarray(image, np.float32) / 255
    x = convolve(x, weights["conv0.kernel"], weights["conv0.bias"])
    features = []
    for layer in LAYERS:
        if layer == "pool":
            if x.shape[2] >= 64:
                features += [x.mean((0, 1)), x.std((0, 1)), x.max((0, 1))]
            x = halve(x)
        else:
            x = convolve(x, weights[layer + ".kernel"], weights[layer + ".bias"])
    left, right = x[:, :7], x[:, 7:]
    features += [x.mean((0, 1)), x.std((0, 1)), left.max((0, 1)), right.max((0, 1)),
                 abs(left.mean((0, 1)) - right.mean((0, 1)))]
    return np.concatenate(features)


def check_masks(folder, rows):
    for row in rows:
        assert bool(row["mask"]) == (row["class"] == "PNEUMONIA")
        if row["mask"]:
            mask = np.asarray(Image.open(folder / row["mask"]))
            assert mask.shape == (int(row["height"]), int(row["width"]))
            assert set(np.unique(mask)) == {0, 255}
            assert (mask > 0).sum() == int(row["opacity_pixels"])


def check_control(folder, control, rows):
    for row in rows:
        same = (folder / row["path"]).read_bytes() == (control / row["path"]).read_bytes()
        assert same == (row["class"] == "NORMAL"), row["path"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--control", type=pathlib.Path)
    parser.add_argument("--weights")
    options = parser.parse_args()
    rows = labels(options.folder)
    sick = np.array([row["class"] == "PNEUMONIA" for row in rows])
    patients = np.array([row["class"] + row["patient"] for row in rows])
    check_masks(options.folder, rows)
    leak = auc(np.array([global_statistics(options.folder / row["path"]) for row in rows]), sick,
               patients, 1.0)
    print(f"{len(rows)} images, {sick.sum()} with pneumonia; sizes and grey levels: AUC {leak:.3f}")
    good = leak < 0.7
    if options.control:
        check_control(options.folder, options.control, rows)
        print("control: the normal images are the same bytes")
    if options.weights:
        from safetensors.numpy import load_file
        weights = load_file(options.weights)
        for folder in filter(None, (options.folder, options.control)):
            found = auc(np.array([network_features(folder / row["path"], weights)
                                  for row in rows]), sick, patients, 0.01)
            print(f"pretrained features, {folder.name}: AUC {found:.3f}")
            good &= found >= 0.9 if folder == options.folder else abs(found - 0.5) < 0.1
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
