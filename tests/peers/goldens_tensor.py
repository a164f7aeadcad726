"""Writes tests/lua/data/tensor_goldens.lua: arrays and what NumPy prints and computes for them.

Run from the top of the tree with NumPy 2.4 (its rules for float32 differ from those before 2.3):
    python tests/peers/goldens_tensor.py
"""

import pathlib

import numpy as np

OUT = pathlib.Path(__file__).parent.parent / "lua" / "data" / "tensor_goldens.lua"
rng = np.random.default_rng(7)


def number(x):
    if isinstance(x, (int, np.integer)):
        return str(int(x))
    x = float(x)
    if np.isnan(x):
        return "nan"
    if np.isinf(x):
        return "inf" if x > 0 else "-inf"
    return x.hex()


def values(a):
    return "{" + ",".join(number(x) for x in a.ravel()) + "}"


def shape(a):
    return "{" + ",".join(str(n) for n in a.shape) + "}"


def text_case(a, **options):
    with np.printoptions(**options):
        text = str(a)
    given = "".join(f",{k}={str(v).lower()}" for k, v in options.items())
    return f"{{dtype='{a.dtype}',shape={shape(a)},values={values(a)},options={{{given[1:]}}},text=[=[\n{text}]=]}}"


def f32(x):
    return np.array(x, dtype=np.float32)


def texts():
    nan, inf = np.nan, np.inf
    yield from (text_case(f32(x)) for x in [
        [0], [-0.0, 0], [1, 2, 3], [0.1, 0.25, -3], [1e-4], [9.9e-5, 1], [1, 1000], [1, 1001],
        [999999, 1], [1e6], [1234567, 7654321], [123456.7, 0], [1e-10, 1.5], [1e-45, 3.4028235e38],
        [nan], [inf], [-inf], [nan, 1], [inf, 1.5], [-inf, 1.5], [nan, -inf, 100.25], [nan, 1e-9],
        [-inf, 1e10], [0, nan, inf], [1 / 3, 2 / 3, 1], [16777216, 16777217], [-1, -10, -100.5],
        [[1, 2], [3, 4]], [[[1], [2]], [[3], [4]]], [[0.5, -1.25], [1e3, nan]], 5, -0.1, 1e-5,
        1e8, 1e16, 3e17, nan, -inf, 0, 123.456,
    ])
    for dtype, low, high in (("uint8", 0, 256), ("int32", -2**31, 2**31 - 1), ("int32", -50, 7)):
        for s in ((), (1,), (7,), (3, 4), (2, 3, 4), (40,)):
            yield text_case(rng.integers(low, high, s).astype(dtype))
    for s in ((5,), (3, 4), (2, 3, 4), (4, 9), (1, 1, 1, 2), (2, 12)):
        for scale in (1, 1e-3, 1e3, 1e7):
            yield text_case(f32(rng.normal(size=s) * scale))
        yield text_case(f32(np.exp(rng.normal(size=s) * 8)))
        yield text_case(f32(rng.integers(-9, 10, s)))
        yield text_case(f32(np.round(rng.normal(size=s), 2)))
    a = f32(rng.normal(size=(3, 8)))
    for options in (
        dict(precision=3), dict(precision=0), dict(precision=1, suppress=True), dict(threshold=5),
        dict(threshold=5, edgeitems=1), dict(threshold=5, edgeitems=2, linewidth=30),
        dict(linewidth=40), dict(linewidth=10), dict(precision=12),
    ):
        yield text_case(a, **options)
        yield text_case(a * f32(1e-6), **options)
        yield text_case((a * 100).astype(np.int32).reshape(2, 4, 3), **options)
    yield text_case(f32([0.001, 0.006, 1]), precision=2)
    yield text_case(f32([0.5, 1.5, 2.5, 0.125]), precision=0)
    yield text_case(f32([1e9, 1e-9, 1]), suppress=True)
    yield text_case(f32([0.0005, 9999.9999]), precision=3, suppress=True)
    yield text_case(f32([1.25e-7, 9.9996e5]), precision=3)
    for s in ((0,), (0, 3), (3, 0)):
        yield text_case(np.zeros(s, np.float32))


def singles():
    """Every power of two, its neighbours, and random bit patterns."""
    powers = [2.0**k for k in range(-149, 128)]
    near = [np.nextafter(f32(p), f32(d)) for p in powers[::7] for d in (0, np.inf)]
    bits = rng.integers(0, 2**31, 600).astype(np.uint32).view(np.float32)
    for x in [*powers, *near, *bits[np.isfinite(bits)]]:
        x = np.float32(x)
        yield f"{{{number(x)},'{f32([x])}','{str(x)}'}}"


def large():
    """Summed up: made by arange on both sides, so that only the text is kept."""
    for s in ((1001,), (2000,), (50, 50), (11, 10, 10), (7, 8, 20), (4, 4, 4, 4, 4), (2, 501)):
        n = int(np.prod(s))
        for dtype in ("float32", "int32"):
            a = np.arange(1, n + 1).astype(dtype).reshape(s)
            yield f"{{dtype='{dtype}',shape={shape(a)},text=[=[\n{a}]=]}}"
            if dtype == "float32":
                b = a / f32(8)
                yield f"{{dtype='{dtype}',shape={shape(b)},divide=8,text=[=[\n{b}]=]}}"


def sums():
    """Reductions along axes, in double here."""
    for s, axes in (((7,), (None, 0)), ((4, 5), (None, 0, 1)), ((3, 4, 5), (0, 1, 2, (0, 2)))):
        a = f32(rng.normal(size=s) * 3 + 100)
        for axis in axes:
            listed = () if axis is None else (axis,) if isinstance(axis, int) else axis
            d = a.astype(np.float64)
            results = {
                "sum": d.sum(axis), "mean": d.mean(axis), "std": d.std(axis), "var": d.var(axis),
                "min": d.min(axis), "max": d.max(axis), "median": np.median(d, axis),
                "quantile": np.quantile(d, 0.3, axis),
            }
            fields = ",".join(f"{k}={values(np.asarray(v))}" for k, v in results.items())
            axis_text = "{" + ",".join(str(i + 1) for i in listed) + "}"
            yield f"{{shape={shape(a)},values={values(a)},axis={axis_text},{fields}}}"


def products():
    for s, t in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)),
                 ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((2, 1, 2, 3), (4, 3, 2))):
        a, b = f32(rng.normal(size=s)), f32(rng.normal(size=t))
        c = np.matmul(a.astype(np.float64), b.astype(np.float64))
        yield (f"{{a={values(a)},b={values(b)},c={values(np.asarray(c))},a_shape={shape(a)},"
               f"b_shape={shape(b)},c_shape={shape(np.asarray(c))}}}")


def main():
    if tuple(int(n) for n in np.__version__.split(".")[:2]) < (2, 3):
        raise SystemExit("NumPy 2.3 or later is needed")
    with open(OUT, "w") as f:
        f.write("-- Written by tests/peers/goldens_tensor.py; NumPy " + np.__version__ + "\n")
        f.write("local nan, inf = 0/0, 1/0\nlocal g = {}\n")
        for name, cases in (("texts", texts), ("singles", singles), ("large", large),
                            ("sums", sums), ("products", products)):
            f.write(f"g.{name} = {{\n" + ",\n".join(cases()) + "}\n")
        f.write("return g\n")


main()
