#include "kernels/norm_parts.h"
#include "kernels/simd/vector.h"

enum { BLOCK = 64 }; /* rows that are summed in single precision */

void PN_LEVEL(pn_norm_apply_rows)(const pn_norm *n, const float *x, float *out, int64_t begin,
                                  int64_t end) {
    const int64_t channels = n->channels;
    for (int64_t r = begin; r < end; r++)
        for (int64_t c = 0; c < channels; c += LANES) {
            vf v = vf_load_at(x + r * channels, c, channels) - vf_load_at(n->mean, c, channels);
            v = vf_fma(v, vf_load_at(n->factor, c, channels), vf_load_at(n->offset, c, channels));
            vf_store_at(out + r * channels, c, channels, n->relu ? vf_relu(v) : v);
        }
}

/* Rows begin <= r < end of the channels from c on. */
static void sum_block(const pn_norm *n, const float *d, const float *y, const float *x, int64_t c,
                      int64_t begin, int64_t end, double *sums) {
    const int64_t channels = n->channels;
    const vf mean = vf_load_at(n->mean, c, channels);
    vf sum = {0}, product = {0};
    for (int64_t r = begin; r < end; r++) {
        vf v = vf_load_at(d + r * channels, c, channels);
        if (y) v = vf_where(vf_load_at(y + r * channels, c, channels) > (vf){0}, v);
        sum += v;
        product = vf_fma(v, vf_load_at(x + r * channels, c, channels) - mean, product);
    }
    const int64_t count = c + LANES <= channels ? LANES : channels - c;
    float a[LANES], b[LANES];
    vf_store(a, sum);
    vf_store(b, product);
    for (int64_t l = 0; l < count; l++) sums[c + l] += a[l];
    for (int64_t l = 0; l < count; l++) sums[channels + c + l] += b[l];
}

void PN_LEVEL(pn_norm_sum_rows)(const pn_norm *n, const float *d, const float *y, const float *x,
                                int64_t begin, int64_t end, double *sums) {
    for (int64_t r = begin; r < end; r += BLOCK)
        for (int64_t c = 0; c < n->channels; c += LANES)
            sum_block(n, d, y, x, c, r, r + BLOCK < end ? r + BLOCK : end, sums);
}
