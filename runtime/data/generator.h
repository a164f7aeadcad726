/* ImageDataGenerator: which random changes training images get, and how all images are scaled. */
#ifndef PN_DATA_GENERATOR_H
#define PN_DATA_GENERATOR_H

#include "base/error.h"
#include "base/random.h"
#include "kernels/augment.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { PN_GENERATOR_CHANNELS = 16, PN_GENERATOR_CHOICES = 16 };

/* How far images are shifted along an axis, from what the user wrote. */
typedef struct pn_shift_range {
    enum {
        PN_SHIFT_UNIFORM = 0, /* 0.2: a fifth of the size at most; 1.0 and more: pixels */
        PN_SHIFT_WHOLE,       /* 5: whole pixels from -4 to 4 */
        PN_SHIFT_LIST,        /* {1, 3}: one of these numbers, of either sign */
    } kind;
    int count; /* of the list */
    double number[PN_GENERATOR_CHOICES];
} pn_shift_range;

/* Keras's options under Keras's names. All zero but for those that say otherwise. */
typedef struct pn_generator {
    bool featurewise_center, samplewise_center;
    bool featurewise_std_normalization, samplewise_std_normalization;
    double rotation_range; /* degrees */
    pn_shift_range width_shift_range, height_shift_range;
    bool has_brightness;
    double brightness_range[2];
    double shear_range;   /* degrees */
    double zoom_range[2]; /* 1, 1 */
    double channel_shift_range;
    pn_fill_mode fill_mode;
    double cval;
    bool horizontal_flip, vertical_flip;
    double rescale; /* 0: none */
    double validation_split;
    int channels; /* of the mean and deviation that fitting found; 0 before */
    float mean[PN_GENERATOR_CHANNELS], std[PN_GENERATOR_CHANNELS];
} pn_generator;

/* Keras's presets: nothing is changed. */
void pn_generator_preset(pn_generator *generator);

/* Reads a JSON object whose fields are Keras's options (what is missing keeps its preset, null is
 * missing), and "mean" and "std" as fitting found them. PN_E_ARGUMENT names the option, what was
 * expected and what came; an unknown option gets a suggestion. */
pn_status pn_generator_read(json_t *options, pn_generator *generator, pn_error *error);

/* The object that pn_generator_read reads, every option in it; NULL when memory is out. New
 * reference. */
json_t *pn_generator_json(const pn_generator *generator);

/* PN_E_ARGUMENT when images of so many channels cannot be changed like this, or when featurewise
 * options still lack the mean that fitting finds. PN_E_UNSUPPORTED for images beyond INT32_MAX
 * items. */
pn_status pn_generator_check(const pn_generator *generator, int64_t height, int64_t width,
                             int64_t channels, pn_error *error);

/* Sets mean and deviation of each channel from images[count] of (pixels,channels) items, rescaled
 * as the generator says, as Keras's fit() does. */
void pn_generator_fit(pn_generator *generator, const float *images, int64_t count, int64_t pixels,
                      int channels);

/* ---- one image ---- */

/* The random numbers of one image. */
typedef struct pn_transform {
    pn_motion motion;
    bool flip_horizontal, flip_vertical;
    double channel_shift; /* 0: none */
    bool has_brightness;
    double brightness;
} pn_transform;

/* Draws one. Takes the same count of numbers from the stream whatever the options, so that
 * switching one on leaves the others as they were. */
void pn_generator_draw(const pn_generator *generator, pn_random *random, int64_t height,
                       int64_t width, pn_transform *transform);

/* True when pn_generator_transform interpolates, for which it needs scratch memory. */
bool pn_transform_moves(const pn_transform *transform);

/* Changes an image x(height,width,channels), in place: the affine map, channel shift, flips,
 * brightness, in Keras's order. scratch: as many items, or NULL where the transform does not move.
 */
void pn_generator_transform(const pn_generator *generator, const pn_transform *transform,
                            int64_t height, int64_t width, int channels, float *x, float *scratch);

/* What every image gets, random or not, in place: rescale, samplewise, featurewise. */
void pn_generator_standardize(const pn_generator *generator, int64_t pixels, int channels,
                              float *x);

#endif
