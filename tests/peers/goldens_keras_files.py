"""Writes the files of tests/unit/data that tests/unit/test_keras.c and test_safetensors.c read.

Keras 2 and Keras 3 do not live in one environment, so run it once in each; it writes the files of
the Keras it finds, and with safetensors installed the official safetensors file:

    python tests/peers/goldens_keras_files.py tests/unit/data

Item i of weight number w of a model (counted as the model has them, layer by layer) is
((37 w + i) % 1000) / 64: a value that even float16 holds exactly.
"""

import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
import keras
import numpy as np
from keras import layers

folder = sys.argv[1]
major = int(keras.__version__.split(".")[0])


def path(name):
    return f"{folder}/{name}"


def number(model):
    """Gives the weights their values, layer by layer."""
    at = 0
    for layer in leaves(model):
        values = []
        for weight in layer.get_weights():
            values.append(((37 * at + np.arange(weight.size)) % 1000 / 64).reshape(weight.shape))
            at += 1
        layer.set_weights(values)
    model.compile(keras.optimizers.SGD(0.125), "binary_crossentropy", metrics=["accuracy"])
    return model


def leaves(model):
    for layer in model.layers:
        yield from leaves(layer) if hasattr(layer, "layers") else [layer]


def sequential():
    return number(keras.Sequential([
        layers.Input((6, 6, 1)),
        layers.Conv2D(2, 3, activation="relu", name="conv2d"),
        layers.BatchNormalization(name="batch_normalization"),
        layers.MaxPooling2D(2, name="max_pooling2d"),
        layers.Flatten(name="flatten"),
        layers.Dropout(0.5, name="dropout"),
        layers.Dense(1, activation="sigmoid", name="dense"),
    ], name="small"))


def nested():
    """Two nested models in a functional one, one layer of them frozen."""
    deep = keras.Sequential([layers.Input((4, 4, 2)), layers.BatchNormalization(name="b2"),
                             layers.Conv2D(2, 3, name="c2")], name="deep")
    inner = keras.Sequential([layers.Input((6, 6, 1)), layers.Conv2D(2, 3, name="c1"),
                              layers.BatchNormalization(name="b1"), deep,
                              layers.Conv2D(2, 1, name="c3")], name="inner")
    inner.get_layer("c1").trainable = False
    x = keras.Input((6, 6, 1), name="x")
    wide = layers.Conv2D(2, 5, name="wide")(x)
    y = layers.Flatten(name="flat")(layers.Add(name="add")([inner(x), wide]))
    return number(keras.Model(x, layers.Dense(1, activation="sigmoid", name="out")(y), name="net"))


def copy(source, target, layout=lambda name, value: {}, dtype=lambda name: np.float32,
         text=lambda name, value: value):
    """Writes an .h5 file again with other layouts, dtypes and attributes."""
    with h5py.File(source) as a, h5py.File(target, "w") as b:
        def attributes(name, old, new):
            for key, value in old.attrs.items():
                value = text(key, value)
                if isinstance(value, dict):
                    for part, names in value.items():
                        new.attrs[part] = names
                else:
                    new.attrs[key] = value

        def visit(name, old):
            if name.startswith("optimizer_weights"):
                return
            if isinstance(old, h5py.Group):
                new = b.create_group(name)
            else:
                new = b.create_dataset(name, data=old[()].astype(dtype(name)),
                                       **layout(name, old))
            attributes(name, old, new)

        attributes("/", a, b)
        a.visititems(visit)


def fixed(name, value):
    """Texts of fixed length, as h5py 2 wrote them."""
    if isinstance(value, str):
        return np.bytes_(value.encode())
    return np.array([v.encode() for v in value]) if len(value) else value


def split(name, value):
    """Lists in parts of two, as Keras splits those that are too long."""
    if not name.endswith("_names") or len(value) < 3:
        return value
    return {f"{name}{i}": value[2 * i:2 * i + 2] for i in range((len(value) + 1) // 2)}


def packed(name, value):
    if value.ndim == 0:
        return {}
    return dict(chunks=tuple((n + 1) // 2 for n in value.shape), compression="gzip",
                shuffle=True, fletcher32=True)


def keras_files():
    small, net = sequential(), nested()
    small.save(path(f"keras{major}_full.h5"))
    net.save(path(f"keras{major}_nested.h5"))
    if major > 2:
        small.save_weights(path("keras3_new.weights.h5"))
        return
    small.save_weights(path("keras2_weights.h5"))
    full = path("keras2_full.h5")
    copy(full, path("keras2_packed.h5"), layout=packed, text=fixed)
    copy(full, path("keras2_split.h5"), text=split,
         dtype=lambda name: ">f8" if "kernel" in name else "<f2")


def safetensors_file():
    import ml_dtypes
    import safetensors.numpy

    safetensors.numpy.save_file({
        "f64": np.array([1.5, -1e300, 0.1, 0], np.float64),
        "f32": np.array([[1.25, -2], [1e-30, 0]], np.float32),
        "f16": np.array([1.5, -65504, 2.0**-24, 1023 * 2.0**-24], np.float16),
        "bf16": np.array([1.5, -2, 2.0**100, 2.0**-130], ml_dtypes.bfloat16),
        "i64": np.array([2**31 - 1, -2**31, 0, -1], np.int64),
        "u32": np.array([7, 0, 1, 2**31 - 1], np.uint32),
        "i16": np.array([-2**15, 2**15 - 1, 0, 5], np.int16),
        "i8": np.array([-128, 127, 0, 5], np.int8),
        "u8": np.array([255, 1, 2, 0], np.uint8),
        "bool": np.array([True, False, False, True]),
    }, path("official.safetensors"), {"made by": "the official library"})
    os.chmod(path("official.safetensors"), 0o644)


keras_files()
if major > 2:
    safetensors_file()
