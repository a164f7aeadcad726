/* What a stage read through the host, so that a cached result can be checked against the present
 * state of those files and folders. */
#ifndef PN_STAGE_RECORD_H
#define PN_STAGE_RECORD_H

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "stage/arena.h"

#include <jansson.h>

typedef struct pn_reading {
    const char *path; /* absolute */
    int is_folder;    /* a listing; else the first bytes of a file */
    int failed;       /* it could not be read; then nothing else counts */
    int racy;         /* it changed so shortly before the reading that its stamp proves nothing */
    uint64_t limit;   /* of the file: first bytes read, 0 for all */
    pn_hash hash;     /* of the bytes, or of the names */
    pn_stamp stamp;
} pn_reading;

typedef struct pn_record {
    pn_reading *reading;
    size_t count, capacity;
    pn_arena arena;
} pn_record;

/* Reads the first `limit` bytes (0: all) of the file at an absolute path, as pn_file_read does, and
 * fills *reading, but for its path. A failure is a reading too. */
pn_status pn_record_file(const char *path, size_t limit, char **data, size_t *size,
                         pn_reading *reading, pn_error *error);

/* The same without keeping the bytes, of a file of any size. */
pn_status pn_record_content(const char *path, uint64_t limit, pn_reading *reading, pn_error *error);

/* Lists a folder: names sorted by bytes, those of folders with a trailing '/'. */
pn_status pn_record_folder(const char *path, pn_names *names, pn_reading *reading, pn_error *error);

/* Appends a reading (the path is copied). Start with {0}. */
pn_status pn_record_add(pn_record *record, const char *path, const pn_reading *reading,
                        pn_error *error);
void pn_record_free(pn_record *record);

/* 1 when everything recorded is still as it was; else 0 with one of the changed paths in
 * changed[PN_PATH]. *refreshed becomes 1 when files had to be read again and were the same: the
 * record then holds their new stamps. */
int pn_record_verify(pn_record *record, char *changed, int *refreshed);

/* To and from JSON. encode: NULL when memory is out, new reference. decode: PN_E_FORMAT when it is
 * not what encode writes. */
json_t *pn_record_encode(const pn_record *record);
pn_status pn_record_decode(json_t *json, pn_record *record, pn_error *error);

#endif
