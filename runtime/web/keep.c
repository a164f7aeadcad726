#define _GNU_SOURCE
#include "web/keep.h"

#include "base/file.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *ending_of(const char *format) {
    if (strcmp(format, "JPEG") == 0) return "jpg";
    if (strcmp(format, "PNG") == 0) return "png";
    return strcmp(format, "BMP") == 0 ? "bmp" : "pnm";
}

pn_status pn_keep_upload(const char *folder, const char *format, const void *bytes, size_t size,
                         pn_error *error) {
    static atomic_uint count;
    char name[80], day[32], path[PN_PATH];
    struct tm local;
    const time_t seconds = time(NULL);
    localtime_r(&seconds, &local);
    strftime(day, sizeof day, "%Y%m%d-%H%M%S", &local);
    snprintf(name, sizeof name, "%s-%ld-%06u.%s", day, (long)getpid(), atomic_fetch_add(&count, 1),
             ending_of(format));
    pn_status status = pn_path_join(path, folder, name, error);
    return status == PN_OK ? pn_file_write(path, bytes, size, error) : status;
}
