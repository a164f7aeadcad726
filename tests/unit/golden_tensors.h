/* Reads golden files in safetensors format: arrays of other software by name, and a JSON text for
 * each case, written by tests/peers/goldens_nn.py. */
#ifndef PN_TESTS_UNIT_GOLDEN_TENSORS_H
#define PN_TESTS_UNIT_GOLDEN_TENSORS_H

#include "test.h"

#include "base/file.h"
#include "base/memory.h"
#include "nn/file/safetensors.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static inline pn_safetensors *tensors_open(const char *name) {
    char path[PN_PATH];
    pn_error error;
    pn_safetensors *file;
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    if (pn_safetensors_open(path, &file, &error) != PN_OK) fail_msg("%s", error.message);
    return file;
}

static inline bool tensors_have(pn_safetensors *file, const char *name, const char *field) {
    char key[200];
    snprintf(key, sizeof key, "%s/%s", name, field);
    return pn_safetensors_find(file, key) >= 0;
}

/* The array NAME/FIELD as float32, copied; release with pn_tensor_release. */
static inline pn_tensor *tensors_take(pn_safetensors *file, const char *name, const char *field) {
    char key[200];
    pn_error error;
    pn_tensor *raw, *out;
    snprintf(key, sizeof key, "%s/%s", name, field);
    int64_t at = pn_safetensors_find(file, key);
    if (at < 0) fail_msg("the golden file has no %s", key);
    assert_int_equal(pn_safetensors_tensor(file, (size_t)at, &raw, &error), PN_OK);
    assert_int_equal(pn_tensor_cast(raw, PN_F32, &out, &error), PN_OK);
    pn_tensor_release(raw);
    return out;
}

static inline float *numbers(const pn_tensor *tensor) {
    return tensor->data;
}

/* The JSON of a case; release with json_decref. */
static inline json_t *tensors_case(pn_safetensors *file, const char *name) {
    const char *text = pn_safetensors_metadata(file, name);
    if (!text) fail_msg("the golden file has no case %s", name);
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

/* Within `tolerance`, relative where the wanted number exceeds 1. */
static inline void assert_near(const char *name, const char *what, int64_t at, double got,
                               double wanted, double tolerance) {
    double scale = fabs(wanted) > 1 ? fabs(wanted) : 1;
    if (!(fabs(got - wanted) <= tolerance * scale))
        fail_msg("%s: %s %lld is %.9g, not %.9g", name, what, (long long)at, got, wanted);
}

#endif
