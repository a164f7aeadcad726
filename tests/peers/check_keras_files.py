"""Checks Pneuma's model files against real Keras and the safetensors library; exits with 1 on any
difference. Run it in an environment with Keras 2 and in one with Keras 3.

Keras writes, Pneuma reads: the same weights under the same layers. Pneuma writes, Keras reads: the
same predictions within 1e-5, also of what the other Keras wrote (the golden files). And a file of
VGG-Face's size: the same weights, and the peak memory it takes.
"""

import ctypes
import os
import pathlib
import sys
import tempfile

import keras_models as models  # first: it says how TensorFlow is to start

import h5py
import keras
import numpy as np

TOLERANCE = 1e-5
failures = 0


def report(what, good, detail=""):
    global failures
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {what}{': ' if detail else ''}{detail}")


def same(arrays, tensors):
    return len(arrays) == len(tensors) and all(
        a.shape == t.shape and np.array_equal(a, t) for a, t in zip(arrays, tensors.values()))


def predictions(model, rng_seed=3):
    rng = np.random.default_rng(rng_seed)
    return model.predict(rng.uniform(0, 1, (5, *model.input_shape[1:])).astype(np.float32),
                         verbose=0)


def compare(what, path, expected):
    again = keras.models.load_model(path)
    difference = float(np.abs(predictions(again) - expected).max())
    report(what, difference <= TOLERANCE, f"predictions differ by at most {difference:.2g}")


def check_model(folder, cache, make, rng):
    name, model = make.__name__, make()
    weights = models.randomize(model, rng)
    model.compile("sgd", "categorical_crossentropy")
    path, written = f"{folder}/{name}.h5", f"{folder}/{name}_written.h5"
    model.save(path)
    tensors, metadata = models.convert(cache, path)
    report(f"{name}: Keras writes, Pneuma reads", same(weights, tensors), ", ".join(tensors))
    models.write(cache, f"{folder}/parts", written, tensors, metadata)
    compare(f"{name}: Pneuma writes, Keras reads", written, predictions(model))
    again, _ = models.convert(cache, written)
    report(f"{name}: Pneuma writes, Pneuma reads",
           list(again) == list(tensors) and same(weights, again))


def check_golden(folder, cache):
    """What the other Keras wrote (tests/unit/data), as far as Keras itself opens it: Keras 3 takes
    sequential models of Keras 2, but no models nested in a functional one, which Keras 2 counts
    otherwise. A model has the same weights in both, so it predicts the same."""
    own = int(keras.__version__.split(".")[0])
    for major, kind in ((own, "full"), (own, "nested"), (2, "full")):
        path = models.ROOT / f"tests/unit/data/keras{major}_{kind}.h5"
        tensors, metadata = models.convert(cache, path)
        written = f"{folder}/golden.h5"
        models.write(cache, f"{folder}/parts", written, tensors, metadata)
        expected = keras.models.load_model(path.with_name(f"keras{own}_{kind}.h5"))
        compare(f"{path.name}: Pneuma reads and writes, Keras reads", written,
                predictions(expected))


def check_vgg_face(folder, cache, rng):
    path, found = f"{folder}/vgg_face_weights.h5", models.vgg_face()
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([name.encode() for name, _ in found])
        file.attrs["keras_version"], file.attrs["backend"] = b"2.2.4", b"tensorflow"
        for layer, weights in found:
            group = file.create_group(layer)
            group.attrs["weight_names"] = np.array([f"{layer}/{w}:0".encode() for w, _ in weights])
            for weight, shape in weights:
                group[f"{layer}/{weight}:0"] = rng.random(shape, np.float32)
    size = os.path.getsize(path) / 1e6
    out, own, helper = models.pneuma(cache, "read", path)
    tensors, _ = models.open_safetensors(out)
    report("VGG-Face: number of values", sum(t.size for t in tensors.values()) == 145002878)
    with h5py.File(path) as file:
        good = list(tensors) == [f"{layer}/{w}" for layer, weights in found for w, _ in weights]
        for layer, weights in found:
            for weight, _ in weights:
                good &= np.array_equal(file[f"{layer}/{layer}/{weight}:0"][()],
                                       tensors[f"{layer}/{weight}"])
    report("VGG-Face: values", good, f"{len(tensors)} arrays")
    report("VGG-Face: peak memory", own < 0.3 * size and 0 < helper < 0.3 * size,
           f"file {size:.0f} MB, reading process {own:.0f} MB, helper {helper:.0f} MB")
    out, own, helper = models.pneuma(cache, "read", path)
    report("VGG-Face: again, from the cache", helper == 0, f"reading process {own:.0f} MB")


# ---- safetensors, through the C library ----

class Array(ctypes.Structure):
    _fields_ = [("dtype", ctypes.c_int), ("rank", ctypes.c_int32), ("shape", ctypes.c_int64 * 8),
                ("data", ctypes.c_void_p)]


class Item(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("array", Array)]


class Pair(ctypes.Structure):
    _fields_ = [("key", ctypes.c_char_p), ("value", ctypes.c_char_p)]


class Content(ctypes.Structure):
    _fields_ = [("items", ctypes.POINTER(Item)), ("count", ctypes.c_size_t),
                ("pairs", ctypes.POINTER(Pair)), ("pair_count", ctypes.c_size_t)]


def check_safetensors(folder, rng):
    try:
        import safetensors
        import safetensors.numpy
    except ImportError:
        print("skipped: safetensors is not installed")
        return
    library = ctypes.CDLL(str(models.BUILD / "lib/libpneuma.so"))
    kinds = {np.dtype(np.float32): 0, np.dtype(np.uint8): 1, np.dtype(np.int32): 2}
    arrays = {"conv2d/kernel": rng.normal(size=(3, 3, 2, 5)).astype(np.float32),
              "step": np.array(7, np.int32), "mask ä": rng.integers(0, 256, (3,), np.uint8),
              "empty": np.zeros((0, 4), np.float32), "after": rng.random((2, 3), np.float32)}
    items = (Item * len(arrays))()
    for item, (name, array) in zip(items, arrays.items()):
        shape = (ctypes.c_int64 * 8)(*array.shape)
        item.name = name.encode()
        item.array = Array(kinds[array.dtype], array.ndim, shape, array.ctypes.data)
    pairs = (Pair * 1)(Pair(b"made by", 'Pneuma, "ä"'.encode()))
    path = f"{folder}/pneuma.safetensors"
    assert library.pn_safetensors_save(path.encode(), ctypes.byref(
        Content(items, len(arrays), pairs, 1)), None) == 0
    read = safetensors.numpy.load_file(path)
    report("safetensors: Pneuma writes, the library reads",
           set(read) == set(arrays) and all(read[n].dtype == a.dtype and np.array_equal(read[n], a)
                                            for n, a in arrays.items()))
    with safetensors.safe_open(path, "numpy") as file:
        report("safetensors: metadata", file.metadata() == {"made by": 'Pneuma, "ä"'})


def main():
    print("Keras", keras.__version__, "NumPy", np.__version__, "h5py", h5py.__version__)
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        cache = pathlib.Path(folder) / "cache"
        cache.mkdir()
        for make in (models.sequential, models.functional, models.nested):
            check_model(folder, cache, make, rng)
        check_golden(folder, cache)
        check_safetensors(folder, rng)
        check_vgg_face(folder, cache, rng)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
