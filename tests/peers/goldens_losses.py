"""losses.safetensors: values and gradients of Keras's losses. See goldens_nn.py."""

import keras
import numpy as np
import tensorflow as tf

from golden_file import Golden

BATCH, CLASSES = 6, 4


def predictions(rng, kind, from_logits):
    if kind == "BinaryCrossentropy":
        x = rng.normal(0, 2, (BATCH, 1))
        return x if from_logits else 1 / (1 + np.exp(-x))
    x = rng.normal(0, 2, (BATCH, CLASSES))
    if kind == "MeanSquaredError" or from_logits:
        return x
    e = np.exp(x)
    return e / e.sum(axis=1, keepdims=True)


def targets(rng, kind):
    if kind == "BinaryCrossentropy":
        return (rng.random((BATCH, 1)) < 0.5).astype(np.float32)
    if kind == "MeanSquaredError":
        return rng.normal(0, 1, (BATCH, CLASSES)).astype(np.float32)
    labels = rng.integers(0, CLASSES, BATCH)
    if kind == "SparseCategoricalCrossentropy":
        return labels[:, None].astype(np.int32)
    return np.eye(CLASSES, dtype=np.float32)[labels]


def add(golden, name, kind, y_true, y_pred, weights=None, through=None, **options):
    loss = getattr(keras.losses, kind)(**options)
    golden.case(name, class_name=kind, config=options, through=through)
    x = tf.Variable(y_pred.astype(np.float32))
    with tf.GradientTape() as tape:
        y = keras.layers.Activation(through)(x) if through else tf.identity(x)
        value = loss(y_true, y, sample_weight=weights)
    golden.add(f"{name}/y_true", y_true)
    golden.add(f"{name}/y_pred", x.numpy())
    if weights is not None:
        golden.add(f"{name}/sample_weight", weights)
    each = getattr(keras.losses, kind)(reduction="none", **options)
    golden.add(f"{name}/value", np.float32(value))
    golden.add(f"{name}/per_sample", np.asarray(each(y_true, tf.identity(x) if not through else y)))
    golden.add(f"{name}/dy_pred", tape.gradient(value, x).numpy())


def add_kind(golden, kind, short):
    for from_logits in (False, True) if kind != "MeanSquaredError" else (False,):
        for weighted in (False, True):
            name = short + ("_logits" if from_logits else "") + ("_weighted" if weighted else "")
            rng = np.random.default_rng(list(name.encode()))
            options = dict(from_logits=True) if from_logits else {}
            weights = rng.choice([0.74, 0.26], BATCH).astype(np.float32) if weighted else None
            add(golden, name, kind, targets(rng, kind), predictions(rng, kind, from_logits), weights, **options)


def add_edges(golden):
    """Certain and wrong: probabilities are clipped at 1e-7, logits are not."""
    y = np.array([[0], [0], [1], [1], [0], [1]], np.float32)
    p = np.array([[0], [1], [0], [1], [1e-8], [1 - 1e-7]], np.float32)
    add(golden, "binary_certain", "BinaryCrossentropy", y, p)
    z = np.array([[-60], [60], [-60], [60], [-20], [90]], np.float32)
    add(golden, "binary_logits_certain", "BinaryCrossentropy", y, z, from_logits=True)
    one_hot = np.eye(CLASSES, dtype=np.float32)[[0, 1, 2, 3, 0, 1]]
    certain = np.eye(CLASSES, dtype=np.float32)[[0, 2, 2, 1, 3, 1]]
    add(golden, "categorical_certain", "CategoricalCrossentropy", one_hot, certain)
    add(golden, "categorical_unscaled", "CategoricalCrossentropy", one_hot, 0.5 + certain)
    labels = np.array([0, 1, 2, 3, 0, 1], np.int32)[:, None]
    add(golden, "sparse_certain", "SparseCategoricalCrossentropy", labels, certain)
    # The output of a sigmoid or softmax remembers its logits, and the loss goes back to them.
    add(golden, "binary_through_sigmoid", "BinaryCrossentropy", y, z, through="sigmoid")
    wide = (100 * (certain - 0.5)).astype(np.float32)
    add(golden, "categorical_through_softmax", "CategoricalCrossentropy", one_hot, wide, through="softmax")
    add(golden, "sparse_through_softmax", "SparseCategoricalCrossentropy", labels, wide, through="softmax")


def make():
    golden = Golden()
    add_kind(golden, "BinaryCrossentropy", "binary")
    add_kind(golden, "CategoricalCrossentropy", "categorical")
    add_kind(golden, "SparseCategoricalCrossentropy", "sparse")
    add_kind(golden, "MeanSquaredError", "mse")
    add_edges(golden)
    return golden
