#include "tensor/npy.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "tensor/shape.h"

#include <string.h>

static const char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

/* ---- dtypes in files ---- */

/* What is stored, and what it becomes. Sizes in bytes. */
static const struct stored {
    const char *name;
    size_t size;
    pn_dtype dtype;
    bool same; /* no conversion */
} stored[] = {
    {"f4", 4, PN_F32, true},  {"f8", 8, PN_F32, false}, {"u1", 1, PN_U8, true},
    {"b1", 1, PN_U8, true},   {"i4", 4, PN_I32, true},  {"i1", 1, PN_I32, false},
    {"i2", 2, PN_I32, false}, {"u2", 2, PN_I32, false}, {"u4", 4, PN_I32, false},
    {"i8", 8, PN_I32, false},
};

static int64_t read_integer(const struct stored *s, const char *from) {
    int8_t i1;
    int16_t i2;
    uint16_t u2;
    uint32_t u4;
    int64_t i8;
    switch (s->name[0] == 'u' ? -(int)s->size : (int)s->size) {
    case 1:
        return memcpy(&i1, from, 1), i1;
    case 2:
        return memcpy(&i2, from, 2), i2;
    case -2:
        return memcpy(&u2, from, 2), u2;
    case -4:
        return memcpy(&u4, from, 4), u4;
    default:
        return memcpy(&i8, from, 8), i8;
    }
}

/* Converts count items; returns the position of the first that int32 does not hold, or count. */
static int64_t convert(const struct stored *s, const char *from, int64_t count, void *to) {
    for (int64_t i = 0; i < count; i++, from += s->size) {
        if (s->dtype == PN_F32) {
            double x;
            memcpy(&x, from, sizeof x);
            ((float *)to)[i] = (float)x;
        } else {
            int64_t x = read_integer(s, from);
            if (x < INT32_MIN || x > INT32_MAX) return i;
            ((int32_t *)to)[i] = (int32_t)x;
        }
    }
    return count;
}

/* ---- the header ---- */

typedef struct header {
    const struct stored *stored;
    bool fortran;
    int rank;
    int64_t shape[PN_MAX_RANK];
    int seen; /* a bit for each of the three keys */
} header;

/* A reader of the small part of Python's syntax that the header uses. */
typedef struct cursor {
    const char *at, *end;
    const char *path;
    pn_error *error;
} cursor;

static pn_status bad(const cursor *c, const char *what) {
    return pn_fail_path(c->error, PN_E_FORMAT, c->path, "'%s' is no valid .npy file: %s", c->path,
                        what);
}

static bool take(cursor *c, char wanted) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n')) c->at++;
    if (c->at == c->end || *c->at != wanted) return false;
    c->at++;
    return true;
}

static bool take_word(cursor *c, const char *word) {
    take(c, ' ');
    size_t size = strlen(word);
    if ((size_t)(c->end - c->at) < size || memcmp(c->at, word, size) != 0) return false;
    c->at += size;
    return true;
}

/* A quoted string of at most 15 characters. */
static bool take_string(cursor *c, char text[16]) {
    char quote = take(c, '\'') ? '\'' : take(c, '"') ? '"' : 0;
    size_t size = 0;
    if (!quote) return false;
    while (c->at < c->end && *c->at != quote && size < 15) text[size++] = *c->at++;
    text[size] = 0;
    return c->at < c->end && *c->at++ == quote;
}

static bool take_size(cursor *c, int64_t *size) {
    take(c, ' ');
    const char *start = c->at;
    *size = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        if (__builtin_mul_overflow(*size, 10, size) ||
            __builtin_add_overflow(*size, *c->at - '0', size))
            return false;
    return c->at > start;
}

static pn_status read_dtype(cursor *c, header *h) {
    char text[16];
    if (!take_string(c, text))
        return pn_fail_path(c->error, PN_E_UNSUPPORTED, c->path,
                            "'%s' holds records or an unusual dtype, which are not read", c->path);
    if (strchr("<|=", text[0]) && text[0])
        for (size_t i = 0; i < sizeof stored / sizeof *stored; i++)
            if (strcmp(text + 1, stored[i].name) == 0) h->stored = &stored[i];
    if (h->stored) return PN_OK;
    return pn_fail_path(c->error, PN_E_UNSUPPORTED, c->path,
                        "'%s' holds items of dtype '%s'; read are little-endian f4, f8, u1, b1, "
                        "i1, i2, u2, i4, u4 and i8",
                        c->path, text);
}

static pn_status read_shape(cursor *c, header *h) {
    if (!take(c, '(')) return bad(c, "its shape is not a tuple");
    while (!take(c, ')')) {
        if (h->rank == PN_MAX_RANK)
            return pn_fail_path(c->error, PN_E_UNSUPPORTED, c->path, "'%s' has more than %d axes",
                                c->path, PN_MAX_RANK);
        if (!take_size(c, &h->shape[h->rank++])) return bad(c, "its shape is not of whole numbers");
        if (!take(c, ',') && (c->at == c->end || *c->at != ')'))
            return bad(c, "its shape is not a tuple");
    }
    return PN_OK;
}

static pn_status read_entry(cursor *c, header *h) {
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    char key[16];
    int which = 0;
    if (!take_string(c, key) || !take(c, ':')) return bad(c, "its header is not a dictionary");
    while (which < 3 && strcmp(key, keys[which]) != 0) which++;
    if (which == 3 || (h->seen & 1 << which)) return bad(c, "its header has an unexpected key");
    h->seen |= 1 << which;
    if (which == 0) return read_dtype(c, h);
    if (which == 2) return read_shape(c, h);
    h->fortran = take_word(c, "True");
    if (!h->fortran && !take_word(c, "False"))
        return bad(c, "its fortran_order is neither True nor False");
    return PN_OK;
}

