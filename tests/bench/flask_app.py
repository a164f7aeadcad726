"""The rival of the prediction app: a Flask app that does what the study's does, with Keras: keeps the
upload in a file, reads it with OpenCV, predicts, takes the Grad-CAM with a GradientTape, writes the
overlay into a file, and answers with a page that shows both.

usage: MODEL=FILE.h5 SIZE=128 FOLDER=DIR python flask_app.py PORT
       MODEL=... gunicorn --workers 2 flask_app:app
"""

import os
import pathlib
import sys
import uuid

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import cv2  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from flask import Flask, jsonify, render_template_string, request, send_from_directory  # noqa: E402

FOLDER = pathlib.Path(os.environ["FOLDER"])
SIZE = int(os.environ["SIZE"])
LAYER = os.environ["LAYER"]
PAGE = """<!doctype html><title>Pneumonia</title><h1>{{ verdict }}</h1><p>{{ probability }}</p>
<img src="/files/{{ image }}"><img src="/files/{{ overlay }}">"""

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 20_000_000
model = keras.models.load_model(os.environ["MODEL"], compile=False)


def with_activations():
    """The model with the layer's activations as another output. What was read from a file has gone
    through its layers more than once; here both come from one pass, with a gradient between them."""
    inputs = x = keras.Input(model.input_shape[1:])
    kept = None
    for layer in model.layers:
        x = layer(x)
        kept = x if layer.name == LAYER else kept
    return keras.Model(inputs, [kept, x])


gradients = with_activations()


def prepare(path):
    image = cv2.resize(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), (SIZE, SIZE))
    return np.float32(image)[None, :, :, None] / 255


def heatmap(x):
    with tf.GradientTape() as tape:
        activations, output = gradients(x)
        score = output[:, 0]
    weights = tf.reduce_mean(tape.gradient(score, activations), (1, 2), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * activations, -1))[0]
    return (heat / tf.maximum(tf.reduce_max(heat), 1e-30)).numpy()


def save_overlay(path, heat):
    image = cv2.imread(str(path))
    heat = cv2.resize(heat, (image.shape[1], image.shape[0]))
    colors = cv2.applyColorMap(np.uint8(255 * heat), cv2.COLORMAP_JET)
    name = f"overlay-{path.name}"
    cv2.imwrite(str(FOLDER / name), np.uint8(np.clip(image + 0.4 * colors, 0, 255)))
    return name


def work():
    path = FOLDER / f"{uuid.uuid4().hex}.jpg"
    request.files["file"].save(path)
    x = prepare(path)
    probability = float(model.predict(x, verbose=0)[0, 0])
    heat = heatmap(x)
    return path, probability, heat, save_overlay(path, heat)


@app.post("/")
def page():
    path, probability, _, overlay = work()
    return render_template_string(PAGE, verdict="PNEUMONIA" if probability > 0.5 else "NORMAL",
                                  probability=probability, image=path.name, overlay=overlay)


@app.post("/check")
def check():
    _, probability, heat, _ = work()
    return jsonify(probability=probability, heatmap=heat.tolist())


@app.get("/files/<name>")
def files(name):
    return send_from_directory(FOLDER, name)


@app.get("/healthz")
def health():
    return "ok"


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]))
