#define _GNU_SOURCE
#include "base/file.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static pn_stamp stamp_of(const struct stat *st) {
    return (pn_stamp){
        .size = st->st_size,
        .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
        .inode = st->st_ino,
        .is_folder = S_ISDIR(st->st_mode)   ? 1
                     : S_ISREG(st->st_mode) ? 0
                                            : -1,
    };
}

static pn_status fail_open(const char *path, const char *verb, pn_error *error) {
    if (errno == ENOENT || errno == ENOTDIR)
        return pn_fail_path(error, PN_E_NOT_FOUND, path, "there is no file or folder '%s'", path);
    return pn_fail_errno(error, errno, path, "cannot %s '%s'", verb, path);
}

pn_status pn_file_stamp(const char *path, pn_stamp *stamp, pn_error *error) {
    struct stat st;
    if (stat(path, &st) != 0) return fail_open(path, "look at", error);
    *stamp = stamp_of(&st);
    return PN_OK;
}

static pn_status read_open(int fd, const char *path, size_t want, char **data, size_t *size,
                           pn_error *error) {
    char *buffer = pn_alloc(want + 1);
    if (!buffer) return pn_fail_memory(error, want + 1);
    size_t used = 0;
    while (used < want) {
        ssize_t n = read(fd, buffer + used, want - used);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            pn_free(buffer);
            return pn_fail_errno(error, errno, path, "cannot read '%s'", path);
        }
        if (n == 0) break;
        used += (size_t)n;
    }
    buffer[used] = '\0';
    *data = buffer;
    *size = used;
    return PN_OK;
}

/* Opens what must be a regular file and looks at it. */
static pn_status open_regular(const char *path, int *fd, struct stat *st, pn_error *error) {
    /* O_NONBLOCK: a pipe with an image's name must not stop the program. */
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0) return fail_open(path, "open", error);
    pn_status status = PN_OK;
    if (fstat(*fd, st) != 0)
        status = pn_fail_errno(error, errno, path, "cannot look at '%s'", path);
    else if (S_ISDIR(st->st_mode))
        status = pn_fail_path(error, PN_E_IO, path, "'%s' is a folder, not a file", path);
    else if (!S_ISREG(st->st_mode))
        status = pn_fail_path(error, PN_E_IO, path, "'%s' is not a regular file", path);
    if (status != PN_OK) close(*fd);
    return status;
}

pn_status pn_file_read(const char *path, size_t limit, char **data, size_t *size, pn_error *error) {
    int fd;
    struct stat st;
    pn_status status = open_regular(path, &fd, &st, error);
    if (status != PN_OK) return status;
    if (st.st_size > INT32_MAX && (limit == 0 || limit > INT32_MAX))
        status = pn_fail_path(error, PN_E_IO, path, "'%s' is larger than 2 GiB", path);
    else {
        size_t want = limit && limit < (size_t)st.st_size ? limit : (size_t)st.st_size;
        status = read_open(fd, path, want, data, size, error);
    }
    close(fd);
    return status;
}

pn_status pn_file_pieces(const char *path, uint64_t limit,
                         void (*take)(void *context, const void *bytes, size_t size), void *context,
                         pn_error *error) {
    enum { PIECE = 1 << 20 };
    int fd;
    struct stat st;
    pn_status status = open_regular(path, &fd, &st, error);
    if (status != PN_OK) return status;
    char *piece = pn_alloc(PIECE);
    if (!piece) status = pn_fail_memory(error, PIECE);
    for (uint64_t left = limit ? limit : UINT64_MAX; status == PN_OK && left;) {
        ssize_t n = read(fd, piece, left < PIECE ? (size_t)left : PIECE);
        if (n == 0) break;
        if (n > 0) {
            take(context, piece, (size_t)n);
            left -= (uint64_t)n;
        } else if (errno != EINTR)
            status = pn_fail_errno(error, errno, path, "cannot read '%s'", path);
    }
    pn_free(piece);
    close(fd);
    return status;
}

