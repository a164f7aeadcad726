/* Fuzzes the reader of safetensors files: any bytes give a file or an error, and every tensor of a
 * file lies inside it. Seed the corpus with tests/unit/data/official.safetensors. */
#include "nn/safetensors.h"

#include <stdint.h>
#include <stdlib.h>

static void take_all(pn_safetensors *file, const uint8_t *data, size_t size) {
    for (size_t i = 0; i < pn_safetensors_count(file); i++) {
        const pn_safetensors_entry *e = pn_safetensors_at(file, i);
        const uint8_t *begin = e->data;
        pn_tensor *tensor = NULL;
        if (begin < data || begin > data + size || e->size > (size_t)(data + size - begin)) abort();
        if (pn_safetensors_tensor(file, i, &tensor, NULL) != PN_OK) continue;
        int64_t used = 0;
        for (size_t at = 0; at < pn_tensor_bytes(tensor); at++)
            used += ((uint8_t *)tensor->data)[at];
        if (used < 0) abort();
        pn_tensor_release(tensor);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pn_safetensors *file = NULL;
    pn_error error;
    if (pn_safetensors_parse((void *)data, size, "x", NULL, NULL, &file, &error) != PN_OK) return 0;
    take_all(file, data, size);
    pn_safetensors_release(file);
    return 0;
}
