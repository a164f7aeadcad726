#include "tensor/tensor.h"

#include "base/memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct pn_storage {
    atomic_int references;
    atomic_ulong writes;
    void (*release)(void *owner); /* NULL: owner is pn_alloc memory */
    void *owner;
};

/* ---- dtypes ---- */

static const struct {
    const char *name, *brief;
    size_t size;
} dtypes[] = {
    [PN_F32] = {"float32", "f32", 4},
    [PN_U8] = {"uint8", "u8", 1},
    [PN_I32] = {"int32", "i32", 4},
};

size_t pn_dtype_size(pn_dtype dtype) {
    return dtypes[dtype].size;
}

const char *pn_dtype_name(pn_dtype dtype) {
    return dtypes[dtype].name;
}

bool pn_dtype_parse(const char *name, pn_dtype *dtype) {
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(name, dtypes[i].name) != 0 && strcmp(name, dtypes[i].brief) != 0) continue;
        *dtype = (pn_dtype)i;
        return true;
    }
    return false;
}

/* ---- life ---- */

static void storage_release(pn_storage *storage) {
    if (atomic_fetch_sub(&storage->references, 1) != 1) return;
    if (storage->release)
        storage->release(storage->owner);
    else
        pn_free(storage->owner);
    pn_free(storage);
}

/* Checks rank and shape and counts the items; the product must leave room for byte counts. */
static pn_status check_shape(pn_dtype dtype, int rank, const int64_t *shape, int64_t *count,
                             pn_error *error) {
    char text[PN_SHAPE_TEXT];
    if (rank < 0 || rank > PN_MAX_RANK)
        return pn_fail(error, PN_E_ARGUMENT, "a tensor has 0 to %d axes, not %d", PN_MAX_RANK,
                       rank);
    *count = 1;
    for (int i = 0; i < rank; i++) {
        if (shape[i] < 0)
            return pn_fail(error, PN_E_ARGUMENT, "axis %d of the shape %s is negative", i + 1,
                           pn_shape_text(rank, shape, text, sizeof text));
        if (__builtin_mul_overflow(*count, shape[i], count) ||
            *count > INT64_MAX / 64 / (int64_t)pn_dtype_size(dtype))
            return pn_fail(error, PN_E_MEMORY, "a tensor of shape %s is too large",
                           pn_shape_text(rank, shape, text, sizeof text));
    }
    return PN_OK;
}

static void set_dense(pn_tensor *t, int rank, const int64_t *shape) {
    int64_t step = 1;
    t->rank = rank;
    for (int i = rank - 1; i >= 0; i--) {
        t->shape[i] = shape[i];
        t->stride[i] = step;
        step *= shape[i];
    }
}

/* Takes over one reference to the storage, also when it fails. */
static pn_status attach(pn_dtype dtype, int rank, const int64_t *shape, void *data,
                        pn_storage *storage, pn_tensor **out, pn_error *error) {
    pn_tensor *t = pn_calloc(1, sizeof *t);
    if (!t) {
        storage_release(storage);
        return pn_fail_memory(error, sizeof *t);
    }
    t->dtype = dtype;
    set_dense(t, rank, shape);
    t->data = data;
    t->storage = storage;
    t->references = 1;
    *out = t;
    return PN_OK;
}

pn_status pn_tensor_wrap(pn_dtype dtype, int rank, const int64_t *shape, void *data,
                         void (*release)(void *owner), void *owner, pn_tensor **out,
                         pn_error *error) {
    int64_t count;
    pn_status status = check_shape(dtype, rank, shape, &count, error);
    pn_storage *storage = status == PN_OK ? pn_alloc(sizeof *storage) : NULL;
    if (!storage) {
        if (release)
            release(owner);
        else
            pn_free(owner);
        return status != PN_OK ? status : pn_fail_memory(error, sizeof *storage);
    }
    atomic_init(&storage->references, 1);
    atomic_init(&storage->writes, 0);
    storage->release = release;
    storage->owner = owner;
    return attach(dtype, rank, shape, data, storage, out, error);
}

static pn_status make(pn_dtype dtype, int rank, const int64_t *shape, bool zero, pn_tensor **out,
                      pn_error *error) {
    int64_t count;
    pn_status status = check_shape(dtype, rank, shape, &count, error);
    if (status != PN_OK) return status;
    size_t bytes = (size_t)count * pn_dtype_size(dtype);
    void *data = zero ? pn_calloc(1, bytes) : pn_alloc(bytes);
    if (!data) return pn_fail_memory(error, bytes);
    return pn_tensor_wrap(dtype, rank, shape, data, NULL, data, out, error);
}

pn_status pn_tensor_new(pn_dtype dtype, int rank, const int64_t *shape, pn_tensor **out,
                        pn_error *error) {
    return make(dtype, rank, shape, false, out, error);
}

pn_status pn_tensor_zeros(pn_dtype dtype, int rank, const int64_t *shape, pn_tensor **out,
                          pn_error *error) {
    return make(dtype, rank, shape, true, out, error);
}

pn_tensor *pn_tensor_retain(pn_tensor *tensor) {
    __atomic_fetch_add(&tensor->references, 1, __ATOMIC_RELAXED);
    return tensor;
}

void pn_tensor_release(pn_tensor *tensor) {
    if (!tensor || __atomic_fetch_sub(&tensor->references, 1, __ATOMIC_ACQ_REL) != 1) return;
    storage_release(tensor->storage);
    pn_free(tensor);
}

/* ---- shape ---- */

