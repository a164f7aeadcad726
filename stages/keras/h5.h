/* h5.h: the part of HDF5 that Keras files need, with our errors. HDF5 is used by one thread at a
 * time, prints nothing, and loads no filters from elsewhere. Messages begin with the file's path
 * and end with what HDF5 says. */
#ifndef PN_KERAS_H5_H
#define PN_KERAS_H5_H

#include "base/error.h"
#include "stage/arena.h"

#include <hdf5.h>
#include <stddef.h>
#include <stdint.h>

/* One file, open or being written, and whoever wants to know what goes wrong. */
typedef struct pn_h5 {
    hid_t file; /* H5I_INVALID_HID: none */
    const char *path;
    uint64_t size; /* of a file that is read, in bytes */
    int writing;
    pn_error *error;
    H5E_auto2_t print; /* how errors were printed before */
    void *print_to;
} pn_h5;

/* Makes HDF5 ours until pn_h5_end, which closes the file and all that was opened in it. */
void pn_h5_begin(pn_h5 *h5, const char *path, pn_error *error);
void pn_h5_end(pn_h5 *h5);

/* Open for reading, between begin and end. PN_E_FORMAT says what the file is instead, if it is no
 * HDF5 file. The image is a file's bytes, which are copied. */
pn_status pn_h5_open(pn_h5 *h5);
pn_status pn_h5_open_image(pn_h5 *h5, const void *bytes, size_t size);

/* Makes a file at `place`, over one that is there; messages call it by the path of begin. */
pn_status pn_h5_create(pn_h5 *h5, const char *place);

/* Fails (PN_E_FORMAT when reading, PN_E_IO when writing) with what HDF5 said in its last call,
 * which failed: nothing may be called in between. */
pn_status pn_h5_fail(pn_h5 *h5, const char *format, ...) PN_PRINTF(2, 3);
/* Fails on our own account; the message stands behind the path. */
pn_status pn_h5_bad(pn_h5 *h5, pn_status status, const char *format, ...) PN_PRINTF(3, 4);

/* 1 when a group has a direct entry of that name, or an object an attribute. */
int pn_h5_has_entry(hid_t group, const char *name);
int pn_h5_has_attribute(hid_t object, const char *name);

/* Opens the group or data set (H5I_GROUP, H5I_DATASET) at a path below `at`, name by name: links
 * that lead elsewhere are refused. Close with H5Oclose. */
pn_status pn_h5_find(pn_h5 *h5, hid_t at, const char *path, H5I_type_t type, hid_t *out);

/* A list of texts in the arena. */
typedef struct pn_h5_names {
    const char **name;
    size_t count;
} pn_h5_names;

/* Reads an attribute that holds texts, of fixed or variable length. `where` says whose it is.
 * pn_h5_texts takes the attribute alone, pn_h5_all_texts also one that was too long and stands
 * split into NAME0, NAME1, ... PN_E_FORMAT when there is none. */
pn_status pn_h5_texts(pn_h5 *h5, hid_t object, const char *where, const char *name, pn_arena *arena,
                      pn_h5_names *out);
pn_status pn_h5_all_texts(pn_h5 *h5, hid_t object, const char *where, const char *name,
                          pn_arena *arena, pn_h5_names *out);

/* Reads an attribute that holds one text; *out becomes NULL when there is none. */
pn_status pn_h5_text(pn_h5 *h5, hid_t object, const char *name, pn_arena *arena, const char **out);

#endif
