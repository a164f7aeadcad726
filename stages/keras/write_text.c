/* Attributes that hold texts. */
#include "base/memory.h"
#include "write.h"

#include <stdio.h>
#include <string.h>

/* What Keras puts into one attribute at most, in bytes: an object's header has no room for more. */
enum { LONGEST = 64512 };

static pn_status put(pn_h5 *h5, hid_t object, const char *name, hid_t type, hid_t space,
                     const void *data) {
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    pn_status status = PN_OK;
    if (attribute < 0 || (data && H5Awrite(attribute, type, data) < 0))
        status = pn_h5_fail(h5, "the attribute %s cannot be written", name);
    if (attribute >= 0) H5Aclose(attribute);
    return status;
}

/* Of variable length: those stand outside of the header and may be long. */
pn_status pn_h5_put_text(pn_h5 *h5, hid_t object, const char *name, const char *text) {
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    pn_status status = put(h5, object, name, type, space, &text);
    H5Sclose(space);
    H5Tclose(type);
    return status;
}

/* An empty list is one of numbers, as h5py writes it. */
static pn_status put_none(pn_h5 *h5, hid_t object, const char *name) {
    hsize_t none = 0;
    hid_t space = H5Screate_simple(1, &none, NULL);
    pn_status status = put(h5, object, name, H5T_IEEE_F64LE, space, NULL);
    H5Sclose(space);
    return status;
}

static size_t longest(const char *const *texts, size_t count) {
    size_t most = 1;
    for (size_t i = 0; i < count; i++)
        if (strlen(texts[i]) > most) most = strlen(texts[i]);
    return most;
}

static pn_status put_list(pn_h5 *h5, hid_t object, const char *name, const char *const *texts,
                          size_t count) {
    size_t size = longest(texts, count);
    char *bytes = pn_calloc(count, size);
    if (!bytes) return pn_fail_memory(h5->error, count * size);
    for (size_t i = 0; i < count; i++) memcpy(bytes + i * size, texts[i], strlen(texts[i]));
    hsize_t items = count;
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &items, NULL);
    H5Tset_size(type, size);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    pn_status status = put(h5, object, name, type, space, bytes);
    H5Sclose(space);
    H5Tclose(type);
    pn_free(bytes);
    return status;
}

pn_status pn_h5_put_texts(pn_h5 *h5, hid_t object, const char *name, const char *const *texts,
                          size_t count) {
    if (count == 0) return put_none(h5, object, name);
    size_t size = longest(texts, count), most = LONGEST / size;
    if (most == 0) return pn_h5_bad(h5, PN_E_ARGUMENT, "a name is longer than %d bytes", LONGEST);
    if (count <= most) return put_list(h5, object, name, texts, count);
    pn_status status = PN_OK;
    char part[80];
    for (size_t at = 0, i = 0; at < count && status == PN_OK; at += most, i++) {
        snprintf(part, sizeof part, "%s%zu", name, i);
        status = put_list(h5, object, part, texts + at, count - at < most ? count - at : most);
    }
    return status;
}
