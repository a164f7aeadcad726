#include "web/upload.h"

#include "web/asked.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What a form may have around its file; pieces that it is read in. */
enum { AROUND = 1 << 16, PIECE = 1 << 14 };

static enum MHD_Result take_field(void *context, enum MHD_ValueKind kind, const char *key,
                                  const char *name, const char *type, const char *encoding,
                                  const char *data, uint64_t offset, size_t size) {
    pn_upload *u = context;
    (void)kind, (void)type, (void)encoding;
    if (!key || strcmp(key, "file") != 0) return MHD_YES;
    /* A part that begins with few bytes is told twice, first without any. */
    if (offset == 0 && (u->files == 0 || u->bytes.size > 0)) {
        u->files++;
        pn_asked_name(name ? name : "", u->name, sizeof u->name);
    }
    if (u->files > 1) return MHD_NO;
    if (u->bytes.size + size > u->most) {
        u->large = true;
        return MHD_NO;
    }
    pn_text_add(&u->bytes, data, size);
    return MHD_YES;
}

static bool refuse_large(const pn_upload *u, pn_reply *reply) {
    pn_reply_error(reply, 413, "too_large", "the file is larger than %.3g MB, the most taken here",
                   (double)u->most / 1e6);
    return false;
}

/* Of a body that is too large some more is read and forgotten: who still sends when the line is cut
 * does not see the answer. */
static size_t most_read(const pn_upload *u) {
    return 2 * (u->most + AROUND);
}

/* The length that the headers announce; -1: none, -2: no number. */
static long long announced(const char *length) {
    char *end;
    if (!length) return -1;
    const long long value = strtoll(length, &end, 10);
    return *end || value < 0 ? -2 : value;
}

static bool is_raw(const char *type) {
    static const char *const raw[] = {"image/", "application/octet-stream"};
    if (!type || !*type) return true;
    for (size_t i = 0; i < sizeof raw / sizeof *raw; i++)
        if (strncasecmp(type, raw[i], strlen(raw[i])) == 0) return true;
    return false;
}

static const char *header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

bool pn_upload_begin(pn_upload *u, struct MHD_Connection *connection, size_t most,
                     pn_reply *reply) {
    static const char form[] = "multipart/form-data";
    const char *type = header(connection, "Content-Type");
    const long long length = announced(header(connection, "Content-Length"));
    *u = (pn_upload){.most = most};
    if (length == -1 && !header(connection, "Transfer-Encoding")) {
        pn_reply_error(reply, 411, "no_length", "the request has no body");
        return false;
    }
    if (length > (long long)most_read(u)) return refuse_large(u, reply);
    u->large = length > (long long)(most + AROUND);
    if (is_raw(type)) return true;
    const bool is_form = strncasecmp(type, form, sizeof form - 1) == 0;
    if (is_form) u->form = MHD_create_post_processor(connection, PIECE, take_field, u);
    if (is_form && !u->form)
        pn_reply_error(reply, 400, "bad_form", "the form names no boundary of its parts");
    else if (!is_form)
        pn_reply_error(reply, 415, "unsupported_content_type",
                       "send the bytes of an image, or a form (multipart/form-data) with a field "
                       "called file");
    return u->form != NULL;
}

bool pn_upload_take(pn_upload *u, const char *data, size_t size) {
    u->received += size;
    if (u->received > u->most + AROUND) u->large = true;
    if (u->large || u->broken) return u->received <= most_read(u);
    if (u->form) {
        if (MHD_post_process(u->form, data, size) != MHD_YES) u->broken = !u->large;
    } else if (u->bytes.size + size > u->most) {
        u->large = true;
    } else {
        pn_text_add(&u->bytes, data, size);
    }
    return true;
}

bool pn_upload_end(pn_upload *u, pn_reply *reply) {
    const bool form = u->form != NULL;
    if (form && MHD_destroy_post_processor(u->form) != MHD_YES) u->broken = !u->large;
    u->form = NULL;
    if (u->large) return refuse_large(u, reply);
    if (u->files > 1)
        pn_reply_error(reply, 400, "several_files", "send one file in a request");
    else if (u->broken || (form && u->files == 0))
        pn_reply_error(reply, 400, "bad_form", "the form is broken or has no field called file");
    else if (u->bytes.failed)
        pn_reply_error(reply, 503, "no_memory", "the server is out of memory; try again later");
    else
        return true;
    return false;
}

void pn_upload_free(pn_upload *u) {
    if (u->form) MHD_destroy_post_processor(u->form);
    u->form = NULL;
    pn_text_free(&u->bytes);
}
