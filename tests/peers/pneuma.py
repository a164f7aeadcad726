"""Pneuma's kernels for Python, through ctypes, for comparison alone.

The library is build/lib/libpneuma.so of this source tree, or $PNEUMA_LIBRARY.
"""

import ctypes
import os
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = os.environ.get("PNEUMA_LIBRARY", str(ROOT / "build/lib/libpneuma.so"))
_library = ctypes.CDLL(LIBRARY)

_pointer, _int, _long = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64


class Error(ctypes.Structure):
    _fields_ = [("status", _int), ("path", ctypes.c_char * 512), ("message", ctypes.c_char * 1024)]


class CannyOptions(ctypes.Structure):
    _fields_ = [("low", ctypes.c_double), ("high", ctypes.c_double), ("aperture", _int),
                ("l2", ctypes.c_bool)]


def _declare(name, result, *arguments):
    function = getattr(_library, name)
    function.restype, function.argtypes = result, arguments
    return function


set_threads = _declare("pn_set_threads", None, _int)
cpu_cap = _declare("pn_cpu_cap", _int, _int)
cpu_level = _declare("pn_cpu", _int)
_canny = {}
for _name in ("pn_canny", "pn_canny_reference"):
    _canny[_name] = (
        _declare(_name, _int, _pointer, _long, _long, _int, _pointer, _pointer, _pointer, _pointer),
        _declare(_name + "_scratch", ctypes.c_size_t, _long, _long, _int, _pointer))

_kept = np.empty(0, np.uint8)


def scratch(size):
    """The address of at least `size` bytes aligned to 64, kept from call to call."""
    global _kept
    if _kept.size < size + 64:
        _kept = np.empty(size + 64, np.uint8)
    return (_kept.ctypes.data + 63) // 64 * 64


def _check(status, error):
    if status != 0:
        raise ValueError(error.message.decode())


def _shape(image):
    assert image.flags.c_contiguous
    return image.shape[0], image.shape[1], image.shape[2] if image.ndim == 3 else 1


def canny(image, low, high, aperture=3, l2=False, reference=False, out=None):
    """As cv2.Canny(image, low, high, apertureSize=aperture, L2gradient=l2)."""
    run, size = _canny["pn_canny_reference" if reference else "pn_canny"]
    height, width, channels = _shape(image)
    options, error = CannyOptions(low, high, aperture, l2), Error()
    edges = np.empty((height, width), np.uint8) if out is None else out
    memory = scratch(size(height, width, channels, ctypes.byref(options)))
    _check(run(image.ctypes.data, height, width, channels, ctypes.byref(options), memory,
               edges.ctypes.data, ctypes.byref(error)), error)
    return edges


class ResizeShape(ctypes.Structure):
    _fields_ = [("height", _long), ("width", _long), ("to_height", _long), ("to_width", _long),
                ("channels", _int)]


NEAREST, BILINEAR = 0, 1
_resize_scratch = _declare("pn_resize_scratch", ctypes.c_size_t, _pointer)
_resize = {np.dtype(kind): _declare(name, _int, _int, _pointer, _pointer, _pointer, _pointer,
                                    _pointer)
           for kind, name in ((np.uint8, "pn_resize_u8"), (np.float32, "pn_resize_f32"))}


def resize(image, size, filter):
    """`image`, uint8 or float32, at size = (width, height), as cv2.resize takes it."""
    height, width, channels = _shape(image)
    shape, error = ResizeShape(height, width, size[1], size[0], channels), Error()
    result = np.empty((size[1], size[0]) + image.shape[2:], image.dtype)
    _check(_resize[image.dtype](filter, ctypes.byref(shape), image.ctypes.data,
                                scratch(_resize_scratch(ctypes.byref(shape))), result.ctypes.data,
                                ctypes.byref(error)), error)
    return result


class Tensor(ctypes.Structure):
    _fields_ = [("dtype", _int), ("rank", _int), ("shape", _long * 8), ("stride", _long * 8),
                ("data", _pointer)]


_read = _declare("pn_image_read", _int, ctypes.c_char_p, _int, _pointer, _pointer)
_release = _declare("pn_tensor_release", None, _pointer)
_DTYPES = {0: ctypes.c_float, 1: ctypes.c_uint8, 2: ctypes.c_int32}


def decode(path, channels=0):
    """The image in a file: (H, W) or (H, W, 3), red first; channels 0 (as stored), 1 or 3."""
    tensor, error = ctypes.POINTER(Tensor)(), Error()
    _check(_read(os.fsencode(path), channels, ctypes.byref(tensor), ctypes.byref(error)), error)
    t = tensor.contents
    items = ctypes.cast(t.data, ctypes.POINTER(_DTYPES[t.dtype]))
    image = np.ctypeslib.as_array(items, tuple(t.shape[:t.rank])).copy()
    _release(tensor)
    return image


_histogram_scratch = _declare("pn_histogram_scratch", ctypes.c_size_t, _long)
_histogram = {np.dtype(kind): _declare(name, _int, _pointer, _long, ctypes.c_double,
                                       ctypes.c_double, _long, _pointer, _pointer, _pointer,
                                       _pointer)
              for kind, name in ((np.uint8, "pn_histogram_u8"), (np.int32, "pn_histogram_i32"),
                                 (np.float32, "pn_histogram_f32"))}


def histogram(items, bins, low, high):
    """As np.histogram(items, bins, range=(low, high)): counts and edges."""
    counts, edges, error = np.empty(bins, np.int64), np.empty(bins + 1), Error()
    _check(_histogram[items.dtype](items.ctypes.data, items.size, low, high, bins,
                                   scratch(_histogram_scratch(bins)), edges.ctypes.data,
                                   counts.ctypes.data, ctypes.byref(error)), error)
    return counts, edges
