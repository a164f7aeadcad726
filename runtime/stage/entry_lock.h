/* Locks of entries, for the files of the cache alone. */
#ifndef PN_STAGE_ENTRY_LOCK_H
#define PN_STAGE_ENTRY_LOCK_H

#include "stage/entry.h"

/* Locks an existing entry for reading, without waiting: 1 when that went well. */
int pn_entry_share(pn_entry *entry);

/* Gives the lock back; nothing happens without one. */
void pn_entry_unlock(pn_entry *entry);

/* Turns the lock into a shared one that lasts until the process ends. */
void pn_entry_hold(pn_entry *entry);

#endif
