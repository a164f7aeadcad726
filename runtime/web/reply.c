#include "web/reply.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Nine digits tell any two float32 apart. */
enum { HOW = JSON_COMPACT | JSON_REAL_PRECISION(9) };

static int take_text(const char *bytes, size_t size, void *context) {
    pn_reply *reply = context;
    memcpy(reply->owned + reply->size, bytes, size);
    reply->size += size;
    return 0;
}

void pn_reply_json(pn_reply *reply, int status, json_t *json) {
    const size_t size = json ? json_dumpb(json, NULL, 0, HOW) : 0;
    *reply = (pn_reply){.status = 500, .type = "application/json; charset=utf-8", .body = ""};
    reply->owned = size ? pn_alloc(size) : NULL;
    if (reply->owned && json_dump_callback(json, take_text, reply, HOW) == 0) {
        reply->status = status;
        reply->body = reply->owned;
    }
    json_decref(json);
}

void pn_reply_error(pn_reply *reply, int status, const char *code, const char *format, ...) {
    char message[PN_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    pn_reply_json(reply, status,
                  json_pack("{s:{s:i, s:s, s:s}}", "error", "status", status, "code", code,
                            "message", message));
}

void pn_reply_free(pn_reply *reply) {
    pn_free(reply->owned);
    pn_free(reply->cookie);
    pn_free(reply->location);
    *reply = (pn_reply){0};
}