int64_t pn_tensor_count(const pn_tensor *tensor) {
    int64_t count = 1;
    for (int i = 0; i < tensor->rank; i++) count *= tensor->shape[i];
    return count;
}

size_t pn_tensor_bytes(const pn_tensor *tensor) {
    return (size_t)pn_tensor_count(tensor) * pn_dtype_size(tensor->dtype);
}

void pn_tensor_touch(const pn_tensor *tensor) {
    if (tensor->storage)
        atomic_fetch_add_explicit(&tensor->storage->writes, 1, memory_order_relaxed);
}

unsigned long pn_tensor_writes(const pn_tensor *tensor) {
    return tensor->storage ? atomic_load_explicit(&tensor->storage->writes, memory_order_relaxed)
                           : 0;
}

bool pn_tensor_is_dense(const pn_tensor *tensor) {
    int64_t step = 1;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        if (tensor->shape[i] == 0) return true;
        if (tensor->shape[i] != 1 && tensor->stride[i] != step) return false;
        step *= tensor->shape[i];
    }
    return true;
}

bool pn_tensor_same_shape(const pn_tensor *a, const pn_tensor *b) {
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->shape[i] != b->shape[i]) return false;
    return true;
}

const char *pn_shape_text(int rank, const int64_t *shape, char *text, size_t size) {
    size_t used = 0;
    int shown = rank < 0 || rank > PN_MAX_RANK ? 0 : rank;
    used += (size_t)snprintf(text, size, "(");
    for (int i = 0; i < shown && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld", i ? ", " : "",
                                 (long long)shape[i]);
    if (used < size) snprintf(text + used, size - used, shown == 1 ? ",)" : ")");
    return text;
}

pn_array pn_tensor_array(const pn_tensor *tensor) {
    pn_array a = {.dtype = tensor->dtype, .rank = tensor->rank, .data = tensor->data};
    memcpy(a.shape, tensor->shape, sizeof a.shape);
    return a;
}

/* ---- views ---- */

pn_status pn_tensor_view(const pn_tensor *tensor, int rank, const int64_t *shape,
                         const int64_t *stride, int64_t offset, pn_tensor **out, pn_error *error) {
    int64_t count;
    pn_status status = check_shape(tensor->dtype, rank, shape, &count, error);
    if (status != PN_OK) return status;
    char *data = (char *)tensor->data + offset * (int64_t)pn_dtype_size(tensor->dtype);
    atomic_fetch_add(&tensor->storage->references, 1);
    status = attach(tensor->dtype, rank, shape, data, tensor->storage, out, error);
    if (status == PN_OK) memcpy((*out)->stride, stride, (size_t)rank * sizeof *stride);
    return status;
}

static pn_status resolve_shape(const pn_tensor *tensor, int rank, const int64_t *shape,
                               int64_t *full, pn_error *error) {
    char from[PN_SHAPE_TEXT], to[PN_SHAPE_TEXT];
    int64_t known = 1, count = pn_tensor_count(tensor);
    int open = -1;
    if (rank < 0 || rank > PN_MAX_RANK)
        return pn_fail(error, PN_E_ARGUMENT, "a tensor has 0 to %d axes, not %d", PN_MAX_RANK,
                       rank);
    for (int i = 0; i < rank; i++) {
        full[i] = shape[i];
        if (shape[i] == -1 && open < 0)
            open = i;
        else if (shape[i] < 0 || __builtin_mul_overflow(known, shape[i], &known))
            known = -1, i = rank;
    }
    if (open >= 0 && known > 0 && count % known == 0) {
        full[open] = count / known;
        known = count;
    } else if (open >= 0)
        known = -1;
    if (known == count) return PN_OK;
    return pn_fail(error, PN_E_SHAPE, "cannot reshape %s (%lld items) to %s",
                   pn_shape_text(tensor->rank, tensor->shape, from, sizeof from), (long long)count,
                   pn_shape_text(rank, shape, to, sizeof to));
}

pn_status pn_tensor_reshape(const pn_tensor *tensor, int rank, const int64_t *shape,
                            pn_tensor **out, pn_error *error) {
    int64_t full[PN_MAX_RANK];
    pn_status status = resolve_shape(tensor, rank, shape, full, error);
    if (status != PN_OK) return status;
    pn_tensor *dense = NULL;
    if (!pn_tensor_is_dense(tensor)) {
        status = pn_tensor_cast(tensor, tensor->dtype, &dense, error);
        if (status != PN_OK) return status;
        tensor = dense;
    }
    pn_tensor layout = {0};
    set_dense(&layout, rank, full);
    status = pn_tensor_view(tensor, rank, full, layout.stride, 0, out, error);
    pn_tensor_release(dense);
    return status;
}

pn_status pn_tensor_dense(pn_tensor *tensor, pn_tensor **out, pn_error *error) {
    if (!pn_tensor_is_dense(tensor)) return pn_tensor_cast(tensor, tensor->dtype, out, error);
    *out = pn_tensor_retain(tensor);
    return PN_OK;
}

pn_status pn_tensor_cast(const pn_tensor *tensor, pn_dtype dtype, pn_tensor **out,
                         pn_error *error) {
    pn_tensor *copy = NULL;
    pn_status status = pn_tensor_new(dtype, tensor->rank, tensor->shape, &copy, error);
    if (status == PN_OK) status = pn_tensor_copy_into(copy, tensor, error);
    if (status == PN_OK)
        *out = copy;
    else
        pn_tensor_release(copy);
    return status;
}
