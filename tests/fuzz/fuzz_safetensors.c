/* Fuzzes the reader of safetensors files: any bytes give a file or an error, and every tensor of a
 * file lies inside it. Bytes that begin with '{' are a header, a new line and data, to which the
 * length is added, since a fuzzer hardly hits it. Seed the corpus with
 * tests/unit/data/official.safetensors. */
#include "nn/file/safetensors.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void take_all(pn_safetensors *file, const char *data, size_t size) {
    for (size_t i = 0; i < pn_safetensors_count(file); i++) {
        const pn_safetensors_entry *e = pn_safetensors_at(file, i);
        const char *begin = e->data;
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

static void try_bytes(char *data, size_t size) {
    pn_safetensors *file = NULL;
    pn_error error;
    if (pn_safetensors_parse(data, size, "x", NULL, NULL, &file, &error) != PN_OK) return;
    take_all(file, data, size);
    pn_safetensors_release(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || *data != '{') {
        try_bytes((char *)data, size);
        return 0;
    }
    const uint8_t *line = memchr(data, '\n', size);
    size_t length = line ? (size_t)(line - data) : size, rest = size - length - (line != NULL);
    char *bytes = malloc(8 + length + rest);
    if (!bytes) abort();
    for (int i = 0; i < 8; i++) bytes[i] = (char)((uint64_t)length >> 8 * i & 255);
    memcpy(bytes + 8, data, length);
    if (rest) memcpy(bytes + 8 + length, line + 1, rest);
    try_bytes(bytes, 8 + length + rest);
    free(bytes);
    return 0;
}
