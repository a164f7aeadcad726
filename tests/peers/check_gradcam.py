"""Checks the study's two models against Keras at full size: what they predict and where they look;
exits with 1 when a figure is beyond its limit. Run it in the environment of Keras 2.15, with
--keras3 PYTHON, an interpreter of an environment with Keras 3.

The transfer model is VGG-Face as DeepFace builds it, read from a weights file of 580 MB, and the
study's head; the other is the study's own. Weights are random, of a size that lets activations and
gradients live. Heatmaps come from tf.GradientTape, of the probability and of the logit, for either
class. Then .h5 files: Pneuma's of both models in both Keras, and one of Keras 3 in Pneuma. It takes
4 GB of memory, and 3 GB on the disk of the temporary folder.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import keras_models as models  # first: it says how TensorFlow is to start

import absl.logging
import keras
import numpy as np
import tensorflow as tf

import goldens_models

HERE = pathlib.Path(__file__).resolve().parent
layers = keras.layers
failures = 0


def report(what, figure, limit, unit=""):
    global failures
    good = figure <= limit  # not so for a figure that is no number
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {what}: {figure:.3g}{unit}, at most {limit:.3g}{unit}",
          flush=True)


def difference(a, b):
    return float(np.abs(a - b).max()) if a.shape == b.shape else float("nan")


def run_pneuma(folder, task, *files):
    return models.run_lua(folder, HERE / "check_gradcam.lua", task, f"{folder}/x.npy", folder,
                          *files)


def result(folder, name):
    """What Pneuma left; taken away, so that a later task cannot leave it to this one."""
    path = pathlib.Path(folder) / f"{name}.npy"
    array = np.load(path)
    path.unlink()
    return array


# ---- models ----

def images(rng):
    """Two images from 0 to 1 with large and small shapes, so that maps are not the same everywhere."""
    x = np.zeros((2, 224, 224, 3))
    for cells in (4, 14, 56, 224):
        part = rng.random((2, cells, cells, 3))
        x += part.repeat(224 // cells, 1).repeat(224 // cells, 2) / 4
    return np.float32(x)


def randomize(model, rng):
    """He's variance keeps activations alive through ReLU (He et al. 2015); the last layer's is
    smaller, so that no sigmoid is sure."""
    for layer in model.layers:
        weights = []
        for weight, old in zip(layer.weights, layer.get_weights()):
            if old.ndim > 1:
                deviation = np.sqrt(2 / np.prod(old.shape[:-1])) * (0.3 if old.shape[-1] == 1 else 1)
                weights.append(rng.standard_normal(old.shape, np.float32) * np.float32(deviation))
            elif "gamma" in weight.name or "variance" in weight.name:
                weights.append(rng.uniform(0.5, 1.5, old.shape))
            else:
                weights.append(rng.normal(0, 0.05, old.shape))
        if weights:
            layer.set_weights(weights)
    return model


def whole_vgg_face(cut):
    """With the layers behind the descriptor, which the weights file holds, too."""
    x = layers.Conv2D(2622, 1)(layers.Dropout(0.5)(cut.output))
    return keras.Model(cut.input, layers.Activation("softmax")(layers.Flatten()(x)))


def head():
    return keras.Sequential([
        layers.Input((1, 1, 4096)), layers.Flatten(), layers.Dense(512, activation="relu"),
        layers.Dropout(0.5), layers.Dense(1, activation="sigmoid")])


# ---- maps ----

def gradients(model, name, x):
    """The layer's output, and the gradients of the probability and of the logit by it."""
    before, last = model.layers[-2:]
    # The head's layers stand in two models; this one has called them last.
    parts = keras.Model(model.input, [model.get_layer(name).output, before.get_output_at(-1)])
    with tf.GradientTape(persistent=True) as tape:
        activation, features = parts(x, training=False)
        logit = tf.matmul(features, last.kernel) + last.bias
        probability = tf.sigmoid(logit)
    return activation.numpy(), {"probability": tape.gradient(probability, activation).numpy(),
                                "logit": tape.gradient(logit, activation).numpy()}


def heatmap(activation, gradient):
    """As the study made it: channels weighed by their mean gradient, ReLU, up to 1."""
    heat = np.maximum((gradient.mean((1, 2), keepdims=True) * activation).sum(-1), 0)
    return heat / np.maximum(heat.max((1, 2), keepdims=True), np.finfo(np.float32).tiny)


def check_maps(folder, model, layer, x):
    """Either class's; maps that are the same everywhere would show nothing."""
    activation, by = gradients(model, layer, x)
    for start, gradient in by.items():
        spread, worst = 0, 0
        for label, sign in ((0, -1), (1, 1)):
            expected = heatmap(np.float64(activation), sign * np.float64(gradient))
            spread = max(spread, float(expected.std((1, 2)).min()))
            got = result(folder, f"{layer}_{start}_{label}")
            worst = np.maximum(worst, difference(got, expected))  # keeps what is no number
        report(f"{model.name}: Grad-CAM at {layer} of the {start}, maps {expected.shape[1:]}, "
               f"deviation {spread:.2f}", worst if spread > 0.05 else float("nan"), 1e-4)


