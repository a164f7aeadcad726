#include "data/decode_list.h"

#include "base/cancel.h"
#include "base/pool.h"
#include "image/image.h"

typedef struct reading {
    const char *const *paths;
    int channels;
    pn_decoded *out;
} reading;

static void read_some(void *context, int64_t begin, int64_t end) {
    const reading *r = context;
    for (int64_t i = begin; i < end; i++) {
        pn_decoded *d = &r->out[i];
        d->image = NULL;
        d->status = pn_cancelled() ? pn_fail(&d->error, PN_E_CANCELLED, "cancelled")
                                   : pn_image_read(r->paths[i], r->channels, &d->image, &d->error);
    }
}

void pn_decode_list(const char *const *paths, int64_t count, int channels, pn_decoded *out) {
    reading r = {paths, channels, out};
    pn_parallel_for_each(count, read_some, &r);
}

void pn_decode_list_release(pn_decoded *list, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        pn_tensor_release(list[i].image);
        list[i].image = NULL;
    }
}