pn_status pn_file_map(const char *path, void **data, size_t *size, pn_error *error) {
    int fd;
    struct stat st;
    pn_status status = open_regular(path, &fd, &st, error);
    if (status != PN_OK) return status;
    *data = NULL;
    *size = (size_t)st.st_size;
    void *base = MAP_FAILED;
    if (*size) base = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (*size && base == MAP_FAILED)
        status = pn_fail_errno(error, errno, path, "cannot map '%s' into memory", path);
    else if (*size)
        *data = base;
    close(fd);
    if (status == PN_OK) pn_live_add((int64_t)*size);
    return status;
}

void pn_file_unmap(void *data, size_t size) {
    if (!size) return;
    munmap(data, size);
    pn_live_add(-(int64_t)size);
}

static int write_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

/* The ending of files that are being written: name.XXXXXX.unfinished. */
#define UNFINISHED ".unfinished"

pn_status pn_file_replace_begin(const char *path, pn_replacement *r, pn_error *error) {
    int length = snprintf(r->beside, sizeof r->beside, "%s.XXXXXX" UNFINISHED, path);
    r->fd = -1;
    if (length < 0 || length >= (int)sizeof r->beside)
        return pn_fail(error, PN_E_ARGUMENT, "the path is too long: '%.200s...'", path);
    snprintf(r->path, sizeof r->path, "%s", path);
    r->fd = mkostemps(r->beside, (int)strlen(UNFINISHED), O_CLOEXEC);
    if (r->fd < 0) return pn_fail_errno(error, errno, path, "cannot write '%s'", path);
    return PN_OK;
}

pn_status pn_file_replace_write(pn_replacement *r, const void *data, size_t size, pn_error *error) {
    if (write_all(r->fd, data, size) == 0) return PN_OK;
    return pn_fail_errno(error, errno, r->path, "cannot write '%s'", r->path);
}

pn_status pn_file_replace_commit(pn_replacement *r, pn_error *error) {
    mode_t mask = umask(0);
    umask(mask);
    int bad = fchmod(r->fd, 0666 & ~mask) != 0 || fsync(r->fd) != 0, code = errno;
    if (close(r->fd) != 0 && !bad) bad = 1, code = errno;
    r->fd = -1;
    if (!bad && rename(r->beside, r->path) != 0) bad = 1, code = errno;
    if (!bad) return PN_OK;
    unlink(r->beside);
    return pn_fail_errno(error, code, r->path, "cannot write '%s'", r->path);
}

void pn_file_replace_abort(pn_replacement *r) {
    if (r->fd < 0) return;
    close(r->fd);
    unlink(r->beside);
    r->fd = -1;
}

pn_status pn_file_write(const char *path, const void *data, size_t size, pn_error *error) {
    pn_replacement r;
    pn_status status = pn_file_replace_begin(path, &r, error);
    if (status != PN_OK) return status;
    status = pn_file_replace_write(&r, data, size, error);
    if (status == PN_OK) status = pn_file_replace_commit(&r, error);
    pn_file_replace_abort(&r);
    return status;
}

void pn_file_sweep(const char *path) {
    char folder[PN_PATH], left[PN_PATH];
    pn_names names;
    const char *name = pn_path_name(path);
    size_t length = strlen(name), whole = length + strlen(".XXXXXX" UNFINISHED);
    int n = snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    if (n >= (int)sizeof folder || pn_folder_list(*folder ? folder : ".", &names, NULL) != PN_OK)
        return;
    for (size_t i = 0; i < names.count; i++) {
        const char *it = names.name[i];
        if (strlen(it) == whole && strncmp(it, name, length) == 0 && it[length] == '.' &&
            strcmp(it + length + strlen(".XXXXXX"), UNFINISHED) == 0 &&
            pn_path_join(left, folder, it, NULL) == PN_OK)
            unlink(left);
    }
    pn_names_free(&names);
}

