/* Tensors: N dimensions, row-major, reference-counted storage shared by views.
 * A pn_tensor is itself a small reference-counted object: "new reference" below means the caller
 * releases it with pn_tensor_release. Parameters are borrowed. dtype, PN_MAX_RANK: pneuma/stage.h
 */
#ifndef PN_TENSOR_TENSOR_H
#define PN_TENSOR_TENSOR_H

#include "base/error.h"
#include "pneuma/stage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pn_storage pn_storage;

typedef struct pn_tensor {
    pn_dtype dtype;
    int rank;                    /* 0 (a single number) to PN_MAX_RANK */
    int64_t shape[PN_MAX_RANK];  /* items along each axis; 0 is allowed */
    int64_t stride[PN_MAX_RANK]; /* in items, not bytes; 0 where an axis is broadcast */
    void *data;                  /* the first item */
    pn_storage *storage;         /* what data points into */
    int references;              /* atomic; do not touch */
} pn_tensor;

/* Bytes of one item: 4, 1, 4. */
size_t pn_dtype_size(pn_dtype dtype);
/* "float32", "uint8", "int32". */
const char *pn_dtype_name(pn_dtype dtype);
/* Reads such a name (also "f32", "u8", "i32"); false when it is none. */
bool pn_dtype_parse(const char *name, pn_dtype *dtype);

/* A new tensor, dense and uninitialised. PN_E_ARGUMENT for a bad rank or negative size,
 * PN_E_MEMORY when it does not fit. */
pn_status pn_tensor_new(pn_dtype dtype, int rank, const int64_t *shape, pn_tensor **out,
                        pn_error *error);
/* As above, filled with zeros. */
pn_status pn_tensor_zeros(pn_dtype dtype, int rank, const int64_t *shape, pn_tensor **out,
                          pn_error *error);

/* A dense tensor over memory that somebody else owns; release(owner) is called when the last view
 * is gone (also when this function fails). */
pn_status pn_tensor_wrap(pn_dtype dtype, int rank, const int64_t *shape, void *data,
                         void (*release)(void *owner), void *owner, pn_tensor **out,
                         pn_error *error);

/* Takes another reference; returns its argument. */
pn_tensor *pn_tensor_retain(pn_tensor *tensor);
/* Gives one reference back; NULL is fine. Safe from any thread. */
void pn_tensor_release(pn_tensor *tensor);

/* Says that something was written into the storage after it was made, as the functions that work in
 * place do; and how often that was. Who keeps what he made of a tensor sees by it whether it is
 * still true. */
void pn_tensor_touch(const pn_tensor *tensor);
unsigned long pn_tensor_writes(const pn_tensor *tensor);

int64_t pn_tensor_count(const pn_tensor *tensor); /* items: the product of the shape */
size_t pn_tensor_bytes(const pn_tensor *tensor);  /* count times item size */
bool pn_tensor_is_dense(const pn_tensor *tensor); /* row-major without gaps */
bool pn_tensor_same_shape(const pn_tensor *a, const pn_tensor *b);

/* A view with other shape and strides on the same storage; `offset` in items from tensor->data.
 * The caller guarantees that it stays inside. New reference. */
pn_status pn_tensor_view(const pn_tensor *tensor, int rank, const int64_t *shape,
                         const int64_t *stride, int64_t offset, pn_tensor **out, pn_error *error);

/* The same items under another shape (one size may be -1: what is left): a view where that is
 * possible, else a copy. PN_E_SHAPE when the counts differ. New reference. */
pn_status pn_tensor_reshape(const pn_tensor *tensor, int rank, const int64_t *shape,
                            pn_tensor **out, pn_error *error);

/* A dense tensor with the same items: `tensor` itself (retained) where it is dense already. */
pn_status pn_tensor_dense(pn_tensor *tensor, pn_tensor **out, pn_error *error);

/* A dense copy in another (or the same) dtype. float32 to an integer truncates toward zero and
 * saturates, NaN gives 0; int32 to uint8 saturates. New reference. */
pn_status pn_tensor_cast(const pn_tensor *tensor, pn_dtype dtype, pn_tensor **out, pn_error *error);

/* Copies the items of `from` into `into`, broadcasting and casting. PN_E_SHAPE names both. */
pn_status pn_tensor_copy_into(pn_tensor *into, const pn_tensor *from, pn_error *error);

/* Writes "(224, 224, 3)", as Python prints a shape, into text[size]; returns text. */
const char *pn_shape_text(int rank, const int64_t *shape, char *text, size_t size);
enum { PN_SHAPE_TEXT = 192 };

/* The pn_array (pneuma/stage.h) of a dense tensor: borrowed, valid while the tensor is. */
pn_array pn_tensor_array(const pn_tensor *tensor);

#endif
