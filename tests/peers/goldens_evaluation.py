"""Writes tests/lua/data/metrics_goldens.lua: labels, scores and what scikit-learn makes of them.

Run from the top of the tree with scikit-learn 1.9.1, SciPy 1.17.1 and NumPy 2.4.6:
    python tests/peers/goldens_evaluation.py
To compare in more cases, other ones than the committed:
    python tests/peers/goldens_evaluation.py --rounds 40 --seed 1 --out /tmp/goldens.lua
    PNEUMA_METRICS_GOLDENS=/tmp/goldens.lua ctest --preset release -R test_metrics_goldens
"""

import argparse
import pathlib
import warnings

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn import calibration, metrics

OUT = pathlib.Path(__file__).parent.parent / "lua" / "data" / "metrics_goldens.lua"


def lua(x):
    """x as a Lua expression."""
    if x is None:
        return "nil"
    if isinstance(x, str):
        return f"[=[\n{x}]=]" if "\n" in x else f'"{x}"'
    if isinstance(x, dict):
        return "{" + ",".join(f"[{lua(k)}]={lua(v)}" if not (k.isascii() and k.isidentifier()) else f"{k}={lua(v)}"
                              for k, v in x.items() if v is not None) + "}"
    if isinstance(x, (list, tuple, np.ndarray)):
        return "{" + ",".join(lua(v) for v in x) + "}"
    if isinstance(x, (int, np.integer)):
        return str(int(x))
    if np.isinf(x):
        return "inf" if x > 0 else "-inf"
    return repr(float(x))


def names(count, length):
    letters = "abcdefghijklmnopqrstuvwxyzäß"
    return [("".join(letters[(7 * c + 3 * i) % 28] for i in range(length + c))) for c in range(count)]


def report_case(y, p, **options):
    text = metrics.classification_report(y, p, **options)
    table = metrics.classification_report(y, p, output_dict=True, **options)
    labels = options.get("labels")
    return {
        "y": y, "p": p, "options": options, "text": text,
        "rows": {k: v if isinstance(v, float) else [v[m] for m in
                 ("precision", "recall", "f1-score", "support")] for k, v in table.items()},
        "confusion": [metrics.confusion_matrix(y, p, labels=labels, normalize=how).tolist()
                      for how in (None, "true", "pred", "all")],
        "accuracy": metrics.accuracy_score(y, p),
        "balanced": metrics.balanced_accuracy_score(y, p),
        "averages": {how: list(metrics.precision_recall_fscore_support(
            y, p, average=how, labels=labels)[:3]) for how in ("macro", "micro", "weighted")},
        "binary": list(metrics.precision_recall_fscore_support(y, p, average="binary")[:3])
                  if set(y) | set(p) <= {0, 1} else None,
    }


def reports(rng, rounds):
    yield report_case([0, 1], [0, 1])
    yield report_case([1, 1, 1], [1, 1, 1])
    yield report_case([0, 0, 1], [0, 0, 0])
    yield report_case([0, 1, 2], [0, 0, 3], target_names=["a", "b", "c", "d"])
    yield report_case([0, 1] * 3, [1, 0] * 3, target_names=["NORMAL", "PNEUMONIA"])
    yield report_case([-3, 12, 12], [12, 12, -3], digits=4)
    yield report_case([0, 0], [0, 0], labels=[0, 1], target_names=["NORMAL", "PNEUMONIA"])
    yield report_case([0, 1, 2, 2, 1], [0, 2, 2, 1, 1], labels=[2, 1], target_names=["two", "one"])
    yield report_case([0, 1, 2, 2, 1], [0, 2, 2, 1, 1], labels=[2, 1, 0, 7])
    yield report_case([0, 1], [1, 0], digits=0)
    yield report_case([0, 1], [1, 1], digits=21)
    for r in range(rounds):
        classes, count = int(rng.integers(2, 6)), int(rng.integers(3, 60))
        share = rng.dirichlet(np.full(classes, 0.7))
        y = rng.choice(classes, count, p=share)
        p = np.where(rng.random(count) < rng.random(), y, rng.integers(0, classes, count))
        options = {}
        if r % 3 == 1:
            options["labels"] = list(range(classes))
            options["target_names"] = names(classes, int(rng.integers(1, 22)))
        elif r % 3 == 2:
            options["digits"] = int(rng.integers(0, 16))
            if y.max() > 0 and r % 2:
                options["labels"] = [int(v) for v in rng.permutation(classes)[:classes - 1]]
                if not set(options["labels"]) & (set(y)):
                    del options["labels"]
        yield report_case([int(v) for v in y], [int(v) for v in p], **options)


def labelled(rng, r):
    """Labels and scores of two classes: ties, few positives, separable, worse than chance."""
    count = int(rng.integers(2, 70))
    y = (rng.random(count) < rng.choice([0.5, 0.1, 0.9, 0.26])).astype(int)
    y[:2] = rng.permutation(2)
    s = 1 / (1 + np.exp(-rng.normal(size=count) - rng.choice([0, 1, 3, 9, -1]) * (y - 0.5)))
    digits = (None, 1, 2, 8, 0)[r % 5]
    return y, s if digits is None else np.round(s, digits)


