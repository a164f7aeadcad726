"""Keras's contestant that reads a folder of JPEG files: keras_folder.py epoch|transfer FOLDER
MODEL.safetensors SETTING, where SETTING is "xla" (compiled with XLA), "workers" (batches are made by
two threads), or nothing. "go" trains for one epoch."""

import pathlib
import sys

from with_keras import build, keras, tf  # first: it says how TensorFlow is to start

import networks
import protocol

AUGMENTATION = dict(rotation_range=6, zoom_range=0.1, width_shift_range=0.05,
                    height_shift_range=0.05)


class Epoch:
    augmentation = AUGMENTATION

    def __init__(self, folder, model, *setting):
        model = pathlib.Path(model)
        self.network = build(networks.NETWORKS[model.stem], networks.read(model))
        self.freeze()
        self.network.compile("adam", "binary_crossentropy", metrics=["accuracy"],
                             jit_compile="xla" in setting)
        generator = tf.keras.preprocessing.image.ImageDataGenerator(rescale=1 / 255,
                                                                    **self.augmentation)
        self.flow = generator.flow_from_directory(
            folder + "/train", target_size=(networks.SIDE, networks.SIDE), batch_size=16,
            class_mode="binary", seed=1)
        if "workers" in setting:
            self.flow.workers = protocol.THREADS

    def freeze(self):
        pass

    def go(self):
        self.network.fit(self.flow, epochs=1, verbose=0)


class Transfer(Epoch):
    """As the study did: VGG-Face is frozen and runs in every step."""

    augmentation = {}

    def freeze(self):
        for layer in self.network.layers[:-len(networks.head(0))]:
            layer.trainable = False


if __name__ == "__main__":
    work = {"epoch": Epoch, "transfer": Transfer}[sys.argv[1]]
    protocol.serve(lambda: work(*sys.argv[2:]), lambda w: [])