/* Leaves the cursor behind the header. */
static pn_status read_header(cursor *c, header *h) {
    size_t size = (size_t)(c->end - c->at), prefix = 10, length;
    const unsigned char *bytes = (const unsigned char *)c->at;
    if (size < 12 || memcmp(bytes, magic, sizeof magic) != 0)
        return bad(c, "it does not start as one");
    if (bytes[6] < 1 || bytes[6] > 3) return bad(c, "its version is not 1, 2 or 3");
    length = bytes[8] | (size_t)bytes[9] << 8;
    if (bytes[6] > 1) {
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
        prefix = 12;
    }
    if (length > size - prefix) return bad(c, "it ends within its header");
    cursor inside = {c->at + prefix, c->at + prefix + length, c->path, c->error};
    c->at = inside.end;
    if (!take(&inside, '{')) return bad(c, "its header is not a dictionary");
    while (!take(&inside, '}')) {
        pn_status status = read_entry(&inside, h);
        if (status != PN_OK) return status;
        if (!take(&inside, ',') && (inside.at == inside.end || *inside.at != '}'))
            return bad(c, "its header is not a dictionary");
    }
    return h->seen == 7 ? PN_OK : bad(c, "its header lacks descr, fortran_order or shape");
}

/* ---- loading ---- */

/* The items as a dense tensor of the shape in the file's order; takes `file` over. */
static pn_status read_items(cursor *c, const header *h, char *file, const int64_t *shape,
                            pn_tensor **out) {
    int64_t count = 1, available = (c->end - c->at) / (int64_t)h->stored->size;
    bool empty = false, huge = false;
    for (int i = 0; i < h->rank; i++) {
        empty |= shape[i] == 0;
        huge |= __builtin_mul_overflow(count, shape[i], &count);
    }
    if (empty) count = 0;
    pn_status status = PN_OK;
    if (!empty && (huge || count > available)) {
        status = bad(c, "it holds fewer items than its shape says");
    } else if (h->stored->same && (c->at - file) % (int64_t)h->stored->size == 0) {
        return pn_tensor_wrap(h->stored->dtype, h->rank, shape, (void *)c->at, NULL, file, out,
                              c->error);
    } else {
        status = pn_tensor_new(h->stored->dtype, h->rank, shape, out, c->error);
        if (status == PN_OK && h->stored->same) {
            memcpy((*out)->data, c->at, (size_t)count * h->stored->size);
        } else if (status == PN_OK && convert(h->stored, c->at, count, (*out)->data) < count) {
            pn_tensor_release(*out);
            *out = NULL;
            status = bad(c, "it holds an integer that does not fit int32");
        }
    }
    pn_free(file);
    return status;
}

/* Items in Fortran order are those of the turned-round shape in C order. */
static pn_status turn_round(pn_tensor **tensor, pn_error *error) {
    int order[PN_MAX_RANK], rank = (*tensor)->rank;
    for (int i = 0; i < rank; i++) order[i] = rank - 1 - i;
    pn_tensor *view = NULL, *dense = NULL;
    pn_status status = pn_tensor_permute(*tensor, order, &view, error);
    if (status == PN_OK) status = pn_tensor_dense(view, &dense, error);
    pn_tensor_release(view);
    pn_tensor_release(*tensor);
    *tensor = dense;
    return status;
}

pn_status pn_npy_load(const char *path, pn_tensor **out, pn_error *error) {
    char *file = NULL;
    size_t size = 0;
    header h = {0};
    pn_status status = pn_file_read(path, 0, &file, &size, error);
    if (status != PN_OK) return status;
    cursor c = {file, file + size, path, error};
    status = read_header(&c, &h);
    if (status != PN_OK) {
        pn_free(file);
        return status;
    }
    int64_t shape[PN_MAX_RANK];
    for (int i = 0; i < h.rank; i++) shape[i] = h.shape[h.fortran ? h.rank - 1 - i : i];
    pn_tensor *tensor = NULL;
    status = read_items(&c, &h, file, shape, &tensor);
    if (status == PN_OK && h.fortran) status = turn_round(&tensor, error);
    if (status == PN_OK) *out = tensor;
    return status;
}

/* ---- saving ---- */

static void put_header(pn_text *text, const pn_tensor *t) {
    static const char *const names[] = {[PN_F32] = "<f4", [PN_U8] = "|u1", [PN_I32] = "<i4"};
    char shape[PN_SHAPE_TEXT];
    pn_text_add(text, magic, sizeof magic);
    pn_text_add(text, "\1\0\0\0", 4);
    pn_text_addf(text, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", names[t->dtype],
                 pn_shape_text(t->rank, t->shape, shape, sizeof shape));
    while ((text->size + 1) % 64 != 0 && !text->failed) pn_text_addc(text, ' ');
    pn_text_addc(text, '\n');
    if (text->failed) return;
    text->data[8] = (char)((text->size - 10) & 255);
    text->data[9] = (char)((text->size - 10) >> 8);
}

pn_status pn_npy_save(const char *path, const pn_tensor *tensor, pn_error *error) {
    pn_tensor *copy = NULL;
    pn_text text = {0};
    pn_status status = PN_OK;
    if (!pn_tensor_is_dense(tensor)) {
        status = pn_tensor_cast(tensor, tensor->dtype, &copy, error);
        if (status != PN_OK) return status;
        tensor = copy;
    }
    put_header(&text, tensor);
    pn_text_add(&text, tensor->data, pn_tensor_bytes(tensor));
    if (text.failed)
        status = pn_fail_memory(error, pn_tensor_bytes(tensor));
    else
        status = pn_file_write(path, text.data, text.size, error);
    pn_text_free(&text);
    pn_tensor_release(copy);
    return status;
}
