/* One entry of the cache: a folder
 *
 *     lock     locked exclusively by whoever computes or removes the entry, shared by whoever uses
 *              its files; its time is when the entry was last used
 *     files/   what the stage wrote, if it did; survives a kill
 *     record   what the stage read and wrote, as JSON behind a checksum
 *     values   the packed results, notes and events; put in place by a rename, last: while it is
 *              missing the entry is not there
 */
#ifndef PN_STAGE_ENTRY_H
#define PN_STAGE_ENTRY_H

#include "base/error.h"
#include "base/file.h"
#include "stage/host.h"
#include "stage/stage.h"

typedef struct pn_entry {
    char cache[PN_PATH];  /* the cache's folder */
    char folder[PN_PATH]; /* the entry's */
    int lock;             /* descriptor of the held lock, or -1 */
} pn_entry;

typedef enum pn_entry_state {
    PN_ENTRY_HIT,
    PN_ENTRY_ABSENT,  /* not computed, or just being computed by someone */
    PN_ENTRY_CHANGED, /* computed from other contents of files; `why` names one */
    PN_ENTRY_DAMAGED, /* not what was written */
} pn_entry_state;

/* What a hit brings. */
typedef struct pn_entry_content {
    pn_values *results, *notes, *events;
} pn_entry_content;

/* Looks whether the entry can be used and takes its content. An entry with files stays locked
 * against removal until the process ends. why[PN_STAGE_WHY] says what changed. */
pn_entry_state pn_entry_read(pn_entry *entry, const pn_stage *stage, pn_entry_content *content,
                             char *why);

/* Makes the entry's folder and locks it for computing; waits while another process does. PN_OK
 * with entry->lock held; PN_E_CANCELLED; PN_E_IO when the cache cannot be written. */
pn_status pn_entry_lock(pn_entry *entry, pn_error *error);

/* The same without waiting: 1 when the lock is held now. For entries that exist. */
int pn_entry_try_lock(pn_entry *entry);

/* 1 when this process keeps the entry's files for those it gave their paths to: waiting for its
 * lock would be waiting for ourselves. */
int pn_entry_is_held(const pn_entry *entry);

/* Under the lock: takes away a result that is no good, files and all. */
pn_status pn_entry_clear(pn_entry *entry, pn_error *error);

/* The folder for the stage's files; it need not exist. */
pn_status pn_entry_files(const pn_entry *entry, char path[PN_PATH], pn_error *error);

/* Under the lock: puts the run's results in place. On failure nothing is in place. */
pn_status pn_entry_publish(pn_entry *entry, const pn_run *run, pn_error *error);

/* Gives the lock back after publishing, or keeps a shared one until the process ends where there
 * are files. */
void pn_entry_settle(pn_entry *entry, int has_files);

/* Gives the lock back after a failure; removes the entry unless it has files to resume from. */
void pn_entry_abandon(pn_entry *entry);

/* Removes the entry unless somebody has it locked. 1 when it is gone. */
int pn_entry_remove(pn_entry *entry);

#endif
