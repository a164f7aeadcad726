/* Batches of image files. */
#ifndef PN_DATA_IMAGE_SOURCE_H
#define PN_DATA_IMAGE_SOURCE_H

#include "data/sampling.h"
#include "kernels/resize.h"

/* What the targets are. */
typedef enum pn_class_mode {
    PN_CLASS_NONE = 0,    /* nothing: y_size is 0 */
    PN_CLASS_BINARY,      /* the class's number, 0 or 1 */
    PN_CLASS_SPARSE,      /* the class's number */
    PN_CLASS_CATEGORICAL, /* a 1 in the class's place among zeros */
    PN_CLASS_INPUT,       /* the image itself */
} pn_class_mode;

/* How files are read. A stage reads through its host, so that the cache knows what was read. Both
 * functions are called from several threads at once. */
typedef struct pn_file_reader {
    pn_status (*read)(void *context, const char *path, void **data, size_t *size, pn_error *error);
    void (*free)(void *context, void *data);
    void *context;
} pn_file_reader;

typedef struct pn_image_options {
    int64_t height, width; /* what all images are resized to */
    int channels;          /* 1 (grey) or 3 (RGB) */
    pn_filter filter;
    pn_class_mode class_mode;
    int64_t classes;    /* how many there are; every label is below */
    size_t cache_bytes; /* decoded images are kept up to this */
    pn_sampling sampling;
    pn_file_reader reader; /* read = NULL: straight from the file system */
} pn_image_options;

/* A source over paths[count] and label[count] (each from 0; NULL when class_mode needs none, then
 * pn_batch.label is -1). Both are copied. Images are kept as 8 bits, resized, so that the second
 * epoch decodes nothing. The files of a batch are read on the pool.
 *
 * A file that cannot be read is skipped, which makes its batch smaller (even empty), and kept for
 * pn_image_source_failures. When none at all can be read, fill() fails with the first one's reason.
 * PN_E_ARGUMENT, PN_E_MEMORY. */
pn_status pn_image_source_new(const char *const *paths, const int32_t *label, int64_t count,
                              const pn_image_options *options, pn_source **out, pn_error *error);

/* A file that could not be read. The strings live as long as the source. */
typedef struct pn_source_failure {
    int64_t index; /* of the sample, from 0 */
    const char *path, *reason;
} pn_source_failure;

/* How many files of an image source have failed so far (0 for other sources), and number `from`
 * (from 0) and those after it into failures[room], in the order in which the batches met them.
 * Safe while another thread fills batches. pn_source_failures (data/source_config.h) also looks
 * behind a prefetching source. */
int64_t pn_image_source_failures(pn_source *source, int64_t from, pn_source_failure *failures,
                                 int64_t room);

#endif
