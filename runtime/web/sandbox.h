/* A process that shuts itself in before it touches what a stranger sent. */
#ifndef PN_WEB_SANDBOX_H
#define PN_WEB_SANDBOX_H

#include "base/error.h"

#include <stddef.h>

/* From now on this process, all of its threads, can compute, take memory, time itself, and send
 * and receive on the descriptor `keep`; nothing else. Every other descriptor is closed (standard
 * output and error lead nowhere), no file, network, process or thread can be opened or made, no
 * memory made executable, and it may take `memory` bytes beyond those it has. A system call that is
 * not allowed kills the process (SIGSYS); in builds with sanitizers, whose runtimes try things at
 * any time, it fails with EPERM, and standard error stays for their reports.
 * There is no way back; after PN_E_IO the process is to end. */
pn_status pn_sandbox_enter(int keep, size_t memory, pn_error *error);

#endif