# ---- the checks ----

def check_transfer(folder, x, rng):
    weights, head_weights = f"{folder}/vgg_face_weights.h5", f"{folder}/head.h5"
    cut, top = goldens_models.vgg_face(), randomize(head(), rng)
    randomize(whole_vgg_face(cut), rng).save_weights(weights)
    top.save_weights(head_weights)
    y = cut.output
    for layer in top.layers:
        y = layer(y)
    model = keras.Model(cut.input, y, name="transfer")
    out, own, helper = run_pneuma(folder, "transfer", weights, head_weights)
    size = os.path.getsize(weights) / 1e6
    report(f"transfer: peak memory while loading a file of {size:.0f} MB", int(out) * 1024 / 1e6,
           1.3 * size, " MB")
    report(f"transfer: peak memory of the helper (own when all was done: {own:.0f} MB)", helper,
           1.3 * size, " MB")
    expected = cut.predict(x, verbose=0)
    most = float(expected.max())
    report(f"transfer: descriptor, {(expected > 0).mean():.0%} above 0, by its maximum {most:.3g}",
           difference(result(folder, "descriptor"), expected) / most, 1e-5)
    check_probability(folder, model, x)
    check_maps(folder, model, "conv2d_12", x)
    return model.predict(x, verbose=0)


def check_probability(folder, model, x):
    expected = model.predict(x, verbose=0)
    report(f"{model.name}: probabilities {expected.ravel()}",
           difference(result(folder, "probability"), expected), 1e-5)


def check_scratch(folder, x, rng):
    keras.backend.clear_session()
    weights = f"{folder}/scratch_weights.h5"
    model = randomize(goldens_models.scratch(), rng)
    model.save_weights(weights)
    run_pneuma(folder, "scratch", weights)
    model._name = "scratch"
    check_probability(folder, model, x)
    for layer in ("conv2d_3", "conv2d_1"):
        check_maps(folder, model, layer, x)
    return model.predict(x, verbose=0)


def written(folder, name):
    return f"{folder}/{name}_written.h5"


def check_files(folder, expected, x, other):
    """What Pneuma wrote: a file of each model; `expected` has their probabilities."""
    for name, probabilities in expected.items():
        own = keras.models.load_model(written(folder, name)).predict(x, verbose=0)
        report(f"{name}: Pneuma writes, Keras {keras.__version__} reads: probabilities",
               difference(own, probabilities), 1e-5)
    if not other:
        print("skipped: Keras 3 (give --keras3 PYTHON)")
        return
    theirs = f"{folder}/theirs.h5"
    version = subprocess.run([other, __file__, "--other", folder, theirs, *expected], check=True,
                             stdout=subprocess.PIPE, text=True).stdout.split()[-1]
    for name, probabilities in expected.items():
        report(f"{name}: Pneuma writes, Keras {version} reads: probabilities",
               difference(result(folder, f"{name}_read"), probabilities), 1e-5)
    run_pneuma(folder, "predict", theirs)
    report(f"scratch: Keras {version} writes, Pneuma reads: probabilities",
           difference(result(folder, "predicted"), result(folder, "made")), 1e-5)


def be_the_other(folder, theirs, *names):
    """Keras 3's part: what it predicts with Pneuma's files, and a file of its own."""
    absl.logging.set_verbosity("error")  # it warns of the old format
    x = np.load(f"{folder}/x.npy")
    for name in names:
        model = keras.models.load_model(written(folder, name))
        np.save(f"{folder}/{name}_read.npy", model.predict(x, verbose=0))
    model = randomize(goldens_models.scratch(), np.random.default_rng(8))
    model.compile("adam", "binary_crossentropy", ["accuracy"])
    model.save(theirs)
    np.save(f"{folder}/made.npy", model.predict(x, verbose=0))
    print(keras.__version__)


def main():
    parser = argparse.ArgumentParser(description="Pneuma's models and heatmaps against Keras.")
    parser.add_argument("--keras3", help="a Python with Keras 3")
    parser.add_argument("--other", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.other:
        be_the_other(*arguments.other)
        return
    print("Keras", keras.__version__, "TensorFlow", tf.__version__, "NumPy", np.__version__)
    rng = np.random.default_rng(4)
    with tempfile.TemporaryDirectory() as folder:
        x = images(rng)
        np.save(f"{folder}/x.npy", x)
        expected = {"transfer": check_transfer(folder, x, rng),
                    "scratch": check_scratch(folder, x, rng)}
        check_files(folder, expected, x, arguments.keras3)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
