"""model_NAME.json and summary_NAME.txt: models as Keras 2.15 writes and prints them; model3_NAME.json
as Keras 3 writes the same ones. See goldens_nn.py."""

import keras

from golden_file import DATA

layers = keras.layers


def scratch():
    """The seed's own network: 9,680,449 parameters."""
    stack = [keras.Input((224, 224, 3))]
    for filters in (32, 64, 128, 128):
        stack += [layers.Conv2D(filters, 3, activation="relu"), layers.BatchNormalization(),
                  layers.MaxPooling2D(2)]
    stack += [layers.Flatten(), layers.Dense(512, activation="relu"), layers.Dropout(0.5),
              layers.Dense(1, activation="sigmoid")]
    return keras.Sequential(stack)


def vgg_face():
    """VGG-Face in DeepFace's layout, cut at its descriptor, the second layer of 4096."""
    stack = [keras.Input((224, 224, 3))]
    for filters, times in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(times):
            stack += [layers.ZeroPadding2D(1), layers.Conv2D(filters, 3, activation="relu")]
        stack.append(layers.MaxPooling2D(2, strides=2))
    stack += [layers.Conv2D(4096, 7, activation="relu"), layers.Dropout(0.5),
              layers.Conv2D(4096, 1, activation="relu")]
    model = keras.Sequential(stack)
    model = keras.Model(model.inputs, model.outputs)
    model.trainable = False
    return model


def transfer():
    """The frozen network as one layer of another."""
    return keras.Sequential([vgg_face(), layers.Flatten(), layers.Dense(512, activation="relu"),
                             layers.Dropout(0.5), layers.Dense(1, activation="sigmoid")])


def transfer_flat():
    """The same, grown onto the frozen network: its layers are this model's."""
    base = vgg_face()
    for layer in base.layers:
        layer.trainable = False
    x = layers.Dense(512, activation="relu")(layers.Flatten()(base.output))
    return keras.Model(base.input, layers.Dense(1, activation="sigmoid")(layers.Dropout(0.5)(x)))


def functional():
    """Branches that meet, two inputs, all the smaller layers."""
    image, extra = keras.Input((20, 16, 3), name="image"), keras.Input((5,))
    x = layers.Rescaling(1 / 127.5, offset=-1)(image)
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.LeakyReLU()(x)
    y = layers.Conv2D(8, (3, 5), padding="same", activation="tanh")(x)
    x = layers.Add()([x, y])
    a = layers.AveragePooling2D(2)(x)
    b = layers.Conv2D(4, 1, strides=2, name="shortcut")(x)
    x = layers.Concatenate()([a, b, a])
    x = layers.Activation("relu")(x)
    x = layers.ZeroPadding2D(((1, 0), (0, 1)))(x)
    x = layers.Concatenate(name="both")([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x), extra])
    x = layers.Reshape((5, 9))(x)
    x = layers.Softmax(axis=1)(layers.ReLU(max_value=6.0)(x))
    return keras.Model([image, extra], layers.Dense(3, activation="softmax")(layers.Flatten()(x)), name="branches")


def wrapped():
    """Names too long for their column, and one as long as it."""
    image = keras.Input((64, 64, 3), name="an_image_of_a_chest_seen_from_the_front")
    x = layers.Conv2D(1024, 3, name="the_first_convolution_of_them_all")(image)
    y = layers.Conv2D(1024, 3, name="another_convolution_whose_name_goes_on_and_on_and_on", padding="same")(x)
    x = layers.Add(name="the_sum_of_both_convolutions")([x, y])
    x = layers.GlobalAveragePooling2D(name="global_average_pooling_over_everything")(x)
    return keras.Model(image, layers.Dense(1, name="d")(x), name="a_model_with_a_rather_long_name_of_its_own")


def wrapped_sequential():
    return keras.Sequential([
        keras.Input((64, 64, 3)),
        layers.Conv2D(100, 3, name="convolution_of_ten"),
        layers.BatchNormalization(name="a_batch_normalization_with_a_name_of_many_words"),
        layers.GlobalAveragePooling2D(name="averagingwithoutanyunderscoreatall"),
        layers.Dense(3, name="exactly_as_wide_as_its"),
    ], name="wrapped")


def tiny():
    """A size in bytes, and a layer that is not trained."""
    model = keras.Sequential([keras.Input((2,)), layers.Dense(2), layers.Dense(1)], name="tiny")
    model.layers[0].trainable = False
    return model


MODELS = [scratch, transfer, transfer_flat, functional, wrapped, wrapped_sequential, tiny]
IN_KERAS_3 = [scratch, functional, tiny]


def write():
    new = keras.__version__ >= "3"
    for build in IN_KERAS_3 if new else MODELS:
        keras.backend.clear_session()
        model = build()
        (DATA / f"model{'3' if new else ''}_{build.__name__}.json").write_text(model.to_json())
        if not new:
            lines = []
            model.summary(print_fn=lines.append)
            (DATA / f"summary_{build.__name__}.txt").write_text("\n".join(lines) + "\n")
