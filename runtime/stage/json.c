#include "stage/json.h"

#include "base/text.h"

#include <string.h>

json_t *pn_json_bytes(const char *bytes, size_t size) {
    pn_text text = {0};
    while (size) {
        size_t n = pn_utf8_length(bytes, size);
        if (n == 0 || *bytes == '%' || *bytes == '\0') {
            pn_text_addf(&text, "%%%02x", (unsigned)(unsigned char)*bytes);
            n = 1;
        } else
            pn_text_add(&text, bytes, n);
        bytes += n;
        size -= n;
    }
    json_t *json = text.failed ? NULL : json_stringn(pn_text_string(&text), text.size);
    pn_text_free(&text);
    return json;
}

static int digit(char c) {
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

char *pn_json_text(json_t *json, pn_arena *arena, size_t *size) {
    const char *from = json_string_value(json);
    if (!from) return NULL;
    char *text = pn_arena_copy(arena, from, json_string_length(json));
    if (!text) return NULL;
    char *to = text;
    while (*from) {
        if (*from != '%') {
            *to++ = *from++;
            continue;
        }
        int high = digit(from[1]), low = high < 0 ? -1 : digit(from[2]);
        if (low < 0) return NULL;
        *to++ = (char)(high << 4 | low);
        from += 3;
    }
    *to = '\0';
    *size = (size_t)(to - text);
    return text;
}
