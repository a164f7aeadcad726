"""layers.safetensors: every layer of Keras, forward and backward. See goldens_nn.py."""

import keras
import numpy as np
import tensorflow as tf

from golden_file import Golden

IMAGE, SMALL = (7, 5, 3), (7, 5, 2)
ACTIVATIONS = ["relu", "leaky_relu", "sigmoid", "tanh", "softmax", "linear"]


def convolutions():
    def conv(name, shape=IMAGE, filters=4, kernel_size=3, **options):
        return f"conv_{name}", "Conv2D", dict(filters=filters, kernel_size=kernel_size, **options), [shape]

    yield conv("valid")
    yield conv("same", padding="same")
    yield conv("no_bias", use_bias=False)
    yield conv("1x1", kernel_size=1)
    yield conv("2x3", kernel_size=(2, 3))
    yield conv("2x3_same", kernel_size=(2, 3), padding="same")
    yield conv("4_same", kernel_size=4, padding="same")  # more padding behind than before
    yield conv("5_same", kernel_size=5, padding="same")
    yield conv("7_same", kernel_size=7, padding="same")  # wider than the image
    yield conv("whole", kernel_size=(7, 5), filters=6)
    yield conv("stride_2", strides=2)
    yield conv("stride_2_same", strides=2, padding="same")
    yield conv("stride_2_same_even", shape=(8, 6, 3), strides=2, padding="same")
    yield conv("stride_3x2_same", strides=(3, 2), kernel_size=(2, 3), padding="same")
    yield conv("stride_3_1x1", strides=3, kernel_size=1, padding="same")  # skips pixels
    yield conv("dilation_2", dilation_rate=2, padding="same")
    yield conv("dilation_3x2_valid", dilation_rate=(3, 2))
    yield conv("one_channel", shape=(7, 5, 1), filters=1)
    yield conv("many_channels", shape=(3, 3, 19), filters=17, kernel_size=2, padding="same")


def pools():
    for kind in ("Max", "Average"):
        short = kind.lower()

        def pool(name, shape=SMALL, pool_size=2, **options):
            return f"{short}_pool_{name}", f"{kind}Pooling2D", dict(pool_size=pool_size, **options), [shape]

        yield pool("2")
        yield pool("2_same", padding="same")
        yield pool("3")
        yield pool("3x2", pool_size=(3, 2))
        yield pool("3_stride_2", pool_size=3, strides=2)
        yield pool("3_stride_2_same", pool_size=3, strides=2, padding="same")
        yield pool("3_stride_1_same", pool_size=3, strides=1, padding="same")
        yield pool("2_stride_3", strides=3)  # with gaps
        yield pool("2_stride_3_same", strides=(3, 3), padding="same")
        yield f"global_{short}", f"Global{kind}Pooling2D", {}, [SMALL]
        yield f"global_{short}_keepdims", f"Global{kind}Pooling2D", dict(keepdims=True), [SMALL]


def norms():
    for name, shape in (("image", (4, 3, 2)), ("vector", (6,))):
        for training in (True, False):
            word = "train" if training else "infer"

            def norm(what, **options):
                return (f"norm_{name}_{what}{word}", "BatchNormalization", options, [shape], training)

            yield norm("")
            yield norm("no_center_", center=False)
            yield norm("no_scale_", scale=False)
            yield norm("fast_", momentum=0.9, epsilon=1e-2)
            yield norm("frozen_", trainable=False)


def activations():
    for name in ACTIVATIONS:
        yield f"activation_{name}", "Activation", dict(activation=name), [(3, 2, 3)]
        yield f"conv_{name}", "Conv2D", dict(filters=4, kernel_size=3, activation=name), [(5, 4, 2)]
        yield f"dense_{name}", "Dense", dict(units=5, activation=name), [(6,)]
    yield "relu", "ReLU", {}, [(3, 2, 3)]
    yield "relu_max_1", "ReLU", dict(max_value=1.0), [(3, 2, 3)]
    yield "relu_slope_threshold", "ReLU", dict(negative_slope=0.1, threshold=0.2), [(3, 2, 3)]
    yield "leaky_relu", "LeakyReLU", {}, [(3, 2, 3)]
    yield "leaky_relu_01", "LeakyReLU", dict(alpha=0.1), [(3, 2, 3)]
    yield "softmax", "Softmax", {}, [(7,)]
    yield "softmax_axis_1", "Softmax", dict(axis=1), [(3, 2, 3)]


