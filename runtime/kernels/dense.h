/* Dense layers: products of rows with a matrix of weights that is read from memory once, whatever
 * the number of rows (up to 64; more go 64 at a time). Nothing is allocated here; the same number
 * of lanes gives the same bits, and the backward direction the same for any. */
#ifndef PN_KERNELS_DENSE_H
#define PN_KERNELS_DENSE_H

#include <stdint.h>

/* Floats of scratch that either direction wants when it uses `lanes` threads. */
int64_t pn_dense_scratch(int64_t rows, int64_t in, int64_t out, int lanes);

/* y (rows, out) = x (rows, in) times w (in, out) + bias (out), which may be NULL. For a single row
 * the weights of inputs that are 0 are not read: what is not finite there does not reach y. */
void pn_dense_forward(int64_t rows, int64_t in, int64_t out, const float *x, const float *w,
                      const float *bias, float *y, int lanes, float *scratch);

/* Takes the gradient by w as it is computed: `count` items from `offset` on. Called from the pool's
 * threads at once, for parts that do not overlap. */
typedef struct pn_dense_update {
    void (*update)(void *context, int64_t offset, int64_t count, const float *gradient);
    void *context;
} pn_dense_update;

/* From d_y (rows, out): overwrites d_x (rows, in) unless it is NULL; adds to d_w (in, out) and
 * d_bias (out) unless they are NULL. With `update` the gradient by w goes there, not into d_w; w is
 * read before, so that update() may change those items of it. x may be NULL with neither, w without
 * d_x. Sums over rows run from the first to the last. */
void pn_dense_backward(int64_t rows, int64_t in, int64_t out, const float *x, const float *w,
                       const float *d_y, float *d_x, float *d_w, float *d_bias,
                       const pn_dense_update *update, int lanes, float *scratch);

#endif
