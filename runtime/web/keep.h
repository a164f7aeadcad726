/* Keeping uploads, for who asks for it with --keep. */
#ifndef PN_WEB_KEEP_H
#define PN_WEB_KEEP_H

#include "base/error.h"

#include <stddef.h>

/* Writes bytes[size] to a new file of the folder: a name of the day and the time, a number and the
 * ending of its format; nothing of what the visitor called it. */
pn_status pn_keep_upload(const char *folder, const char *format, const void *bytes, size_t size,
                         pn_error *error);

#endif