def others():
    yield "dense", "Dense", dict(units=4), [(6,)]
    yield "dense_no_bias", "Dense", dict(units=4, use_bias=False), [(6,)]
    yield "dense_wide", "Dense", dict(units=17), [(33,)]
    yield "dense_on_images", "Dense", dict(units=4), [(3, 2, 5)]  # over the last axis
    yield "flatten", "Flatten", {}, [SMALL]
    yield "flatten_vector", "Flatten", {}, [(6,)]
    yield "reshape", "Reshape", dict(target_shape=(5, 14)), [SMALL]
    yield "reshape_unknown", "Reshape", dict(target_shape=(10, -1)), [SMALL]
    yield "dropout_infer", "Dropout", dict(rate=0.4), [(3, 2, 3)]
    yield "dropout_0_train", "Dropout", dict(rate=0.0), [(3, 2, 3)], True
    yield "padding_1", "ZeroPadding2D", dict(padding=1), [SMALL]
    yield "padding_2x0", "ZeroPadding2D", dict(padding=(2, 0)), [SMALL]
    yield "padding_each", "ZeroPadding2D", dict(padding=((1, 2), (0, 3))), [SMALL]
    yield "add", "Add", {}, [SMALL, SMALL]
    yield "add_3", "Add", {}, [SMALL] * 3
    yield "concatenate", "Concatenate", {}, [(4, 3, 2), (4, 3, 5)]
    yield "concatenate_axis_1", "Concatenate", dict(axis=1), [(4, 3, 2), (2, 3, 2), (1, 3, 2)]
    yield "concatenate_vectors", "Concatenate", {}, [(4,), (1,), (3,)]
    yield "rescaling", "Rescaling", dict(scale=1 / 255), [SMALL]
    yield "rescaling_offset", "Rescaling", dict(scale=2.0, offset=-1.0), [SMALL]


def make_layer(name, class_name, options):
    options = dict(options)
    if keras.__version__ >= "3" and "alpha" in options:
        options["negative_slope"] = options.pop("alpha")
    return getattr(keras.layers, class_name)(name=name, **options)


def weight_values(rng, layer):
    """Random ones: fresh biases are zero and would hide mistakes."""
    for w in layer.weights:
        value = rng.normal(0, 0.5, w.shape)
        if "gamma" in w.name or "moving_variance" in w.name:
            value = 0.5 + rng.random(w.shape)
        yield value.astype(np.float32)


def tf_variable(w):
    return w if isinstance(w, tf.Variable) else w.value  # Keras 3 wraps it


def weight_name(w):
    return w.name.split("/")[-1].split(":")[0]


def add_case(golden, name, class_name, options, shapes, training=False, integers=False):
    seed = list(name.encode())
    rng = np.random.default_rng(seed)
    inputs = [rng.normal(0, 1, (2, *s)).astype(np.float32) for s in shapes]
    if integers:
        inputs = [np.round(x) for x in inputs]
    layer = make_layer(name, class_name, options)
    variables = [tf.Variable(x) for x in inputs]
    layer(inputs[0] if len(inputs) == 1 else inputs)
    layer.set_weights(list(weight_values(rng, layer)))
    before = {weight_name(w): w.numpy() for w in layer.weights}
    with tf.GradientTape() as tape:
        given = [tf.identity(v) for v in variables]
        y = layer(given[0] if len(given) == 1 else given, training=training)
        dy = rng.normal(0, 1, y.shape).astype(np.float32)
        total = tf.reduce_sum(y * dy)
    trained = layer.trainable_weights
    gradients = tape.gradient(total, variables + [tf_variable(w) for w in trained])
    golden.case(name, class_name=class_name, config=config_of(layer), training=training,
                inputs=[f"x{i}" for i in range(len(inputs))], weights=list(before),
                trainable=[weight_name(w) for w in trained])
    for i, x in enumerate(inputs):
        golden.add(f"{name}/x{i}", x)
    for key, value in before.items():
        golden.add(f"{name}/w/{key}", value)
    golden.add(f"{name}/y", y.numpy())
    golden.add(f"{name}/dy", dy)
    for i in range(len(inputs)):
        golden.add(f"{name}/dx{i}", gradients[i].numpy())
    for w, g in zip(trained, gradients[len(inputs):]):
        golden.add(f"{name}/dw/{weight_name(w)}", g.numpy())
    for w in layer.weights:
        if not np.array_equal(w.numpy(), before[weight_name(w)]):
            golden.add(f"{name}/after/{weight_name(w)}", w.numpy())


def config_of(layer):
    """What it computes with; models/*.json have whole configs."""
    config = plain(layer.get_config())
    noise = ("_initializer", "_regularizer", "_constraint")
    return {k: v for k, v in config.items() if not k.endswith(noise)}


def plain(value):
    """Only what JSON has."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value


def make():
    golden = Golden()
    for group in (convolutions, pools, norms, activations, others):
        for case in group():
            add_case(golden, *case)
    add_case(golden, "max_pool_ties", "MaxPooling2D", dict(pool_size=3, strides=2), [SMALL], integers=True)
    return golden
