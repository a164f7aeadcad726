/* Everything in CACHE/tmp is locked by the process it belongs to (a file itself; a folder NAME by
 * the file NAME.lock), so that what can be locked belongs to nobody. Locks, not process ids: those
 * are used again, and other containers have their own. */
#define _GNU_SOURCE
#include "stage/scratch.h"

#include "base/home.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files ---- */

/* Between making and locking a file a sweep may take it away: then another one is made. */
static pn_status locked_file(const char *folder, const char *ending, char path[PN_PATH], int *fd,
                             pn_error *error) {
    for (int tries = 0; tries < 100; tries++) {
        struct stat st;
        int n = snprintf(path, PN_PATH, "%s/%ld-XXXXXX%s", folder, (long)getpid(), ending);
        if (n < 0 || n >= PN_PATH)
            return pn_fail(error, PN_E_ARGUMENT, "the path is too long: '%.200s'", folder);
        *fd = mkostemps(path, (int)strlen(ending), O_CLOEXEC);
        if (*fd < 0) return pn_fail_errno(error, errno, folder, "cannot write in '%s'", folder);
        if (flock(*fd, LOCK_EX) == 0 && fstat(*fd, &st) == 0 && st.st_nlink > 0) return PN_OK;
        close(*fd);
    }
    return pn_fail(error, PN_E_IO, "cannot keep a file in '%s'", folder);
}

static pn_status tmp_folder(const char *cache, char path[PN_PATH], pn_error *error) {
    pn_status status = pn_path_join(path, cache, "tmp", error);
    if (status != PN_OK || access(path, F_OK) == 0) return status;
    return pn_folder_make(path, error);
}

pn_status pn_scratch_file(const char *cache, char path[PN_PATH], int *fd, pn_error *error) {
    char tmp[PN_PATH];
    pn_status status = tmp_folder(cache, tmp, error);
    return status == PN_OK ? locked_file(tmp, "", path, fd, error) : status;
}

/* ---- the folder of this process ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PN_PATH], root_lock[PN_PATH];
static pid_t owner;
static int made, lock_fd = -1;

__attribute__((destructor)) static void remove_root(void) {
    if (!*root || owner != getpid()) return;
    pn_tree_remove(root, NULL);
    unlink(root_lock);
}

static pn_status root_in(const char *tmp, pn_error *error) {
    pn_status status = locked_file(tmp, ".lock", root_lock, &lock_fd, error);
    if (status != PN_OK) return status;
    char path[PN_PATH];
    size_t length = strlen(root_lock) - strlen(".lock");
    memcpy(path, root_lock, length);
    path[length] = '\0';
    status = pn_folder_make(path, error);
    if (status != PN_OK) {
        unlink(root_lock);
        close(lock_fd);
        return status;
    }
    memcpy(root, path, length + 1);
    owner = getpid();
    return PN_OK;
}

static pn_status make_root(pn_error *error) {
    char cache[PN_PATH], tmp[PN_PATH];
    if (pn_home_cache(cache, NULL) == PN_OK && tmp_folder(cache, tmp, NULL) == PN_OK &&
        root_in(tmp, NULL) == PN_OK)
        return PN_OK;
    const char *elsewhere = getenv("TMPDIR");
    return root_in(elsewhere && *elsewhere ? elsewhere : "/tmp", error);
}

pn_status pn_scratch_folder(char path[PN_PATH], pn_error *error) {
    pthread_mutex_lock(&lock);
    pn_status status = *root ? PN_OK : make_root(error);
    char name[32];
    snprintf(name, sizeof name, "%d", ++made);
    if (status == PN_OK) status = pn_path_join(path, root, name, error);
    pthread_mutex_unlock(&lock);
    return status;
}

/* ---- what the dead left ---- */

static int is_lock(const char *name) {
    return strcmp(pn_path_ending(name), ".lock") == 0;
}

/* 1: whoever made this file is gone; *fd holds its lock. */
static int is_orphan(const char *path, int *fd) {
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0) return 0;
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0) return 1;
    close(*fd);
    return 0;
}

static void sweep_one(const char *tmp, const char *name) {
    char path[PN_PATH], folder_lock[PN_PATH];
    pn_stamp stamp;
    int fd;
    if (pn_path_join(path, tmp, name, NULL) != PN_OK || pn_file_stamp(path, &stamp, NULL) != PN_OK)
        return;
    if (stamp.is_folder == 1) {
        /* With a lock file the sweep of that one takes the folder along. */
        int n = snprintf(folder_lock, sizeof folder_lock, "%s.lock", path);
        if (n < (int)sizeof folder_lock && access(folder_lock, F_OK) != 0)
            pn_tree_remove(path, NULL);
        return;
    }
    if (!is_orphan(path, &fd)) return;
    if (is_lock(name)) {
        char folder[PN_PATH];
        int n =
            snprintf(folder, sizeof folder, "%.*s", (int)(strlen(path) - strlen(".lock")), path);
        if (n < (int)sizeof folder) pn_tree_remove(folder, NULL);
    }
    unlink(path);
    close(fd);
}

void pn_scratch_sweep(const char *cache) {
    char tmp[PN_PATH];
    pn_names names;
    if (pn_path_join(tmp, cache, "tmp", NULL) != PN_OK ||
        pn_folder_list(tmp, &names, NULL) != PN_OK)
        return;
    for (size_t i = 0; i < names.count; i++) sweep_one(tmp, names.name[i]);
    pn_names_free(&names);
}
