"""Writes tests/unit/data/generator.golden: small images and what Keras's ImageDataGenerator makes of
them, and image files as Keras loads them. Needs Keras 2.15 with SciPy and Pillow; see README.md for
the form of such files and how to run it."""

import io
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
from keras.src.preprocessing import image as keras_image
from keras.utils import img_to_array, load_img
from PIL import Image

DATA = pathlib.Path(__file__).resolve().parents[1] / "unit" / "data"
MODES = ["nearest", "constant", "reflect", "wrap"]

# Keras hands (height, width) to a function of (x, y), so that it turns images that are not square
# about another point than their centre. Pneuma takes the centre.
offset_center = keras_image.transform_matrix_offset_center
keras_image.transform_matrix_offset_center = lambda matrix, x, y: offset_center(matrix, y, x)


def write_image(file, image):
    file.write(b"image %d %d %d\n" % image.shape + image.tobytes())


def write_transform(file, image, mode, cval=0.0, **parameters):
    generator = keras_image.ImageDataGenerator(fill_mode=mode, cval=cval)
    result = generator.apply_transform(image.astype(np.float32), parameters)
    names = ["theta", "tx", "ty", "shear"]
    values = [parameters.get(name, 0) for name in names]
    values += [parameters.get(name, 1) for name in ("zx", "zy")]
    values += [parameters.get(name, 0) for name in
               ("flip_horizontal", "flip_vertical", "channel_shift_intensity")]
    values += [parameters.get("brightness", -1), cval]
    file.write(("transform %d " % MODES.index(mode) + " ".join("%.17g" % v for v in values)
                + "\n").encode())
    file.write(np.ascontiguousarray(result, dtype="<f4").tobytes())


def write_transforms(file, rng):
    for shape in ((12, 12, 1), (3, 66, 1), (7, 6, 3), (1, 6, 1)):
        image = rng.integers(0, 256, shape).astype(np.uint8)
        write_image(file, image)
        for number, mode in enumerate(MODES):
            write_transform(file, image, mode, theta=30 + 50 * number, cval=77)
            write_transform(file, image, mode, tx=2.5, ty=-1.25, cval=-3)
            write_transform(file, image, mode, tx=-37.6, ty=40.7, theta=-8)
            write_transform(file, image, mode, theta=rng.uniform(-180, 180),
                            tx=rng.uniform(-4, 4), ty=rng.uniform(-4, 4),
                            shear=rng.uniform(-30, 30), zx=rng.uniform(0.6, 2),
                            zy=rng.uniform(0.6, 2), flip_horizontal=number % 2 == 0,
                            flip_vertical=number >= 2)
        write_transform(file, image, "nearest", shear=20)
        write_transform(file, image, "nearest", zx=0.5, zy=0.8)
        write_transform(file, image, "nearest", channel_shift_intensity=61.5)
        write_transform(file, image, "nearest", channel_shift_intensity=-40.25,
                        flip_horizontal=True, flip_vertical=True)
        for brightness in (0.0, 0.37, 1.0, 1.9):
            write_transform(file, image, "nearest", brightness=brightness)
        # a value beyond 0..255 comes in at the edges: brightness works on the image's own range
        write_transform(file, image, "constant", tx=1, cval=-90, brightness=0.8)
        write_transform(file, image, "constant", tx=1, cval=300, brightness=1.3)


def write_standardized(file, rng):
    images = rng.integers(0, 256, (3, 6, 5, 3)).astype(np.uint8)
    cases = [dict(rescale=1 / 255), dict(samplewise_center=True),
             dict(samplewise_std_normalization=True, rescale=1 / 127.5),
             dict(featurewise_center=True, rescale=1 / 255),
             dict(featurewise_std_normalization=True)]
    for options in cases:
        generator = keras_image.ImageDataGenerator(**options)
        generator.fit(images)
        text = ["%s=%.17g" % item for item in options.items()]
        file.write(("standardize 3 6 5 3 " + " ".join(text) + "\n").encode() + images.tobytes())
        results = [generator.standardize(image.astype(np.float32)) for image in images]
        file.write(np.stack(results).astype("<f4").tobytes())


def write_loaded(file, rng):
    smooth = np.add.outer(np.arange(13) * 9, np.arange(17) * 7)
    gray = Image.fromarray(smooth.astype(np.uint8))
    color = Image.fromarray(rng.integers(0, 256, (10, 7, 3)).astype(np.uint8))
    for picture in (gray, color):
        for mode in ("rgb", "grayscale"):
            for height, width in ((8, 6), (20, 21)):
                data = io.BytesIO()
                picture.save(data, "PNG")
                loaded = load_img(data, color_mode=mode, target_size=(height, width))
                array = img_to_array(loaded)
                file.write(b"load %d %d %d %d\n" % (len(data.getvalue()), *array.shape))
                file.write(data.getvalue() + array.astype(np.uint8).tobytes())


def main():
    rng = np.random.default_rng(15)
    path = DATA / "generator.golden"
    with open(path, "wb") as file:
        write_transforms(file, rng)
        write_standardized(file, rng)
        write_loaded(file, rng)
    print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
