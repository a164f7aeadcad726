"""training.safetensors: twenty steps of a small sibling of the scratch model. See goldens_nn.py."""

import keras
import numpy as np

from golden_file import Golden
from goldens_layers import weight_name

SIZE, BATCH, BATCHES, STEPS = 32, 16, 4, 20
CLASS_WEIGHT = {0: 0.74, 1: 0.26}


def build():
    layers = keras.layers
    stack = [layers.Conv2D(8, 3, activation="relu", input_shape=(SIZE, SIZE, 3))]
    for i, filters in enumerate((8, 16, 16)):
        if i:
            stack.append(layers.Conv2D(filters, 3, activation="relu"))
        stack += [layers.BatchNormalization(), layers.MaxPooling2D(2)]
    stack += [layers.Flatten(), layers.Dense(32, activation="relu"), layers.Dense(1, activation="sigmoid")]
    return keras.Sequential(stack)


def images(rng, labels):
    """Noise, and a brighter patch somewhere where the label is 1."""
    x = rng.integers(40, 140, (len(labels), SIZE, SIZE, 3))
    for i, label in enumerate(labels):
        top, left = rng.integers(0, SIZE - 10, 2)
        x[i, top:top + 10, left:left + 10] += 60 * int(label)
    return x.astype(np.uint8)


def start_weights(rng, model):
    """Keras's own initialization, from a generator of ours: glorot-uniform kernels."""
    for layer in model.layers:
        weights = [w.numpy() for w in layer.weights]
        if weights and weights[0].ndim > 1:
            receptive = int(np.prod(weights[0].shape[:-2]))
            limit = np.sqrt(6 / (receptive * sum(weights[0].shape[-2:])))
            weights[0] = rng.uniform(-limit, limit, weights[0].shape)
        layer.set_weights(weights)


def named_weights(model):
    """LAYER/WEIGHT, in Keras's order."""
    for layer in model.layers:
        for w in layer.weights:
            yield f"{layer.name}/{weight_name(w)}", w.numpy()


def make():
    keras.backend.clear_session()
    golden, rng = Golden(), np.random.default_rng(2024)
    labels = (rng.random(BATCH * BATCHES) < 0.6).astype(np.float32)
    pictures = images(rng, labels)
    model = build()
    start_weights(rng, model)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    start = dict(named_weights(model))
    x = pictures.astype(np.float32) / np.float32(255)
    losses, accuracies = [], []
    for step in range(STEPS):
        begin = step % BATCHES * BATCH
        model.reset_metrics()
        loss, accuracy = model.train_on_batch(x[begin:begin + BATCH], labels[begin:begin + BATCH],
                                              class_weight=CLASS_WEIGHT)
        losses.append(loss)
        accuracies.append(accuracy)
    model.reset_metrics()
    evaluated = model.evaluate(x, labels, batch_size=BATCH, verbose=0)
    golden.case("training", model=model.to_json(), optimizer="adam", loss="binary_crossentropy",
                batch=BATCH, steps=STEPS, class_weight=list(CLASS_WEIGHT.values()),
                weights=list(start), scale="x = images / 255; step k takes batch k % 4")
    golden.add("training/images", pictures)
    golden.add("training/labels", labels.astype(np.int32))
    for name, value in start.items():
        golden.add(f"training/start/{name}", value)
    golden.add("training/loss", np.float32(losses))
    golden.add("training/accuracy", np.float32(accuracies))
    for name, value in named_weights(model):
        golden.add(f"training/after/{name}", value)
    golden.add("training/evaluate", np.float32(evaluated))
    golden.add("training/predict", model.predict(x, batch_size=BATCH, verbose=0))
    return golden
