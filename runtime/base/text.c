#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int reserve(pn_text *text, size_t more) {
    if (text->failed) return 0;
    if (more > (size_t)-1 / 2 - text->size) return text->failed = 1, 0;
    size_t need = text->size + more + 1;
    if (need <= text->capacity) return 1;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity < need) capacity *= 2;
    char *data = realloc(text->data, capacity);
    if (!data) return text->failed = 1, 0;
    text->data = data;
    text->capacity = capacity;
    return 1;
}

void pn_text_add(pn_text *text, const void *bytes, size_t size) {
    if (!reserve(text, size)) return;
    if (size) memcpy(text->data + text->size, bytes, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void pn_text_adds(pn_text *text, const char *string) {
    pn_text_add(text, string, strlen(string));
}

void pn_text_addc(pn_text *text, char c) {
    pn_text_add(text, &c, 1);
}

void pn_text_addf(pn_text *text, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size >= 0 && reserve(text, (size_t)size)) {
        vsnprintf(text->data + text->size, (size_t)size + 1, format, again);
        text->size += (size_t)size;
    }
    va_end(again);
}

void pn_text_free(pn_text *text) {
    free(text->data);
    *text = (pn_text){0};
}

const char *pn_text_string(const pn_text *text) {
    return text->data ? text->data : "";
}

size_t pn_utf8_length(const char *bytes, size_t size) {
    const unsigned char *s = (const unsigned char *)bytes;
    if (size == 0) return 0;
    if (s[0] < 0x80) return 1;
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || n > size) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if (s[0] == 0xe0 && s[1] < 0xa0) return 0; /* over-long */
    if (s[0] == 0xed && s[1] > 0x9f) return 0; /* surrogate */
    if (s[0] == 0xf0 && s[1] < 0x90) return 0; /* over-long */
    if (s[0] == 0xf4 && s[1] > 0x8f) return 0; /* beyond U+10FFFF */
    return n;
}

void pn_text_add_utf8(pn_text *text, const char *bytes, size_t size) {
    while (size) {
        size_t n = pn_utf8_length(bytes, size);
        if (n)
            pn_text_add(text, bytes, n);
        else
            pn_text_adds(text, "\xef\xbf\xbd"), n = 1;
        bytes += n;
        size -= n;
    }
}

enum { LONGEST_NAME = 64 };

static int minimum(int a, int b) {
    return a < b ? a : b;
}

int pn_edit_distance(const char *a, const char *b) {
    int rows[3][LONGEST_NAME + 1];
    int m = (int)strlen(a), n = (int)strlen(b);
    if (m > LONGEST_NAME || n > LONGEST_NAME) return LONGEST_NAME;
    int *before = rows[0], *last = rows[1], *now = rows[2];
    for (int j = 0; j <= n; j++) last[j] = j;
    for (int i = 1; i <= m; i++) {
        now[0] = i;
        for (int j = 1; j <= n; j++) {
            int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
            now[j] = minimum(minimum(last[j], now[j - 1]) + 1, last[j - 1] + (ca != cb));
            if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                cb == tolower((unsigned char)a[i - 2]))
                now[j] = minimum(now[j], before[j - 2] + 1);
        }
        int *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[n];
}

/* Of very short names only a beginning is like enough: "lo" is meant to be "low", but "ds" not
 * "os". */
static int is_near(const char *name, int length, const char *other, int limit) {
    int distance = pn_edit_distance(name, other);
    if (length < 3 && strncasecmp(name, other, (size_t)length) != 0) return -1;
    return distance <= limit && distance < length ? distance : -1;
}

const char *pn_suggest(const char *name, const char *const *names, size_t count) {
    const char *best = NULL;
    int length = (int)strlen(name), limit = length < 4 ? 1 : length < 8 ? 2 : 3;
    for (size_t i = 0; i < count && limit >= 0; i++) {
        int distance = is_near(name, length, names[i], limit);
        if (distance < 0) continue;
        best = names[i];
        limit = distance - 1;
    }
    for (size_t i = 0; i < count && !best && length >= 4; i++)
        if (strncasecmp(name, names[i], (size_t)length) == 0) best = names[i];
    return best;
}

void pn_text_add_names(pn_text *text, const char *name, const char *const *names, size_t count,
                       const char *there_are) {
    const char *near = pn_suggest(name, names, count);
    if (near) {
        pn_text_addf(text, "; did you mean '%s'?", near);
        return;
    }
    if (count) pn_text_addf(text, "; %s: ", there_are);
    for (size_t i = 0; i < count; i++) pn_text_addf(text, "%s%s", i ? ", " : "", names[i]);
}
