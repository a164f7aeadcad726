"""Checks that faces drawn by the stage `faces` cannot be told apart the cheap way.

    check_faces.py FILE.npy [--per-identity 20]

FILE.npy holds the stage's images, person after person, as `images:save(path)` writes them. Of every
person's images the last quarter is held out. Nearest neighbours and a logistic regression on raw
pixels must stay under 70%, and the same on the images' colour statistics (mean, deviation and a
histogram of each channel) under 40%: what is left to recognise a person by is the face.
"""

import argparse
import sys

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def shrink(images, side):
    """Means over blocks, to `side` pixels: an alignment that is easier on raw pixels."""
    step = images.shape[1] // side
    cut = images[:, :side * step, :side * step].astype(np.float32) / 255
    return cut.reshape(len(images), side, step, side, step, 3).mean((2, 4)).reshape(len(images), -1)


def statistics(images):
    flat = images.reshape(len(images), -1, 3).astype(np.float32) / 255
    bins = [[np.histogram(image[:, c], 16, (0, 1))[0] / len(image) for c in range(3)]
            for image in flat]
    return np.hstack([flat.mean(1), flat.std(1), np.array(bins).reshape(len(images), -1)])


def accuracy(model, x, y, held_out):
    model.fit(x[~held_out], y[~held_out])
    return model.score(x[held_out], y[held_out])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--per-identity", type=int, default=20)
    options = parser.parse_args()
    images, each = np.load(options.file), options.per_identity
    y = np.arange(len(images)) // each
    held_out = np.arange(len(images)) % each >= each - max(1, each // 4)
    small, colors = shrink(images, 24), statistics(images)
    pixels = images.reshape(len(images), -1).astype(np.float32) / 255
    logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500, C=0.01))
    principal = make_pipeline(PCA(80, random_state=0), StandardScaler(),
                              LogisticRegression(max_iter=500, C=0.1))
    tries = (("pixels, nearest neighbour", KNeighborsClassifier(1), pixels, 0.7),
             ("24x24 pixels, nearest neighbour", KNeighborsClassifier(1), small, 0.7),
             ("24x24 pixels, logistic regression", logistic, small, 0.7),
             ("pixels, principal components, logistic regression", principal, pixels, 0.7),
             ("colour statistics, nearest neighbour",
              make_pipeline(StandardScaler(), KNeighborsClassifier(1)), colors, 0.4),
             ("colour statistics, logistic regression", logistic, colors, 0.4))
    print(f"{y.max() + 1} persons, {len(y)} images of {images.shape[1]} pixels, "
          f"{held_out.sum()} held out; chance {1 / (y.max() + 1):.1%}")
    good = True
    for name, model, x, limit in tries:
        score = accuracy(model, x, y, held_out)
        good &= score < limit
        print(f"{name}: {score:.1%} (must stay under {limit:.0%})")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
