/* Errors: every function below Lua that can fail returns a pn_status and fills a pn_error that
 * the caller owns. Nothing here exits, prints or aborts. */
#ifndef PN_BASE_ERROR_H
#define PN_BASE_ERROR_H

#include <stdarg.h>

typedef enum pn_status {
    PN_OK = 0,
    PN_E_ARGUMENT,    /* a value the caller gave is not acceptable */
    PN_E_SHAPE,       /* shapes do not fit each other; the message names both */
    PN_E_MEMORY,      /* an allocation failed */
    PN_E_IO,          /* the system refused to read or write a file */
    PN_E_FORMAT,      /* a file's content is not what it should be */
    PN_E_NOT_FOUND,   /* a file, stage, option or name does not exist */
    PN_E_UNSUPPORTED, /* valid, but beyond what this build can do */
    PN_E_CANCELLED,   /* Ctrl-C or a time-out */
    PN_E_STAGE,       /* a stage failed or its plugin crashed */
    PN_E_INTERNAL,    /* our own bug */
} pn_status;

/* Long enough for a sentence that names a path of ordinary length; longer texts are cut. */
enum { PN_ERROR_TEXT = 1024, PN_ERROR_PATH = 512 };

typedef struct pn_error {
    pn_status status;
    char path[PN_ERROR_PATH]; /* the file concerned, or "" */
    char message[PN_ERROR_TEXT];
} pn_error;

#if defined(__GNUC__)
#define PN_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define PN_PRINTF(text, first)
#endif

/* Fills *error (may be NULL) with the status and message and returns the status, so that
 * `return pn_fail(error, PN_E_SHAPE, "...", ...)` is the usual way out. Clears the path. */
pn_status pn_fail(pn_error *error, pn_status status, const char *format, ...) PN_PRINTF(3, 4);

/* As pn_fail, and records the file concerned. The message should name the path itself. */
pn_status pn_fail_path(pn_error *error, pn_status status, const char *path, const char *format, ...)
    PN_PRINTF(4, 5);

/* As pn_fail for PN_E_IO; appends ": " and the text of errno. */
pn_status pn_fail_errno(pn_error *error, int code, const char *path, const char *format, ...)
    PN_PRINTF(4, 5);

/* PN_E_MEMORY with a message that names the size in bytes. */
pn_status pn_fail_memory(pn_error *error, unsigned long long bytes);

/* The word Lua users see as error.kind: "argument", "shape", "memory", "io", "format",
 * "not found", "unsupported", "cancelled", "stage", "internal"; "ok" for PN_OK. */
const char *pn_status_name(pn_status status);

#endif