pn_status pn_folder_make(const char *path, pn_error *error) {
    char partial[PN_PATH];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof partial)
        return pn_fail(error, PN_E_ARGUMENT, "not a usable folder name: '%.200s'", path);
    memcpy(partial, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (partial[i] != '/' && partial[i] != '\0') continue;
        char kept = partial[i];
        partial[i] = '\0';
        if (mkdir(partial, 0777) != 0 && errno != EEXIST)
            return pn_fail_errno(error, errno, partial, "cannot make the folder '%s'", partial);
        partial[i] = kept;
    }
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return pn_fail_path(error, PN_E_IO, path, "'%s' is not a folder", path);
    return PN_OK;
}

pn_status pn_folder_make_for(const char *path, pn_error *error) {
    const char *name = pn_path_name(path);
    char folder[PN_PATH];
    if (name == path) return PN_OK;
    int n = snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    if (n >= (int)sizeof folder)
        return pn_fail(error, PN_E_ARGUMENT, "not a usable file name: '%.200s'", path);
    return pn_folder_make(folder, error);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

pn_status pn_tree_remove(const char *path, pn_error *error) {
    if (nftw(path, remove_entry, 32, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT) return PN_OK;
    return pn_fail_errno(error, errno, path, "cannot remove '%s'", path);
}

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_add(pn_names *names, size_t *capacity, const char *name) {
    if (names->count == *capacity) {
        size_t more = *capacity ? *capacity * 2 : 64;
        char **grown = realloc(names->name, more * sizeof *grown);
        if (!grown) return -1;
        names->name = grown;
        *capacity = more;
    }
    char *copy = strdup(name);
    if (!copy) return -1;
    names->name[names->count++] = copy;
    return 0;
}

pn_status pn_folder_list(const char *path, pn_names *names, pn_error *error) {
    *names = (pn_names){0};
    size_t capacity = 0;
    DIR *folder = opendir(path);
    if (!folder) {
        if (errno == ENOENT)
            return pn_fail_path(error, PN_E_NOT_FOUND, path, "there is no folder '%s'", path);
        if (errno == ENOTDIR)
            return pn_fail_path(error, PN_E_IO, path, "'%s' is a file, not a folder", path);
        return pn_fail_errno(error, errno, path, "cannot open the folder '%s'", path);
    }
    pn_status status = PN_OK;
    struct dirent *entry;
    while (status == PN_OK && (errno = 0, entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (names_add(names, &capacity, entry->d_name) != 0)
            status = pn_fail_memory(error, strlen(entry->d_name));
    }
    if (status == PN_OK && errno)
        status = pn_fail_errno(error, errno, path, "cannot read the folder '%s'", path);
    closedir(folder);
    if (status != PN_OK)
        pn_names_free(names);
    else if (names->count)
        qsort(names->name, names->count, sizeof *names->name, by_bytes);
    return status;
}

void pn_names_free(pn_names *names) {
    for (size_t i = 0; i < names->count; i++) free(names->name[i]);
    free(names->name);
    *names = (pn_names){0};
}

pn_status pn_path_join(char out[PN_PATH], const char *folder, const char *name, pn_error *error) {
    const char *slash = "/";
    if (*folder == '\0' || *name == '/')
        folder = slash = "";
    else if (folder[strlen(folder) - 1] == '/')
        slash = "";
    int length = snprintf(out, PN_PATH, "%s%s%s", folder, slash, name);
    if (length >= 0 && length < PN_PATH) return PN_OK;
    return pn_fail(error, PN_E_ARGUMENT, "the path is too long: '%.100s%s%.100s'", folder, slash,
                   name);
}

const char *pn_path_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *pn_path_ending(const char *path) {
    const char *name = pn_path_name(path), *dot = strrchr(name, '.');
    return dot && dot != name ? dot : name + strlen(name);
}
