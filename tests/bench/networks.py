"""The networks of the benchmarks: what they are made of, their weights, and the files in which all
contestants find both.

A network is a list of layers, ("conv", filters, size, padding, activation), ("bn",), ("pool",),
("flatten",), ("dense", units, activation), ("dropout", rate). One description makes Keras's JSON for
Pneuma here, the layers of Keras in with_keras.py and the modules of PyTorch in with_torch.py.
"""

import json

import numpy as np

SIDE = 224
MOMENTUM, EPSILON = 0.99, 1e-3  # of the batch normalization, as in Keras


# ---- descriptions ----

def head(rate, width=1):
    return [("flatten",), ("dense", int(512 * width), "relu"), ("dropout", rate),
            ("dense", 1, "sigmoid")]


def scratch(rate=0.5, width=1):
    """The study's own model, or one of so many times its filters and units."""
    layers = []
    for filters in (32, 64, 128, 128):
        layers += [("conv", int(width * filters), 3, "valid", "relu"), ("bn",), ("pool",)]
    return layers + head(rate, width)


def vgg():
    """The thirteen convolutions of VGG-16 (Simonyan and Zisserman 2015)."""
    layers = []
    for times, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        layers += [("conv", filters, 3, "same", "relu")] * times + [("pool",)]
    return layers


def features(rate=0.5):
    """VGG-Face up to its second convolution of 4096, where the study cut it. DeepFace pads with
    layers of their own, which is the same as convolutions that pad."""
    layers = vgg()
    for size in (7, 1):
        layers += [("conv", 4096, size, "valid", "relu"), ("dropout", rate)]
    return layers[:-1]


def vgg_face():
    """Up to its descriptor of 2622 numbers."""
    return features() + [("dropout", 0.5), ("conv", 2622, 1, "valid", "linear"), ("flatten",)]


def transfer():
    return features() + head(0.5)


NETWORKS = {"scratch": scratch(), "scratch_still": scratch(rate=0), "vgg": vgg(),
            "vgg_face": vgg_face(), "transfer": transfer()}


# ---- Keras's JSON ----

def _config(layer):
    kind, *given = layer
    if kind == "conv":
        filters, size, padding, activation = given
        return "Conv2D", {"filters": filters, "kernel_size": [size, size], "padding": padding,
                          "activation": activation}
    if kind == "dense":
        return "Dense", {"units": given[0], "activation": given[1]}
    if kind == "dropout":
        return "Dropout", {"rate": given[0]}
    if kind == "bn":
        return "BatchNormalization", {"momentum": MOMENTUM, "epsilon": EPSILON}
    return {"pool": ("MaxPooling2D", {"pool_size": [2, 2]}), "flatten": ("Flatten", {})}[kind]


def architecture(layers, side=SIDE):
    made = [{"class_name": "InputLayer",
             "config": {"batch_input_shape": [None, side, side, 3], "name": "input"}}]
    for number, layer in enumerate(layers):
        class_name, config = _config(layer)
        # PyTorch reads the weights of layer number N as "N/kernel".
        made.append({"class_name": class_name, "config": dict(config, name=str(number))})
    return {"class_name": "Sequential", "config": {"name": "bench", "layers": made}}


# ---- weights ----

def _weights(layer, shape, rng):
    """The weights of a layer whose input has that shape, by name, and the shape it gives."""
    kind = layer[0]
    if kind in ("conv", "dense"):
        size = layer[2:3] * 2 if kind == "conv" else ()
        kernel = (*size, shape[-1], layer[1])
        # He's variance keeps activations alive through ReLU (He et al. 2015); the last layer's is
        # smaller, so that no sigmoid is sure and every gradient lives.
        deviation = np.sqrt(2 / np.prod(kernel[:-1])) * (0.1 if kernel[-1] == 1 else 1)
        draw = rng.standard_normal(kernel, np.float32) * np.float32(deviation)
        shrink = size[0] - 1 if kind == "conv" and layer[3] == "valid" else 0
        shape = (*(side - shrink for side in shape[:-1]), layer[1])
        return {"kernel": draw, "bias": rng.normal(0, 0.05, layer[1]).astype(np.float32)}, shape
    if kind == "bn":
        draws = {"gamma": rng.uniform(0.5, 1.5, shape[-1]), "beta": rng.normal(0, 0.1, shape[-1]),
                 "moving_mean": rng.normal(0, 0.1, shape[-1]),
                 "moving_variance": rng.uniform(0.5, 1.5, shape[-1])}
        return {name: draw.astype(np.float32) for name, draw in draws.items()}, shape
    if kind == "pool":
        shape = (shape[0] // 2, shape[1] // 2, shape[2])
    return {}, (int(np.prod(shape)),) if kind == "flatten" else shape


def make_weights(layers, seed=1, side=SIDE):
    """{"N/kernel": array, ...} in Keras's order."""
    rng, shape, arrays = np.random.default_rng(seed), (side, side, 3), {}
    for number, layer in enumerate(layers):
        weights, shape = _weights(layer, shape, rng)
        arrays.update({f"{number}/{name}": array for name, array in weights.items()})
    return arrays


def make_inputs(count, seed=2, side=SIDE):
    """Images from 0 to 1 with large and small shapes, so that maps are not the same everywhere."""
    rng, x = np.random.default_rng(seed), np.zeros((count, side, side, 3))
    for cells in (4, 14, 56, side):
        part, times = rng.random((count, cells, cells, 3)), -(-side // cells)
        x += part.repeat(times, 1).repeat(times, 2)[:, :side, :side] / 4
    return {"x": np.float32(x), "y": np.float32(np.arange(count)[:, None] % 2)}


# ---- safetensors, which needs no package: a length, JSON, the data ----

def write(path, arrays, layers=None, side=SIDE):
    at, entries = 0, {}
    if layers:
        entries["__metadata__"] = {"architecture": json.dumps(architecture(layers, side))}
    for name, array in arrays.items():
        entries[name] = {"dtype": "F32", "shape": array.shape,
                         "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 64)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            file.write(array.tobytes())


def read(path):
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        entries = json.loads(file.read(size))
    entries.pop("__metadata__", None)
    return {name: np.memmap(path, np.float32, "r", 8 + size + entry["data_offsets"][0],
                            tuple(entry["shape"])) for name, entry in entries.items()}
