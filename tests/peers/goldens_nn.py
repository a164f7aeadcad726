"""Writes what Keras computes into tests/unit/data, for the tests of layers and training.

    K215/bin/python tests/peers/goldens_nn.py [PART...]          Keras 2.15 (tensorflow-cpu 2.15.1)
    K3/bin/python tests/peers/goldens_nn.py --check [PART...]    Keras 3: compares, writes nothing
    EITHER/bin/python tests/peers/goldens_nn.py models           model_*.json, summary_*.txt; model3_*

Parts: layers losses optimizers training metrics gradcam, the file PART.safetensors each; how the
arrays in it are called stands in tests/peers/README.md.
All random numbers come from NumPy generators seeded by name, so that a run gives the same inputs
again. `--check` prints the largest differences from the files and exits with 1 when one is beyond
the tolerance and not explained in EXPLAINED.
"""

import argparse
import importlib
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # plain loops: the same bits on every machine

from golden_file import DATA, Golden

PARTS = ["layers", "losses", "optimizers", "training", "metrics", "gradcam"]

# After twenty steps of Adam a weight whose gradient is small has wandered a little.
TOLERANCE = {"layers": 1e-5, "losses": 1e-5, "optimizers": 1e-5, "training": 3e-3, "metrics": 1e-6,
             "gradcam": 1e-5}

# Where Keras 3 does otherwise on purpose.
EXPLAINED = {
    # 2.15 normalizes images with TensorFlow's fused kernel, which updates the moving variance with
    # N / (N - 1) times the batch's; Keras 3, like 2.15 for vectors, takes the batch's as it is.
    "layers": ("norm_image_train", "norm_image_no_center_train", "norm_image_no_scale_train",
               "norm_image_fast_train"),
    # 2.15 adds 1e-7 to the clipped probability before the logarithm, 3 does not.
    "losses": ("binary_certain",),
}


def check(part, golden):
    differences = Golden.read(DATA / f"{part}.safetensors").differences(golden)
    bad = 0
    for case, (difference, name) in sorted(differences.items(), key=lambda x: -x[1][0]):
        beyond = difference > TOLERANCE[part]
        explained = case in EXPLAINED.get(part, ())
        bad += beyond and not explained
        if beyond:
            print(f"  {difference:.1e} {name}{' (explained)' if explained else ''}")
    worst = max((d for c, (d, _) in differences.items() if c not in EXPLAINED.get(part, ())), default=0)
    print(f"{part}: {len(differences)} cases, {bad} beyond {TOLERANCE[part]}, otherwise at most {worst:.1e}")
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[[], *PARTS, "models"])
    options = parser.parse_args()
    import keras
    import tensorflow as tf
    print(f"Keras {keras.__version__}, TensorFlow {tf.__version__}")
    if options.parts == ["models"]:
        importlib.import_module("goldens_models").write()
        return
    if not options.check and not keras.__version__.startswith("2.15"):
        sys.exit("the files are Keras 2.15's; this one can only --check")
    bad = 0
    for part in options.parts or PARTS:
        golden = importlib.import_module(f"goldens_{part}").make()
        if options.check:
            bad += check(part, golden)
            continue
        path = DATA / f"{part}.safetensors"
        golden.write(path)
        print(f"{path.name}: {len(golden.cases)} cases, {path.stat().st_size} bytes")
    sys.exit(1 if bad else 0)


main()
