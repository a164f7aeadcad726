/* safetensors files: named tensors and text, laid out so that they are used where they stand.
 * A file is the length of its header (8 bytes, little-endian), the header, which is JSON
 * {name: {dtype, shape, data_offsets: [begin, end]}, "__metadata__": {key: text}}, and the data, to
 * which the offsets relate (format: github.com/huggingface/safetensors). */
#ifndef PN_NN_FILE_SAFETENSORS_H
#define PN_NN_FILE_SAFETENSORS_H

#include "base/text.h"
#include "tensor/tensor.h"

/* ---- reading ---- */

/* An open file. Counted: tensors taken from it keep it. Safe from any thread. */
typedef struct pn_safetensors pn_safetensors;

/* One tensor as it stands in the file. */
typedef struct pn_safetensors_entry {
    const char *name;  /* UTF-8, unique */
    const char *dtype; /* as the format calls it: "F32" */
    int rank;
    int64_t shape[PN_MAX_RANK];
    void *data;  /* not necessarily aligned to its items */
    size_t size; /* in bytes */
} pn_safetensors_entry;

/* Maps a file; writing into its tensors changes memory alone. Nothing in it is believed before it
 * is checked: PN_E_FORMAT says what does not fit, PN_E_UNSUPPORTED is for more than PN_MAX_RANK
 * axes; PN_E_NOT_FOUND, PN_E_IO. Release with pn_safetensors_release. */
pn_status pn_safetensors_open(const char *path, pn_safetensors **out, pn_error *error);

/* The same over bytes in memory, which `name` calls in messages. release(owner) is called when the
 * last tensor is gone, also when this function fails; NULL stands for pn_free. */
pn_status pn_safetensors_parse(void *bytes, size_t size, const char *name,
                               void (*release)(void *owner), void *owner, pn_safetensors **out,
                               pn_error *error);

/* Gives one reference back; NULL is fine. */
void pn_safetensors_release(pn_safetensors *file);

/* The tensors in the order of their data. The entry lives as long as the file. */
size_t pn_safetensors_count(const pn_safetensors *file);
const pn_safetensors_entry *pn_safetensors_at(const pn_safetensors *file, size_t index);
/* The index of a name, or -1. */
int64_t pn_safetensors_find(const pn_safetensors *file, const char *name);

/* The text under a key of the metadata, or NULL. */
const char *pn_safetensors_metadata(const pn_safetensors *file, const char *key);
/* All pairs, in the file's order: 1 and the pair number `index` (from 0), or 0 behind the last. */
int pn_safetensors_pair_at(const pn_safetensors *file, size_t index, const char **key,
                           const char **value);

/* Tensor number `index` as Pneuma holds it: F32, I32, U8 and BOOL where they stand, unless they are
 * not aligned; F16, BF16 and F64 converted to float32; I8, I16, U16, I64, U32 and U64 to int32.
 * PN_E_FORMAT when an integer does not fit int32, PN_E_UNSUPPORTED for other dtypes. New
 * reference. */
pn_status pn_safetensors_tensor(pn_safetensors *file, size_t index, pn_tensor **out,
                                pn_error *error);

/* ---- writing ---- */

typedef struct pn_safetensors_item {
    const char *name;
    pn_array array; /* dense; data is not looked at by pn_safetensors_header */
} pn_safetensors_item;

typedef struct pn_safetensors_pair {
    const char *key, *value;
} pn_safetensors_pair;

/* What goes into a file, in this order. Borrowed. */
typedef struct pn_safetensors_content {
    const pn_safetensors_item *items;
    size_t count;
    const pn_safetensors_pair *pairs;
    size_t pair_count;
} pn_safetensors_content;

/* Appends all that stands before the data, padded with spaces to a multiple of 8 bytes, as the
 * format's own library does. The data follow in the order of the items, without gaps. PN_E_ARGUMENT
 * for names and keys that come twice, are no UTF-8, or are the format's own. */
pn_status pn_safetensors_header(const pn_safetensors_content *content, pn_text *out,
                                pn_error *error);

/* Appends a whole file. */
pn_status pn_safetensors_text(const pn_safetensors_content *content, pn_text *out, pn_error *error);

/* Writes a file; one already there is replaced whole. */
pn_status pn_safetensors_save(const char *path, const pn_safetensors_content *content,
                              pn_error *error);

#endif
