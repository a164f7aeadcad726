/* The dtypes of safetensors files, and what they become here. */
#ifndef PN_NN_FILE_SAFETENSORS_TYPES_H
#define PN_NN_FILE_SAFETENSORS_TYPES_H

#include "tensor/tensor.h"

typedef struct pn_safetensors_type {
    const char *name; /* "F32" */
    size_t size;      /* of an item, in bytes */
    int readable;     /* 1: becomes `dtype` */
    pn_dtype dtype;
    /* Converts `count` items, aligned or not; returns the position of the first that does not fit,
     * or count. NULL: the bits stay as they are. */
    int64_t (*convert)(const void *from, int64_t count, void *to);
} pn_safetensors_type;

/* NULL when the format has no such dtype of whole bytes. */
const pn_safetensors_type *pn_safetensors_type_find(const char *name);

/* The name of a dtype of ours in the format. */
const char *pn_safetensors_type_name(pn_dtype dtype);

#endif
