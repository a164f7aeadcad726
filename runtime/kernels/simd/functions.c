#include "kernels/simd/functions.h"

#include "kernels/functions_parts.h"

#define FUNCTION(name)                                                                             \
    void PN_LEVEL(pn_##name)(float *out, const float *x, int64_t n) {                              \
        for (int64_t i = 0; i < n; i += LANES)                                                     \
            vf_store_at(out, i, n, vf_##name(vf_load_at(x, i, n)));                                \
    }

FUNCTION(exp)
FUNCTION(log)
FUNCTION(tanh)
FUNCTION(sigmoid)
