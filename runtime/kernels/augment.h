/* Random changes of training images, as Keras's ImageDataGenerator makes them (compared with 2.15):
 * images of float32 items, rows (H,W,C) without gaps, usually from 0 to 255. Nothing here
 * allocates or draws random numbers. */
#ifndef PN_KERNELS_AUGMENT_H
#define PN_KERNELS_AUGMENT_H

#include <stdint.h>

/* What stands beyond the edges, where the row is "a b c d". */
typedef enum pn_fill_mode {
    PN_FILL_NEAREST = 0, /* a a | a b c d | d d */
    PN_FILL_CONSTANT,    /* k k | a b c d | k k: a value; nothing is mixed with it */
    PN_FILL_REFLECT,     /* b a | a b c d | d c */
    PN_FILL_WRAP,        /* c | a b c d | b: the last item and the first are the same place */
} pn_fill_mode;

/* From where the item at (row, column) of the result comes: position matrix * (row, column) +
 * offset of the image. */
typedef struct pn_affine {
    double matrix[2][2], offset[2];
} pn_affine;

/* How to move an image. Zero (and one for the zooms) leaves it as it is. */
typedef struct pn_motion {
    double theta;          /* turn, in degrees */
    double tx, ty;         /* shift along columns and rows, in pixels */
    double shear;          /* in degrees */
    double zoom_x, zoom_y; /* of columns and rows; below 1 makes things larger */
} pn_motion;

/* The map of rotation * shift * shear * zoom, in this order, about the centre of an image of
 * height x width: keras.preprocessing.image.apply_affine_transform. (Keras takes another point
 * than the centre when the image is not square; here it is the centre always.) */
void pn_augment_affine_map(const pn_motion *motion, int64_t height, int64_t width, pn_affine *map);

/* Moves an image (height,width,channels) into `out`, of the same shape and apart from it, by
 * linear interpolation: scipy.ndimage.affine_transform with order=1. `value` is for
 * PN_FILL_CONSTANT. height * width * channels is at most INT32_MAX. */
void pn_augment_affine(const pn_affine *map, pn_fill_mode fill, float value, int64_t height,
                       int64_t width, int channels, const float *in, float *out);

/* In place: left to right, and top to bottom. */
void pn_augment_flip_columns(int64_t height, int64_t width, int channels, float *x);
void pn_augment_flip_rows(int64_t height, int64_t width, int channels, float *x);

/* In place: adds `intensity`, limited to what x[count] ranges over before. */
void pn_augment_channel_shift(float intensity, int64_t count, float *x);

/* In place: multiplies by `factor` (0 or more) as Pillow does on images of 8 bits, so items become
 * whole numbers, at most 255. Where x[count] leaves 0..255 its range is first spread over 0..255,
 * and back afterwards. */
void pn_augment_brightness(float factor, int64_t count, float *x);

/* The mean and the standard deviation (of the population) of every stride-th item of x, beginning
 * with the first; `count` items. */
void pn_augment_moments(const float *x, int64_t count, int64_t stride, double *mean,
                        double *deviation);

/* In place: x = (x - mean[c]) / divisor[c] for items (pixels,channels). */
void pn_augment_standardize(int64_t pixels, int channels, const float *mean, const float *divisor,
                            float *x);

/* In place, from the first `pixels` items of x: each becomes `channels` equal ones. */
void pn_augment_repeat(int64_t pixels, int channels, float *x);

#endif
