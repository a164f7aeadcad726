#include "base/error.h"

#include <stdio.h>
#include <string.h>

static void fill(pn_error *error, pn_status status, const char *path, const char *format,
                 va_list args) {
    if (!error) return;
    error->status = status;
    snprintf(error->path, sizeof error->path, "%s", path);
    vsnprintf(error->message, sizeof error->message, format, args);
}

pn_status pn_fail(pn_error *error, pn_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(error, status, "", format, args);
    va_end(args);
    return status;
}

pn_status pn_fail_path(pn_error *error, pn_status status, const char *path, const char *format,
                       ...) {
    va_list args;
    va_start(args, format);
    fill(error, status, path, format, args);
    va_end(args);
    return status;
}

pn_status pn_fail_errno(pn_error *error, int code, const char *path, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(error, PN_E_IO, path, format, args);
    va_end(args);
    if (error) {
        size_t used = strlen(error->message);
        snprintf(error->message + used, sizeof error->message - used, ": %s", strerror(code));
    }
    return PN_E_IO;
}

pn_status pn_fail_memory(pn_error *error, unsigned long long bytes) {
    return pn_fail(error, PN_E_MEMORY, "out of memory: %llu bytes could not be allocated", bytes);
}

const char *pn_status_name(pn_status status) {
    static const char *const names[] = {
        [PN_OK] = "ok",
        [PN_E_ARGUMENT] = "argument",
        [PN_E_SHAPE] = "shape",
        [PN_E_MEMORY] = "memory",
        [PN_E_IO] = "io",
        [PN_E_FORMAT] = "format",
        [PN_E_NOT_FOUND] = "not found",
        [PN_E_UNSUPPORTED] = "unsupported",
        [PN_E_CANCELLED] = "cancelled",
        [PN_E_STAGE] = "stage",
        [PN_E_INTERNAL] = "internal",
    };
    return (unsigned)status < sizeof names / sizeof *names ? names[status] : "internal";
}
