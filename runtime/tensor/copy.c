/* Copying with broadcasting and conversion between dtypes. */
#include "kernels/elementwise.h"
#include "tensor/walk.h"

#include <string.h>

typedef struct dtypes {
    pn_dtype to, from;
} dtypes;

static void copy_row(void *context, char *const *data, const int64_t *stride, int64_t n) {
    const dtypes *d = context;
    if (d->to == d->from && stride[0] == 1 && stride[1] == 1)
        memmove(data[0], data[1], (size_t)n * pn_dtype_size(d->to));
    else
        pn_kernel_convert(d->to, data[0], stride[0], d->from, data[1], stride[1], n);
}

pn_status pn_tensor_copy_into(pn_tensor *into, const pn_tensor *from, pn_error *error) {
    pn_walk walk;
    dtypes d = {into->dtype, from->dtype};
    pn_status status = pn_walk_start(&walk, (const pn_tensor *[]){into, from}, 2, error);
    if (status != PN_OK) return status;
    pn_tensor_touch(into);
    if (into->storage != from->storage || !from->storage) {
        pn_walk_all(&walk, copy_row, &d);
        return PN_OK;
    }
    /* Views of the same items: what is written must not be read again. */
    pn_tensor *apart = NULL;
    status = pn_tensor_cast(from, from->dtype, &apart, error);
    if (status == PN_OK) status = pn_tensor_copy_into(into, apart, error);
    pn_tensor_release(apart);
    return status;
}
