/* Tensors as text, as NumPy's str() writes arrays (NumPy 2.4, float32). */
#ifndef PN_TENSOR_FORMAT_H
#define PN_TENSOR_FORMAT_H

#include "base/text.h"
#include "tensor/tensor.h"

/* As numpy.set_printoptions. */
typedef struct pn_format {
    int precision;     /* most digits after the point, 0 to 40; 8 */
    int64_t threshold; /* more items than this are summed up with "..."; 1000 */
    int edge_items;    /* shown at each end of an axis then, 1 or more; 3 */
    int line_width;    /* 75 */
    bool suppress;     /* no powers of ten because of small numbers */
} pn_format;

extern const pn_format pn_format_default;

/* Appends the text to *text. PN_E_MEMORY when it does not fit. */
pn_status pn_tensor_format(const pn_tensor *x, const pn_format *format, pn_text *text,
                           pn_error *error);

#endif
