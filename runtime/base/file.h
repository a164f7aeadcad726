/* Files and folders. Paths are bytes as the system gives them, not necessarily UTF-8. */
#ifndef PN_BASE_FILE_H
#define PN_BASE_FILE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { PN_PATH = 4096 };

/* What the system says of a file, enough to see that it changed. */
typedef struct pn_stamp {
    int64_t size;
    int64_t mtime_ns;
    uint64_t inode;
    int is_folder; /* 1 for a folder, 0 for a regular file, -1 for anything else */
} pn_stamp;

/* PN_E_NOT_FOUND when there is no such path. */
pn_status pn_file_stamp(const char *path, pn_stamp *stamp, pn_error *error);

/* Reads the first `limit` bytes of a regular file (limit 0: all of it). *data is NUL-ended beyond
 * *size; release it with pn_free. A folder is PN_E_IO, as is a file over 2 GiB. */
pn_status pn_file_read(const char *path, size_t limit, char **data, size_t *size, pn_error *error);

/* Replaces a file: writes a new one beside it, flushes it to the disk, renames. Either the old or
 * the new content is there whatever happens. */
pn_status pn_file_write(const char *path, const void *data, size_t size, pn_error *error);

/* Removes the files that killed processes left beside `path` in the middle of pn_file_write. Only
 * for who knows that nobody writes `path` at the moment. */
void pn_file_sweep(const char *path);

/* Makes the folder and the missing ones above it. */
pn_status pn_folder_make(const char *path, pn_error *error);

/* Removes a file, or a folder with all in it; links are removed, not followed. A missing path is
 * fine. */
pn_status pn_tree_remove(const char *path, pn_error *error);

/* The names in a folder in byte order, without "." and "..". Release with pn_names_free. */
typedef struct pn_names {
    char **name;
    size_t count;
} pn_names;
pn_status pn_folder_list(const char *path, pn_names *names, pn_error *error);
void pn_names_free(pn_names *names);

/* Writes "folder/name" (or `name` alone when folder is "" or name is absolute); PN_E_ARGUMENT when
 * it does not fit. */
pn_status pn_path_join(char out[PN_PATH], const char *folder, const char *name, pn_error *error);

/* The part after the last '/', inside `path`. */
const char *pn_path_name(const char *path);

/* The ending with its dot, inside `path` (".jpeg"), or "" when the name has none. */
const char *pn_path_ending(const char *path);

#endif
