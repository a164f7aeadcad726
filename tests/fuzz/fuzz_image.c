/* Fuzzes the decoders: any bytes give an image or an error, and the header alone never says other
 * than the whole. The size chooses the channels; seed the corpus with tests/unit/data/?*.jpg. */
#include "image/image.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int channels[] = {0, 1, 3};
    int wanted = channels[size % 3];
    pn_image_info info;
    pn_error error;
    pn_tensor *image = NULL;
    pn_status probed = pn_image_probe(data, size, "x", NULL, &info, &error);
    /* Huge images are valid; they only make the fuzzer slow. */
    if (probed == PN_OK && info.height * info.width > 1 << 16) return 0;
    if (pn_image_decode(data, size, "x", wanted, &image, &error) != PN_OK) return 0;
    if (probed != PN_OK || image->shape[0] != info.height || image->shape[1] != info.width) abort();
    pn_tensor_release(image);
    return 0;
}
