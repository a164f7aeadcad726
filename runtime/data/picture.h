/* From a file's bytes to the image that a batch takes. */
#ifndef PN_DATA_PICTURE_H
#define PN_DATA_PICTURE_H

#include "kernels/resize.h"
#include "tensor/tensor.h"

/* Decodes bytes[size] to uint8 (height,width) or (height,width,3): channels 1 makes it grey,
 * channels 3 leaves it as stored, so that grey files stay small. Files of 16 bits are brought to 8
 * first. Statuses as pn_image_decode; `name` is the file's, for messages. New reference. */
pn_status pn_picture_decode(const void *bytes, size_t size, const char *name, int channels,
                            int64_t height, int64_t width, pn_filter filter, pn_tensor **out,
                            pn_error *error);

/* The same for an image that pn_image_decode has given already, grey or as stored. New reference.
 */
pn_status pn_picture_fit(pn_tensor *image, int64_t height, int64_t width, pn_filter filter,
                         pn_tensor **out, pn_error *error);

#endif
