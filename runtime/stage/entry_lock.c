/* The locks of entries. Removing an entry renames its folder away, so whoever waited for the lock
 * of a removed entry finds another file under its path, or none, and tries again. */
#define _GNU_SOURCE
#include "stage/entry.h"

#include "base/cancel.h"
#include "stage/entry_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static pn_status lock_path(const pn_entry *entry, char path[PN_PATH], pn_error *error) {
    return pn_path_join(path, entry->folder, "lock", error);
}

/* 1 while the descriptor is still the file under that path. */
static int is_current(int fd, const char *path) {
    struct stat mine, there;
    return fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino &&
           mine.st_dev == there.st_dev;
}

static pn_status open_lock(const pn_entry *entry, char path[PN_PATH], int *fd, pn_error *error) {
    pn_status status = lock_path(entry, path, error);
    /* The folder may be renamed away between making it and opening the lock in it. */
    for (int tries = 0; tries < 100 && status == PN_OK; tries++) {
        if (mkdir(entry->folder, 0777) != 0 && errno != EEXIST)
            status = pn_folder_make(entry->folder, error);
        if (status != PN_OK) return status;
        *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (*fd >= 0) return PN_OK;
        if (errno != ENOENT) break;
    }
    if (status != PN_OK) return status;
    return pn_fail_errno(error, errno, path, "cannot write '%s'", path);
}

/* Waits for the exclusive lock; whoever has it computes the very thing we want. */
static pn_status wait_lock(int fd, const char *path, pn_error *error) {
    const struct timespec pause = {.tv_nsec = 20000000};
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return pn_fail_errno(error, errno, path, "cannot lock '%s'", path);
        if (pn_cancelled() != PN_CANCEL_NONE)
            return pn_fail(error, PN_E_CANCELLED, "stopped while another process computes it");
        nanosleep(&pause, NULL);
    }
    return PN_OK;
}

pn_status pn_entry_lock(pn_entry *entry, pn_error *error) {
    char path[PN_PATH];
    int fd = -1;
    for (;;) {
        pn_status status = open_lock(entry, path, &fd, error);
        if (status != PN_OK) return status;
        status = wait_lock(fd, path, error);
        if (status == PN_OK && is_current(fd, path)) break;
        close(fd);
        if (status != PN_OK) return status;
    }
    entry->lock = fd;
    return PN_OK;
}

static int try_lock(pn_entry *entry, int how) {
    char path[PN_PATH];
    if (lock_path(entry, path, NULL) != PN_OK) return 0;
    int fd = open(path, (how == LOCK_EX ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd < 0) return 0;
    if (flock(fd, how | LOCK_NB) == 0 && is_current(fd, path)) {
        entry->lock = fd;
        return 1;
    }
    close(fd);
    return 0;
}

int pn_entry_try_lock(pn_entry *entry) {
    return try_lock(entry, LOCK_EX);
}

int pn_entry_share(pn_entry *entry) {
    return try_lock(entry, LOCK_SH);
}

void pn_entry_unlock(pn_entry *entry) {
    if (entry->lock >= 0) close(entry->lock);
    entry->lock = -1;
}

/* ---- entries whose files this process uses ---- */

static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER;
static struct held {
    struct held *next;
    int fd;
    char folder[];
} * held;

static struct held *find_held(const char *folder) {
    struct held *h = held;
    while (h && strcmp(h->folder, folder) != 0) h = h->next;
    return h;
}

int pn_entry_is_held(const pn_entry *entry) {
    pthread_mutex_lock(&held_lock);
    int is = find_held(entry->folder) != NULL;
    pthread_mutex_unlock(&held_lock);
    return is;
}

/* The descriptors stay open on purpose: the paths were handed out. */
void pn_entry_hold(pn_entry *entry) {
    if (entry->lock < 0) return;
    flock(entry->lock, LOCK_SH);
    pthread_mutex_lock(&held_lock);
    if (!find_held(entry->folder)) {
        struct held *h = malloc(sizeof *h + strlen(entry->folder) + 1);
        if (h) {
            h->fd = entry->lock;
            strcpy(h->folder, entry->folder);
            h->next = held;
            held = h;
            entry->lock = -1;
        }
    }
    pthread_mutex_unlock(&held_lock);
    pn_entry_unlock(entry);
}

/* ---- removal ---- */

/* Under the lock. The rename makes it atomic; what stays in tmp after a kill is swept later. */
static pn_status move_away(pn_entry *entry, pn_error *error) {
    char tmp[PN_PATH], target[PN_PATH];
    static unsigned count;
    pn_status status = pn_path_join(tmp, entry->cache, "tmp", error);
    if (status == PN_OK) status = pn_folder_make(tmp, error);
    if (status != PN_OK) return status;
    int n = snprintf(target, sizeof target, "%s/%ld-%u-%s", tmp, (long)getpid(),
                     __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED), pn_path_name(entry->folder));
    if (n < 0 || n >= (int)sizeof target)
        return pn_fail(error, PN_E_ARGUMENT, "the path is too long: '%.200s'", tmp);
    if (rename(entry->folder, target) != 0)
        return pn_fail_errno(error, errno, entry->folder, "cannot remove '%s'", entry->folder);
    pn_tree_remove(target, NULL);
    return PN_OK;
}

int pn_entry_remove(pn_entry *entry) {
    if (!pn_entry_try_lock(entry)) return 0;
    int gone = move_away(entry, NULL) == PN_OK;
    pn_entry_unlock(entry);
    return gone;
}

void pn_entry_abandon(pn_entry *entry) {
    char files[PN_PATH];
    if (entry->lock < 0) return;
    if (pn_path_join(files, entry->folder, "files", NULL) == PN_OK && access(files, F_OK) != 0)
        move_away(entry, NULL);
    pn_entry_unlock(entry);
}
