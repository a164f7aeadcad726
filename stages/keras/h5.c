#include "h5.h"

#include "base/file.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

void pn_h5_begin(pn_h5 *h5, const char *path, pn_error *error) {
    pthread_mutex_lock(&turn);
    *h5 = (pn_h5){.file = H5I_INVALID_HID, .path = path, .error = error};
    H5open();
    H5Eget_auto2(H5E_DEFAULT, &h5->print, &h5->print_to);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLset_loading_state(0);
}

void pn_h5_end(pn_h5 *h5) {
    if (h5->file >= 0) H5Fclose(h5->file);
    h5->file = H5I_INVALID_HID;
    H5Eset_auto2(H5E_DEFAULT, h5->print, h5->print_to);
    pthread_mutex_unlock(&turn);
}

/* ---- errors ---- */

static pn_status fail_with(pn_h5 *h5, pn_status status, const char *reason, const char *format,
                           va_list args) {
    char text[PN_ERROR_TEXT];
    vsnprintf(text, sizeof text, format, args);
    return pn_fail_path(h5->error, status, h5->path, "'%.400s': %s%s%s", h5->path, text,
                        *reason ? "; HDF5 says: " : "", reason);
}

/* Keeps the innermost message, which comes first. */
static herr_t take_reason(unsigned n, const H5E_error2_t *e, void *context) {
    char *reason = context;
    (void)n;
    if (!*reason && e->desc) snprintf(reason, 200, "%s", e->desc);
    return 0;
}

pn_status pn_h5_fail(pn_h5 *h5, const char *format, ...) {
    char reason[200] = "";
    va_list args;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_reason, reason);
    va_start(args, format);
    pn_status status = fail_with(h5, h5->writing ? PN_E_IO : PN_E_FORMAT, reason, format, args);
    va_end(args);
    return status;
}

pn_status pn_h5_bad(pn_h5 *h5, pn_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fail_with(h5, status, "", format, args);
    va_end(args);
    return status;
}

/* ---- opening ---- */

/* Closing the file closes all in it; other programs may have it open. */
static hid_t access_list(void) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0) return access;
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(access, 0, 1);
#endif
    return access;
}

static pn_status open_with(pn_h5 *h5, hid_t access) {
    h5->file = H5Fopen(h5->path, H5F_ACC_RDONLY, access);
    pn_status status = h5->file < 0 ? pn_h5_fail(h5, "the file cannot be opened") : PN_OK;
    H5Pclose(access);
    return status;
}

static pn_status refuse_other(pn_h5 *h5, const char *start, size_t size) {
    if (size >= 4 && memcmp(start, "PK\3\4", 4) == 0)
        return pn_h5_bad(h5, PN_E_FORMAT,
                         "this is a zip archive, Keras's newer .keras format perhaps; in Keras, "
                         "load it and save it as .h5: model.save('model.h5')");
    return pn_h5_bad(h5, PN_E_FORMAT, "this is no HDF5 file");
}

pn_status pn_h5_open(pn_h5 *h5) {
    char *start = NULL;
    size_t size = 0;
    pn_stamp stamp;
    pn_status status = pn_file_stamp(h5->path, &stamp, h5->error);
    if (status == PN_OK) status = pn_file_read(h5->path, 4, &start, &size, h5->error);
    if (status == PN_OK && H5Fis_hdf5(h5->path) <= 0) status = refuse_other(h5, start, size);
    pn_free(start);
    if (status != PN_OK) return status;
    h5->size = (uint64_t)stamp.size;
    return open_with(h5, access_list());
}

pn_status pn_h5_open_image(pn_h5 *h5, const void *bytes, size_t size) {
    hid_t access = access_list();
    if (H5Pset_fapl_core(access, 1 << 16, 0) < 0 ||
        H5Pset_file_image(access, (void *)bytes, size) < 0) {
        pn_status status = pn_h5_fail(h5, "the image cannot be taken");
        H5Pclose(access);
        return status;
    }
    h5->size = size;
    return open_with(h5, access);
}

pn_status pn_h5_create(pn_h5 *h5, const char *place) {
    hid_t access = access_list();
    h5->writing = 1;
    h5->file = H5Fcreate(place, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    pn_status status = h5->file < 0 ? pn_h5_fail(h5, "the file cannot be written") : PN_OK;
    H5Pclose(access);
    return status;
}

/* ---- finding ---- */

int pn_h5_has_entry(hid_t group, const char *name) {
    return H5Lexists(group, name, H5P_DEFAULT) > 0;
}

int pn_h5_has_attribute(hid_t object, const char *name) {
    return H5Aexists(object, name) > 0;
}

/* One step down. External links would read other files, soft ones may run in circles. */
static pn_status open_entry(pn_h5 *h5, hid_t at, const char *name, const char *path, hid_t *out) {
    H5L_info_t info;
    if (!pn_h5_has_entry(at, name)) return pn_h5_bad(h5, PN_E_FORMAT, "'%.300s' is missing", path);
    if (H5Lget_info(at, name, &info, H5P_DEFAULT) < 0)
        return pn_h5_fail(h5, "'%.300s' cannot be looked at", path);
    if (info.type != H5L_TYPE_HARD)
        return pn_h5_bad(h5, PN_E_UNSUPPORTED, "'%.300s' is a link that leads elsewhere", path);
    *out = H5Oopen(at, name, H5P_DEFAULT);
    return *out < 0 ? pn_h5_fail(h5, "'%.300s' cannot be opened", path) : PN_OK;
}

static pn_status walk(pn_h5 *h5, hid_t at, const char *path, hid_t *out) {
    char name[PN_ERROR_TEXT];
    hid_t here = at, next = H5I_INVALID_HID;
    pn_status status = PN_OK;
    for (const char *part = path; status == PN_OK;) {
        size_t length = strcspn(part, "/");
        if (length == 0 || length >= sizeof name || strncmp(part, ".", length) == 0)
            status = pn_h5_bad(h5, PN_E_FORMAT, "'%.300s' is no usable name", path);
        if (status == PN_OK) {
            memcpy(name, part, length);
            name[length] = '\0';
            status = open_entry(h5, here, name, path, &next);
        }
        if (here != at) H5Oclose(here);
        here = next;
        part += length;
        if (*part++ == '\0') break;
    }
    if (status == PN_OK) *out = here;
    return status;
}

pn_status pn_h5_find(pn_h5 *h5, hid_t at, const char *path, H5I_type_t type, hid_t *out) {
    hid_t found = H5I_INVALID_HID;
    pn_status status = walk(h5, at, path, &found);
    if (status != PN_OK) return status;
    if (H5Iget_type(found) == type) {
        *out = found;
        return PN_OK;
    }
    H5Oclose(found);
    return pn_h5_bad(h5, PN_E_FORMAT, "'%.300s' is no %s", path,
                     type == H5I_GROUP ? "group" : "data set");
}
