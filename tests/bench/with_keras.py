"""Keras's contestant, on TensorFlow: with_keras.py WORK MODEL.safetensors INPUTS.safetensors BATCH
SETTING, where SETTING is words: "function" writes the training step as tf.function where else
train_on_batch does it, "xla" compiles with XLA. contest.py says what it is told."""

import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf

import networks
import protocol

tf.config.threading.set_intra_op_parallelism_threads(protocol.THREADS)
tf.config.threading.set_inter_op_parallelism_threads(protocol.THREADS)
L = keras.layers


def make_layer(layer):
    kind, *given = layer
    if kind == "conv":
        return L.Conv2D(given[0], given[1], padding=given[2], activation=given[3])
    if kind == "dense":
        return L.Dense(given[0], activation=given[1])
    return {"bn": lambda: L.BatchNormalization(momentum=networks.MOMENTUM,
                                               epsilon=networks.EPSILON),
            "pool": lambda: L.MaxPooling2D(2), "flatten": L.Flatten,
            "dropout": lambda: L.Dropout(*given)}[kind]()


def build(layers, arrays):
    model = keras.Sequential([L.Input((networks.SIDE, networks.SIDE, 3))])
    for number, layer in enumerate(layers):
        made = make_layer(layer)
        model.add(made)
        own = [array for name, array in arrays.items() if name.split("/")[0] == str(number)]
        if own:
            made.set_weights(own)
    return model


class Work:
    def __init__(self, model, inputs, batch, setting):
        self.network = build(networks.NETWORKS[model.stem], networks.read(model))
        read = networks.read(inputs)
        self.x, self.y = (tf.constant(read[name][:batch]) for name in "xy")
        self.xla, self.setting = "xla" in setting, setting
        self.prepare()


class Forward(Work):
    def prepare(self):
        self.run = tf.function(lambda x: self.network(x, training=False), jit_compile=self.xla)

    def go(self):
        return self.run(self.x).numpy()

    result = go


class Gradcam(Work):
    """The gradient is taken by the last convolution's output alone."""

    def prepare(self):
        self.network.trainable = False
        layers = self.network.layers
        last = max(i for i, layer in enumerate(layers)
                   if isinstance(layer, L.Conv2D) and layer.output.shape[1] > 1)
        head = layers[-1]

        def through(x, layers):
            for layer in layers:
                x = layer(x, training=False)
            return x

        def heat(x):
            a = through(x, layers[:last + 1])
            with tf.GradientTape() as tape:
                tape.watch(a)
                logit = tf.matmul(through(a, layers[last + 1:-1]), head.kernel) + head.bias
            weight = tf.reduce_mean(tape.gradient(logit, a), (1, 2), keepdims=True)
            made = tf.nn.relu(tf.reduce_sum(weight * a, -1))
            return made / tf.reduce_max(made)

        self.run = tf.function(heat, jit_compile=self.xla)

    go, result = Forward.go, Forward.result


class Step(Work):
    def prepare(self):
        adam, loss = keras.optimizers.Adam(), keras.losses.BinaryCrossentropy()
        self.network.compile(adam, loss, jit_compile=self.xla)
        if "function" in self.setting:
            adam.build(self.network.trainable_variables)
            self.run = tf.function(self.step, jit_compile=self.xla)
        else:
            self.run = self.network.train_on_batch

    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = self.network.loss(y, self.network(x, training=True))
        variables = self.network.trainable_variables
        self.network.optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    def go(self):
        self.network.reset_metrics()  # else the loss is the mean of all steps
        return float(self.run(self.x, self.y))

    def result(self):
        return [self.go() for _ in range(protocol.CHECKED_STEPS)]


if __name__ == "__main__":
    work = {"step": Step, "forward": Forward, "gradcam": Gradcam}[sys.argv[1]]
    protocol.serve(lambda: work(*protocol.arguments()), lambda w: w.result())
