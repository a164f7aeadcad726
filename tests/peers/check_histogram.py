"""Compares Pneuma's histograms with NumPy's, counts and edges; exits with 1 on any difference."""

import numpy as np

import originals
import pneuma


def random_case(rng):
    kind = (np.uint8, np.int32, np.float32)[rng.integers(3)]
    count, bins = int(rng.integers(0, 3000)), int(rng.integers(1, (5, 60, 700)[rng.integers(3)]))
    scale = 10.0 ** rng.integers(-3, 6) if kind != np.uint8 else 100.0
    low, high = sorted(float(v) for v in rng.uniform(-scale, scale, 2))
    if kind == np.uint8 or rng.integers(3) == 0:
        low, high = float(round(low)), float(round(high))
    if kind == np.uint8:
        return rng.integers(0, 256, count).astype(kind), bins, low, high
    items = rng.uniform(low - 0.1 * (high - low), high + 0.1 * (high - low), count)
    edges = np.linspace(low, high, bins + 1)
    items[::3] = rng.choice(edges, items[::3].size)
    items = items.astype(kind)
    if kind == np.float32:
        items[::5] = np.nextafter(items[::5], np.float32(rng.choice([-1e30, 1e30])))
    return items, bins, low, high


def main():
    options = originals.arguments(__doc__, rounds=4000, seed=1)
    print(originals.versions(np))
    rng, differing, refused = np.random.default_rng(options.seed), 0, 0
    for _ in range(options.rounds):
        items, bins, low, high = random_case(rng)
        try:
            counts, edges = np.histogram(items, bins, range=(low, high))
        except ValueError:
            refused += 1
            try:
                pneuma.histogram(items, bins, low, high)
            except ValueError:
                continue
            print(f"NumPy refuses {items.dtype}, {bins} bins, {low!r} to {high!r}")
            differing += 1
            continue
        mine, my_edges = pneuma.histogram(items, bins, low, high)
        if (mine != counts).any() or (my_edges != edges).any():
            print(f"{items.dtype}, {items.size} items, {bins} bins, {low!r} to {high!r} differ")
            differing += 1
    print(f"{options.rounds} histograms ({refused} refused by both): {differing} differ")
    raise SystemExit(differing > 0)


if __name__ == "__main__":
    main()
