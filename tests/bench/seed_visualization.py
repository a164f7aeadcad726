# The seed's first notebook, step by step, as a Python user would write it: the rival of
# notebooks/01_data_visualization.md in tests/bench/notebook.py, which runs it with nbconvert.
# Each "# %%" begins a cell. DATA_DIR is set by the caller.

# %% set up
import os
import random

import cv2
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

DATA_DIR = os.environ["DATA_DIR"]
SPLITS, CLASSES = ["train", "val", "test"], ["NORMAL", "PNEUMONIA"]
sns.set_style("whitegrid")

# %% collect the paths
paths = {}
for split in SPLITS:
    for label in CLASSES:
        folder = os.path.join(DATA_DIR, split, label)
        paths[split, label] = [
            os.path.join(folder, name)
            for name in os.listdir(folder)
            if name.lower().endswith((".jpeg", ".jpg"))
        ]
for key, files in paths.items():
    print(*key, len(files))

# %% total per class
totals = [sum(len(paths[split, label]) for split in SPLITS) for label in CLASSES]
plt.figure(figsize=(8, 5))
for label, count, color in zip(CLASSES, totals, ["skyblue", "salmon"]):
    plt.bar(label, count, color=color, label=f"{label}: {100 * count / sum(totals):.1f}%")
plt.legend()
plt.show()

# %% per split and class
plt.figure(figsize=(9, 5))
height = 0.25
for i, split in enumerate(SPLITS):
    n, p = (len(paths[split, label]) for label in CLASSES)
    plt.barh(np.arange(2) + i * height, [n, p], height, label=f"{split} (N: {n}, P: {p})")
plt.yticks(np.arange(2) + height, CLASSES)
plt.xscale("log")
plt.legend()
plt.show()

# %% a grid of nine images
def grid(files, draw):
    fig, axes = plt.subplots(3, 3, figsize=(9, 9))
    for ax, path in zip(axes.flat, random.sample(files, 9)):
        ax.imshow(draw(cv2.imread(path)))
        ax.axis("off")
    plt.tight_layout()
    plt.show()


grid(paths["test", "PNEUMONIA"], lambda image: cv2.cvtColor(image, cv2.COLOR_BGR2RGB))

# %% nine images after Canny
grid(paths["train", "PNEUMONIA"], lambda image: cv2.Canny(image, 60, 70))

# %% widths and heights
COLORS = {
    ("NORMAL", "width"): "blue",
    ("NORMAL", "height"): "green",
    ("PNEUMONIA", "width"): "red",
    ("PNEUMONIA", "height"): "orange",
}
for split in SPLITS:
    plt.figure(figsize=(9, 5))
    for label in CLASSES:
        shapes = [cv2.imread(path).shape for path in paths[split, label]]
        for name, axis in [("width", 1), ("height", 0)]:
            values = [shape[axis] for shape in shapes]
            plt.hist(
                values,
                bins=30,
                alpha=0.5,
                color=COLORS[label, name],
                label=f"{label} {name} ({min(values)} to {max(values)})",
            )
    plt.title(split)
    plt.legend()
    plt.show()

# %% pixel values of two images
plt.figure(figsize=(9, 5))
for label, number, color in [("NORMAL", 88, "blue"), ("PNEUMONIA", 33, "red")]:
    files = paths["train", label]
    image = cv2.imread(files[min(number, len(files) - 1)])
    plt.hist(image.ravel(), bins=256, alpha=0.75, color=color, label=label)
plt.legend()
plt.show()
