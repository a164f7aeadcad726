/* Text: a growing byte buffer, UTF-8 checks, names that are near each other. */
#ifndef PN_BASE_TEXT_H
#define PN_BASE_TEXT_H

#include "base/error.h"

#include <stdarg.h>
#include <stddef.h>

/* A growing buffer, always ended by a NUL (data is NULL while it is empty and untouched). Start
 * with {0}. When memory runs out the appends become no-ops and `failed` stays set: check once, at
 * the end. */
typedef struct pn_text {
    char *data;
    size_t size, capacity;
    int failed;
} pn_text;

void pn_text_add(pn_text *text, const void *bytes, size_t size);
void pn_text_adds(pn_text *text, const char *string);
void pn_text_addc(pn_text *text, char c);
void pn_text_addf(pn_text *text, const char *format, ...) PN_PRINTF(2, 3);
void pn_text_free(pn_text *text);
/* The NUL-ended content, never NULL. Valid until the next append. */
const char *pn_text_string(const pn_text *text);

/* Length in bytes of the valid UTF-8 sequence at the start of bytes[size], 0 when it is invalid
 * (over-long forms and surrogates are). */
size_t pn_utf8_length(const char *bytes, size_t size);

/* Appends bytes[size] as valid UTF-8; an invalid byte becomes U+FFFD. */
void pn_text_add_utf8(pn_text *text, const char *bytes, size_t size);

/* Optimal string alignment distance (insert, delete, replace, swap neighbours), case-blind. */
int pn_edit_distance(const char *a, const char *b);

/* The name nearest to `name` among names[count], else the first that begins with it (of four
 * letters or more: "accuracy" for "accuracy_score"), or NULL when none is near enough to suggest.
 */
const char *pn_suggest(const char *name, const char *const *names, size_t count);

/* Appends "; did you mean 'x'?", or, when no name is near, "; `there_are`: a, b, c". */
void pn_text_add_names(pn_text *text, const char *name, const char *const *names, size_t count,
                       const char *there_are);

#endif
