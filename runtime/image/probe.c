/* What a file is, from its first bytes. */
#include "image/header.h"

#include "base/file.h"
#include "base/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char *pn_image_format_name(pn_image_format format) {
    static const char *const names[] = {"JPEG", "PNG", "BMP", "PGM/PPM"};
    return names[format];
}

static bool starts(const uint8_t *bytes, size_t size, const char *with, size_t length) {
    return size >= length && memcmp(bytes, with, length) == 0;
}

typedef pn_header_state (*header_reader)(const uint8_t *bytes, size_t size, pn_header *header);

static header_reader reader_for(const uint8_t *bytes, size_t size) {
    if (starts(bytes, size, "\xff\xd8\xff", 3)) return pn_header_jpeg;
    if (starts(bytes, size, "\x89PNG\r\n\x1a\n", 8)) return pn_header_png;
    if (starts(bytes, size, "BM", 2)) return pn_header_bmp;
    if (size > 2 && bytes[0] == 'P' && (bytes[1] == '5' || bytes[1] == '6') && isspace(bytes[2]))
        return pn_header_pnm;
    return NULL;
}

/* ---- messages ---- */

static pn_status refuse(pn_error *error, pn_status status, const char *name, const char *clause) {
    if (!name) return pn_fail(error, status, "this file %s", clause);
    return pn_fail_path(error, status, name, "'%s' %s", name, clause);
}

/* Kinds of files that people take for readable images; NULL for none of them. */
static const char *foreign_kind(const uint8_t *bytes, size_t size) {
    static const struct {
        const char *with;
        size_t at, length;
        const char *kind;
    } kinds[] = {
        {"GIF8", 0, 4, "a GIF image"},         {"II*\0", 0, 4, "a TIFF image"},
        {"MM\0*", 0, 4, "a TIFF image"},       {"WEBP", 8, 4, "a WebP image"},
        {"DICM", 128, 4, "a DICOM file"},      {"\0\0\0\x0cjP", 0, 6, "a JPEG 2000 image"},
        {"ftypheic", 4, 8, "a HEIC image"},    {"ftypavif", 4, 8, "an AVIF image"},
        {"P2", 0, 2, "a PGM written as text"}, {"P3", 0, 2, "a PPM written as text"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (size >= kinds[i].at &&
            starts(bytes + kinds[i].at, size - kinds[i].at, kinds[i].with, kinds[i].length))
            return kinds[i].kind;
    return NULL;
}

static pn_status refuse_stranger(const uint8_t *bytes, size_t size, const char *name,
                                 pn_error *error) {
    char clause[160], text[64];
    const char *kind = foreign_kind(bytes, size);
    size_t used = 0;
    if (kind) {
        snprintf(clause, sizeof clause, "is %s; JPEG, PNG, BMP, binary PGM and PPM can be read",
                 kind);
        return refuse(error, PN_E_UNSUPPORTED, name, clause);
    }
    for (size_t i = 0; i < size && i < 12; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 isprint(bytes[i]) && bytes[i] < 127 ? "%c" : "\\x%02x", bytes[i]);
    snprintf(clause, sizeof clause, "is not an image that Pneuma reads (it starts with \"%s\")",
             text);
    return refuse(error, PN_E_FORMAT, name, clause);
}

static pn_status refuse_short(const char *name, pn_error *error) {
    return refuse(error, PN_E_FORMAT, name, "is truncated: it ends within its header");
}

static pn_status check_size(const char *name, const pn_header *h, pn_error *error) {
    char clause[160];
    if (h->info.height <= PN_IMAGE_MAX_PIXELS / h->info.width) return PN_OK;
    snprintf(clause, sizeof clause, "says that it has %lld x %lld pixels; the limit is %lld pixels",
             (long long)h->info.width, (long long)h->info.height, (long long)PN_IMAGE_MAX_PIXELS);
    return refuse(error, PN_E_UNSUPPORTED, name, clause);
}

/* ---- entry ---- */

pn_status pn_header_read(const void *bytes, size_t size, const char *name, int *more, pn_header *h,
                         pn_error *error) {
    *h = (pn_header){.orientation = 1};
    if (more) *more = 0;
    if (size == 0) return refuse(error, PN_E_FORMAT, name, "is empty");
    header_reader reader = reader_for(bytes, size);
    if (!reader) return refuse_stranger(bytes, size, name, error);
    pn_header_state state = reader(bytes, size, h);
    if (state == PN_HEADER_SHORT) {
        if (more) *more = 1;
        return refuse_short(name, error);
    }
    if (state == PN_HEADER_BAD) return refuse(error, PN_E_FORMAT, name, h->reason);
    if (state == PN_HEADER_UNSUPPORTED) return refuse(error, PN_E_UNSUPPORTED, name, h->reason);
    return check_size(name, h, error);
}

static void turn_size(pn_header *h) {
    if (!pn_orient_swaps(h->orientation)) return;
    int64_t height = h->info.height;
    h->info.height = h->info.width;
    h->info.width = height;
}

pn_status pn_image_probe(const void *bytes, size_t size, const char *name, int *more,
                         pn_image_info *info, pn_error *error) {
    pn_header h;
    pn_status status = pn_header_read(bytes, size, name, more, &h, error);
    turn_size(&h);
    if (status == PN_OK) *info = h.info;
    return status;
}

pn_status pn_image_probe_file(const char *path, pn_image_info *info, pn_error *error) {
    /* Most headers lie in the first few KiB; an EXIF block with a thumbnail takes up to 64. */
    for (size_t limit = 1 << 13;; limit = limit < 1 << 18 ? limit << 5 : 0) {
        char *data = NULL;
        size_t size = 0;
        int more = 0;
        pn_status status = pn_file_read(path, limit, &data, &size, error);
        if (status != PN_OK) return status;
        bool whole = limit == 0 || size < limit;
        status = pn_image_probe(data, size, path, whole ? NULL : &more, info, error);
        pn_free(data);
        if (!more) return status;
    }
}

static const char *flaw(const uint8_t *bytes, size_t size, const pn_header *h) {
    if (h->info.format == PN_IMAGE_JPEG) return pn_jpeg_flaw(bytes, size);
    if (h->info.format == PN_IMAGE_PNG) return pn_png_flaw(bytes, size);
    if (h->pixels_at <= size && h->pixel_bytes <= size - h->pixels_at) return NULL;
    return "is truncated: the end of its pixels is missing";
}

pn_status pn_header_check(const void *bytes, size_t size, const char *name, pn_header *h,
                          pn_error *error) {
    pn_status status = pn_header_read(bytes, size, name, NULL, h, error);
    if (status != PN_OK) return status;
    const char *clause = flaw(bytes, size, h);
    return clause ? refuse(error, PN_E_FORMAT, name, clause) : PN_OK;
}

pn_status pn_image_check(const void *bytes, size_t size, const char *name, pn_image_info *info,
                         pn_error *error) {
    pn_header h;
    pn_status status = pn_header_check(bytes, size, name, &h, error);
    turn_size(&h);
    if (status == PN_OK && info) *info = h.info;
    return status;
}
