"""gradcam.safetensors: heatmaps of a small network from tf.GradientTape. See goldens_nn.py."""

import keras
import numpy as np
import tensorflow as tf

from golden_file import Golden
from goldens_layers import weight_name, weight_values

INPUT = (14, 12, 3)
LAYERS = ["conv2d", "conv2d_1", "conv2d_2"]


def build():
    """The convolution in the middle has no activation of its own, so its output has both signs."""
    layers = keras.layers
    image = keras.Input(INPUT)
    x = layers.Conv2D(6, 3, activation="relu", name="conv2d")(image)
    x = layers.BatchNormalization(name="batch_normalization")(x)
    x = layers.MaxPooling2D(2, name="max_pooling2d")(x)
    x = layers.Conv2D(8, 3, padding="same", name="conv2d_1")(x)
    x = layers.LeakyReLU(name="leaky_re_lu")(x)
    x = layers.Conv2D(8, 3, activation="relu", name="conv2d_2")(x)
    x = layers.Flatten(name="flatten")(layers.MaxPooling2D(2, name="max_pooling2d_1")(x))
    logit = layers.Dense(1, name="dense")(x)
    return keras.Model(image, layers.Activation("sigmoid", name="activation")(logit))


def unit(heat):
    """ReLU, then divided by its maximum; a map that is zero everywhere stays so."""
    heat = np.maximum(heat, 0)
    most = heat.max(axis=(1, 2), keepdims=True)
    return heat / np.where(most > 0, most, 1)


def ratio(a, b):
    return np.where(b != 0, a / np.where(b != 0, b, 1), 0)


def gradcam(A, g):
    """Selvaraju et al. 2017: a channel's weight is the mean of its gradient."""
    return unit((g.mean(axis=(1, 2), keepdims=True) * A).sum(-1))


def gradcam_pp(A, g):
    """Chattopadhay et al. 2018: weights by alpha = g^2 / (2 g^2 + sum(A) g^3)."""
    alpha = ratio(g**2, 2 * g**2 + A.sum(axis=(1, 2), keepdims=True) * g**3)
    weight = (alpha * np.maximum(g, 0)).sum(axis=(1, 2), keepdims=True)
    return unit((weight * A).sum(-1))


def hirescam(A, g):
    """Draelos and Carin 2020: gradient times activation, place by place."""
    return unit((g * A).sum(-1))


def layercam(A, g):
    """Jiang et al. 2021: the same with the positive gradients alone."""
    return unit((np.maximum(g, 0) * A).sum(-1))


def xgradcam(A, g):
    """Fu et al. 2020: a channel's weight is sum(g A) / sum(A)."""
    weight = ratio((g * A).sum(axis=(1, 2), keepdims=True), A.sum(axis=(1, 2), keepdims=True))
    return unit((weight * A).sum(-1))


METHODS = dict(gradcam=gradcam, gradcam_pp=gradcam_pp, hirescam=hirescam, layercam=layercam, xgradcam=xgradcam)


def head_of(model, layer, start):
    """The part of the model behind a layer, up to the logit or the probability."""
    head_input = keras.Input(model.get_layer(layer).output.shape[1:])
    h, behind = head_input, False
    for each in model.layers:
        if behind and not (start == "logit" and each.name == "activation"):
            h = each(h)
        behind = behind or each.name == layer
    return keras.Model(head_input, h)


def add_cases(golden, model, A, layer, start):
    head = head_of(model, layer, start)
    with tf.GradientTape() as tape:
        tape.watch(A)
        target = tf.reduce_sum(head(A, training=False))
    g = tape.gradient(target, A).numpy()
    golden.add(f"model/gradients/{layer}/{start}", g)
    for sign, word in ((1, "positive"), (-1, "negative")):
        name = f"{layer}_{start}_{word}"
        golden.case(name, layer=layer, start=start, sign=sign)
        for method, heat in METHODS.items():
            golden.add(f"{name}/{method}", np.float32(heat(np.float64(A), sign * np.float64(g))))


def make():
    keras.backend.clear_session()
    golden, rng = Golden(), np.random.default_rng(5)
    model = build()
    golden.case("model", model=model.to_json(), layers=LAYERS)
    for layer in model.layers:
        layer.set_weights([0.5 * w if w.ndim > 1 else w for w in weight_values(rng, layer)])
        for w in layer.weights:
            golden.add(f"model/w/{layer.name}/{weight_name(w)}", w.numpy())
    x = rng.random((2, *INPUT)).astype(np.float32)
    golden.add("model/x", x)
    golden.add("model/y", model(x, training=False).numpy())
    for layer in LAYERS:
        A = keras.Model(model.input, model.get_layer(layer).output)(x, training=False)
        golden.add(f"model/activations/{layer}", A.numpy())
        for start in ("logit", "probability"):
            add_cases(golden, model, A, layer, start)
    return golden
