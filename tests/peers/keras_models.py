"""Models for check_keras_files.py, of whichever Keras is installed, and what drives Pneuma, for
check_gradcam.py, too."""

import json
import os
import pathlib
import subprocess
import threading
import time

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from keras import layers

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PNEUMA_BUILD", ROOT / "build"))


# ---- models ----

def sequential():
    return keras.Sequential([
        layers.Input((20, 20, 3)),
        layers.Rescaling(1 / 255),
        layers.ZeroPadding2D(1),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(2),
        layers.Conv2D(16, (3, 2), strides=2),
        layers.LeakyReLU(),
        layers.AveragePooling2D(2),
        layers.BatchNormalization(scale=False),
        layers.Flatten(),
        layers.Dense(12, activation="tanh"),
        layers.Dropout(0.3),
        layers.Dense(4, activation="softmax"),
    ])


def functional():
    x = keras.Input((16, 16, 3))
    a = layers.Conv2D(6, 3, padding="same", use_bias=False)(x)
    b = layers.Conv2D(6, 5, padding="same")(x)
    y = layers.Add()([a, b])
    y = layers.Concatenate()([layers.Activation("relu")(layers.BatchNormalization()(y)), a])
    shared = layers.Conv2D(12, 1)
    y = layers.Concatenate()([layers.GlobalAveragePooling2D()(shared(y)),
                              layers.GlobalMaxPooling2D()(shared(shared(y)))])
    return keras.Model(x, layers.Dense(1, activation="sigmoid")(y))


def nested():
    """A trunk with a model in it, partly frozen, under a new head: transfer learning."""
    block = keras.Sequential([layers.Input((8, 8, 6)), layers.Conv2D(6, 3, padding="same"),
                              layers.BatchNormalization(), layers.ReLU()], name="block")
    trunk = keras.Sequential([
        layers.Input((16, 16, 3)), layers.Conv2D(6, 3, padding="same", name="first"),
        layers.BatchNormalization(name="norm"), layers.MaxPooling2D(2), block,
        layers.Conv2D(4, 3, name="last"),
    ], name="trunk")
    for layer in trunk.layers[:2]:
        layer.trainable = False
    x = keras.Input((16, 16, 3))
    y = layers.Flatten()(trunk(x))
    return keras.Model(x, layers.Dense(2, activation="softmax")(layers.Dropout(0.5)(y)))


def leaves(model):
    for layer in model.layers:
        yield from leaves(layer) if hasattr(layer, "layers") else [layer]


def randomize(model, rng):
    """Fresh weights, positive where they have to be; returns them, layer by layer."""
    for layer in leaves(model):
        layer.set_weights([rng.uniform(0.05, 0.4, w.shape) if w.ndim == 1 else
                           rng.normal(0, 0.2, w.shape) for w in layer.get_weights()])
    return [w for layer in leaves(model) for w in layer.get_weights()]


# ---- VGG-Face, as DeepFace builds it ----

def vgg_face():
    """(layer, [(weight, shape)]) in model order, those without weights too."""
    channels, found, conv, counts = 3, [], 0, {}

    def plain(kind):
        at = counts[kind] = counts.get(kind, -1) + 1
        found.append((kind + (f"_{at}" if at else ""), []))

    def convolution(size, filters):
        nonlocal channels, conv
        name = "conv2d" + (f"_{conv}" if conv else "")
        found.append((name, [("kernel", (size, size, channels, filters)), ("bias", (filters,))]))
        channels, conv = filters, conv + 1

    for times, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(times):
            plain("zero_padding2d")
            convolution(3, filters)
        plain("max_pooling2d")
    for size, filters in ((7, 4096), (1, 4096)):
        convolution(size, filters)
        plain("dropout")
    convolution(1, 2622)
    plain("flatten")
    plain("activation")
    return found


# ---- Pneuma ----

SCRIPT = """
local pneuma = require "pneuma"
local stage, tensor = pneuma.stage, pneuma.tensor
local function lines(path)
  local list = {}
  for line in io.lines(path) do list[#list + 1] = line end
  return list
end
local function text(path) return assert(io.open(path, "rb")):read "a" end
if arg[1] == "read" then
  print(stage.keras_read{path = arg[2]}.path[1])
else
  local names, arrays = lines(arg[3] .. "/names"), {}
  for i in ipairs(names) do arrays[i] = tensor.load(("%s/%d.npy"):format(arg[3], i)) end
  local training = io.open(arg[3] .. "/training") and {text(arg[3] .. "/training")} or {}
  stage.keras_write{arrays, names, lines(arg[3] .. "/layers"), {text(arg[3] .. "/architecture")},
    training = training, path = arg[2]}
end
"""


def peak_of(pid, peaks):
    """Notes the peak memory of a process and of all below it, in KiB."""
    try:
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("VmHWM"):
                peaks[pid] = max(peaks.get(pid, 0), int(line.split()[1]))
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in open(f"/proc/{pid}/task/{task}/children").read().split():
                peak_of(int(child), peaks)
    except OSError:
        pass


def run_lua(cache, script, *arguments):
    """Runs a script; returns what it prints, its own peak memory and its helper's, in MB."""
    environment = dict(os.environ, PNEUMA_CACHE=str(cache),
                       LUA_CPATH=f"{BUILD}/lib/lua/5.4/?.so;;")
    process = subprocess.Popen(["lua5.4", str(script), *map(str, arguments)], env=environment,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peaks, done = {}, threading.Event()

    def watch():
        while not done.is_set():
            peak_of(process.pid, peaks)
            time.sleep(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, errors = process.communicate()
    done.set()
    watcher.join()
    if process.returncode:
        raise RuntimeError(errors)
    own = peaks.pop(process.pid, 0)
    return out.strip(), own * 1024 / 1e6, max(peaks.values(), default=0) * 1024 / 1e6


def pneuma(cache, *arguments):
    """Reads or writes a model file; returns what run_lua does."""
    script = pathlib.Path(cache) / "script.lua"
    script.write_text(SCRIPT)
    return run_lua(cache, script, *arguments)


def open_safetensors(path):
    """Names to arrays, in order, mapped; and the metadata."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    metadata = header.pop("__metadata__", {})
    whole = np.memmap(path, np.uint8, "r")[8 + length:]
    kinds = {"F32": np.float32, "I32": np.int32, "U8": np.uint8}
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = whole[begin:end].view(kinds[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


def convert(cache, path):
    return open_safetensors(pneuma(cache, "read", path)[0])


def write(cache, folder, path, tensors, metadata):
    """keras_write of what keras_read gave."""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for i, array in enumerate(tensors.values()):
        np.save(folder / f"{i + 1}.npy", array)
    (folder / "names").write_text("".join(name + "\n" for name in tensors))
    (folder / "layers").write_text("".join(name + "\n" for name in json.loads(metadata["layers"])))
    (folder / "architecture").write_text(metadata["model_config"])
    if "training_config" in metadata:
        (folder / "training").write_text(metadata["training_config"])
    pneuma(cache, "write", path, folder)