def binary_case(y, s):
    fpr, tpr, thresholds = metrics.roc_curve(y, s)
    all_fpr, all_tpr, all_thresholds = metrics.roc_curve(y, s, drop_intermediate=False)
    precision, recall, cuts = metrics.precision_recall_curve(y, s)
    return {
        "y": y, "s": s, "fpr": fpr, "tpr": tpr, "thresholds": thresholds,
        "all_fpr": all_fpr, "all_tpr": all_tpr, "all_thresholds": all_thresholds,
        "precision": precision, "recall": recall, "cuts": cuts,
        "auc": metrics.roc_auc_score(y, s), "ap": metrics.average_precision_score(y, s),
        "brier": metrics.brier_score_loss(y, s), "log_loss": metrics.log_loss(y, y_proba=s),
        "calibration": [[*calibration.calibration_curve(y, s, n_bins=bins, strategy=strategy)]
                        for bins in (5, 3) for strategy in ("uniform", "quantile")],
    }


def binaries(rng, rounds):
    yield binary_case([0, 1], [0.5, 0.5])
    yield binary_case([0, 1], [0.0, 1.0])
    yield binary_case([1, 0], [0.0, 1.0])
    yield binary_case([1, 0, 1, 1, 0, 1], [0.2, 0.4, 0.6, 0.8, 1.0, 0.2])
    yield binary_case([0, 1, 1, 0, 1], [k * 0.2 for k in (1, 2, 3, 4, 5)])  # on the bins' edges
    for r in range(rounds):
        yield binary_case(*labelled(rng, r))


def multi_cases(rng, rounds):
    for r in range(rounds):
        classes, count = int(rng.integers(3, 5)), int(rng.integers(6, 25))
        y = np.concatenate([np.arange(classes), rng.integers(0, classes, count - classes)])
        s = rng.dirichlet(np.full(classes, 0.5), count)
        if r % 2:
            s = np.round(s, 1)
            s[:, -1] = np.round(1 - s[:, :-1].sum(1), 12)
            s = np.abs(s)
            s /= s.sum(1, keepdims=True)
        yield {
            "y": y, "s": s,
            "auc": metrics.roc_auc_score(y, s, multi_class="ovr"),
            "auc_weighted": metrics.roc_auc_score(y, s, multi_class="ovr", average="weighted"),
            "ap": metrics.average_precision_score(y, s),
            "log_loss": metrics.log_loss(y, y_proba=s), "brier": metrics.brier_score_loss(y, s),
            "accuracy": metrics.accuracy_score(y, s.argmax(1)),
        }


def wilsons(rng, rounds):
    for successes, n, confidence in [(0, 5, 0.95), (5, 5, 0.95), (45, 50, 0.95), (1, 624, 0.99),
                                     (509, 624, 0.9), (3, 7, 0.999999), (1, 2, 0.01)]:
        ci = stats.binomtest(successes, n).proportion_ci(confidence, "wilson")
        yield {"successes": successes, "n": n, "confidence": confidence, "low": ci.low, "high": ci.high}


def bootstraps(rng, rounds):
    """Percentile intervals by NumPy, of many resamples: near ours, drawn with other numbers."""
    for count, positives, shift in ((60, 30, 1), (90, 20, 2)):
        y = (np.arange(count) < positives).astype(int)
        s = np.round(1 / (1 + np.exp(-rng.normal(size=count) - shift * (y - 0.5))), 2)
        groups = rng.integers(1, count // 3, count)
        parts = [np.flatnonzero(y == c) for c in (0, 1)]
        members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
        within, grouped = [], []
        for _ in range(20000):
            at = np.concatenate([rng.choice(p, len(p)) for p in parts])
            within.append(metrics.roc_auc_score(y[at], s[at]))
            at = np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
            grouped.append(((s[at] > 0.5) == y[at]).mean())
        yield {"y": y, "s": s, "groups": groups, "within": np.quantile(within, [0.025, 0.975]),
               "grouped": np.quantile(grouped, [0.025, 0.975])}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--out", type=pathlib.Path, default=OUT)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(options.seed)
    with open(options.out, "w") as f:
        f.write("-- Written by tests/peers/goldens_evaluation.py; scikit-learn " + sklearn.__version__
                + ", SciPy " + scipy.__version__ + ", NumPy " + np.__version__ + "\nlocal inf = 1/0\nlocal g = {}\n")
        for name, cases, rounds in (("reports", reports, 2 * options.rounds),
                                    ("binary", binaries, options.rounds),
                                    ("multi", multi_cases, max(2, options.rounds // 2)),
                                    ("wilson", wilsons, 0), ("bootstrap", bootstraps, 0)):
            f.write(f"g.{name} = {{\n" + ",\n".join(lua(c) for c in cases(rng, rounds)) + "}\n")
        f.write("return g\n")


main()
