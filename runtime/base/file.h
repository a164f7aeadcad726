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

/* Hands the first `limit` bytes of a regular file (0: all) to take(), piece by piece. */
pn_status pn_file_pieces(const char *path, uint64_t limit,
                         void (*take)(void *context, const void *bytes, size_t size), void *context,
                         pn_error *error);

/* Replaces a file: writes a new one beside it, flushes it to the disk, renames. Either the old or
 * the new content is there whatever happens. */
pn_status pn_file_write(const char *path, const void *data, size_t size, pn_error *error);

/* The same for content that comes in pieces, or from a library that wants a path: begin, write (or
 * have `beside` written), then commit or abort. */
typedef struct pn_replacement {
    char path[PN_PATH];
    char beside[PN_PATH]; /* the new file until commit */
    int fd;               /* -1: committed or aborted */
} pn_replacement;

/* Makes the new file, empty. On failure there is nothing to abort. */
pn_status pn_file_replace_begin(const char *path, pn_replacement *replacement, pn_error *error);
pn_status pn_file_replace_write(pn_replacement *replacement, const void *data, size_t size,
                                pn_error *error);
/* Flushes and renames; when that fails the new file is removed. */
pn_status pn_file_replace_commit(pn_replacement *replacement, pn_error *error);
/* Removes the new file; nothing after commit or abort. */
void pn_file_replace_abort(pn_replacement *replacement);

/* Maps a regular file whole into memory: what is written there stays in this process. An empty file
 * gives *size 0 and *data NULL. PN_E_NOT_FOUND, PN_E_IO. Release with pn_file_unmap. The file must
 * not be cut short meanwhile; replacing it is fine. */
pn_status pn_file_map(const char *path, void **data, size_t *size, pn_error *error);
void pn_file_unmap(void *data, size_t size);

/* Removes the files that killed processes left beside `path` in the middle of pn_file_write. Only
 * for who knows that nobody writes `path` at the moment. */
void pn_file_sweep(const char *path);

/* Makes the folder and the missing ones above it. */
pn_status pn_folder_make(const char *path, pn_error *error);

/* The same for the folder that the file `path` is to stand in. */
pn_status pn_folder_make_for(const char *path, pn_error *error);

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
