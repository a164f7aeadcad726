/* Reading many images at once. */
#ifndef PN_DATA_DECODE_LIST_H
#define PN_DATA_DECODE_LIST_H

#include "base/error.h"
#include "tensor/tensor.h"

/* What became of one file: `image` (a new reference) when `status` is PN_OK, else `error` says what
 * is wrong. */
typedef struct pn_decoded {
    pn_status status;
    pn_tensor *image;
    pn_error error;
} pn_decoded;

/* Reads paths[count] in parallel into out[count], in order. channels: as pn_image_decode. Files
 * that cannot be read do not stop the others; files not begun when the user cancels are
 * PN_E_CANCELLED. */
void pn_decode_list(const char *const *paths, int64_t count, int channels, pn_decoded *out);

/* Releases the images in list[count]. */
void pn_decode_list_release(pn_decoded *list, int64_t count);

#endif
