"""Golden files in safetensors format: an 8-byte size, a JSON header, little-endian arrays.

Written by hand, so that the same arrays give the same bytes whatever packages are installed.
"""

import json
import pathlib
import struct

import numpy as np

DATA = pathlib.Path(__file__).parent.parent / "unit" / "data"
DTYPES = {"F32": np.float32, "I32": np.int32, "U8": np.uint8, "F64": np.float64}


class Golden:
    """Arrays by name, and a JSON value for each case."""

    def __init__(self):
        self.arrays, self.cases = {}, {}

    def case(self, name, **description):
        assert name not in self.cases, name
        self.cases[name] = description

    def add(self, name, array):
        assert name not in self.arrays, name
        array = np.asarray(array)
        if array.dtype == np.int64:
            array = array.astype(np.int32)
        self.arrays[name] = np.array(array, order="C")  # keeps rank 0, which ascontiguousarray does not

    def write(self, path):
        names = {t: n for n, t in DTYPES.items()}
        header, at = {"__metadata__": {n: json.dumps(c) for n, c in self.cases.items()}}, 0
        for name, a in self.arrays.items():
            header[name] = {"dtype": names[a.dtype.type], "shape": list(a.shape),
                            "data_offsets": [at, at + a.nbytes]}
            at += a.nbytes
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        path.write_bytes(struct.pack("<Q", len(text)) + text
                         + b"".join(a.tobytes() for a in self.arrays.values()))

    @staticmethod
    def read(path):
        data, golden = path.read_bytes(), Golden()
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + size])
        golden.cases = {n: json.loads(c) for n, c in header.pop("__metadata__").items()}
        for name, h in header.items():
            begin, end = (8 + size + x for x in h["data_offsets"])
            golden.arrays[name] = np.frombuffer(data[begin:end], DTYPES[h["dtype"]]).reshape(h["shape"])
        return golden

    def differences(self, other):
        """For each case in both: the largest difference, relative where values exceed 1."""
        worst = {}
        for name, a in self.arrays.items():
            case = name.split("/")[0]
            b = other.arrays.get(name)
            if b is None or a.shape != b.shape:
                difference = np.inf
            else:
                a, b = a.astype(np.float64), b.astype(np.float64)
                difference = np.max(np.abs(a - b) / np.maximum(1, np.abs(b)), initial=0)
            worst[case] = max(worst.get(case, (0, "")), (float(difference), name))
        return worst
