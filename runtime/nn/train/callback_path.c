/* The part of Python's str.format() that paths of checkpoints use. */
#include "nn/train/callback.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct field {
    char name[PN_LOGS_NAME];
    char spec[16];
} field;

/* Reads "name}" or "name:spec}" behind an opening brace; where it ends, or NULL. */
static const char *read_field(const char *from, field *f) {
    size_t name = strcspn(from, ":}"), spec = 0;
    if (name == 0 || name >= sizeof f->name || !from[name]) return NULL;
    memcpy(f->name, from, name);
    f->name[name] = '\0';
    from += name;
    if (*from == ':') {
        spec = strcspn(++from, "}");
        if (spec >= sizeof f->spec || !from[spec]) return NULL;
    }
    memcpy(f->spec, from, spec);
    f->spec[spec] = '\0';
    return from + spec + 1;
}

/* "04.2f" apart: flags and width, precision, and the letter, which must be one of `letters`. */
static bool is_spec(const char *spec, const char *letters) {
    while (isdigit((unsigned char)*spec)) spec++;
    if (*spec == '.') {
        spec++;
        if (!isdigit((unsigned char)*spec)) return false;
        while (isdigit((unsigned char)*spec)) spec++;
    }
    return *spec == '\0' || (strchr(letters, *spec) && spec[1] == '\0');
}

static bool add_epoch(const field *f, int64_t epoch, pn_text *out) {
    char text[400], format[40];
    size_t length = strlen(f->spec);
    if (strchr(f->spec, '.') || !is_spec(f->spec, "d") || strtol(f->spec, NULL, 10) > 99)
        return false;
    if (length && f->spec[length - 1] == 'd') length--;
    snprintf(format, sizeof format, "%%%.*s" PRId64, (int)length, f->spec);
    snprintf(text, sizeof text, format, epoch + 1);
    pn_text_adds(out, text);
    return true;
}

/* Without a format: the fewest digits that read back as the same number. */
static void add_plain(double value, pn_text *out) {
    char text[40];
    int digits = 1;
    do snprintf(text, sizeof text, "%.*g", digits, value);
    while (strtod(text, NULL) != value && ++digits <= 17);
    pn_text_adds(out, text);
}

static bool add_value(const field *f, double value, pn_text *out) {
    char text[500], format[40];
    const char *dot = strchr(f->spec, '.');
    size_t length = strlen(f->spec);
    if (!length) return add_plain(value, out), true;
    if (!is_spec(f->spec, "fFeEgG") || strtol(f->spec, NULL, 10) > 99 ||
        (dot && strtol(dot + 1, NULL, 10) > 40))
        return false;
    bool letter = isalpha((unsigned char)f->spec[length - 1]);
    snprintf(format, sizeof format, "%%%s%s", f->spec, letter ? "" : "g");
    snprintf(text, sizeof text, format, value);
    pn_text_adds(out, text);
    return true;
}

static pn_status unknown(const char *name, const pn_logs *logs, pn_error *error) {
    const char *list[PN_LOGS_MOST + 1] = {"epoch"};
    for (int i = 0; i < logs->count; i++) list[i + 1] = logs->name[i];
    const char *near = pn_suggest(name, list, (size_t)logs->count + 1);
    if (near)
        return pn_fail(error, PN_E_ARGUMENT,
                       "ModelCheckpoint: its filepath names {%s}, which is not logged; did you "
                       "mean {%s}?",
                       name, near);
    return pn_fail(error, PN_E_ARGUMENT,
                   "ModelCheckpoint: its filepath names {%s}, which is not logged", name);
}

static pn_status add_field(const field *f, int64_t epoch, const pn_logs *logs, pn_text *out,
                           pn_error *error) {
    bool is_epoch = strcmp(f->name, "epoch") == 0;
    int at = pn_logs_find(logs, f->name);
    if (!is_epoch && at < 0) return unknown(f->name, logs, error);
    if (is_epoch ? add_epoch(f, epoch, out) : add_value(f, logs->value[at], out)) return PN_OK;
    return pn_fail(error, PN_E_ARGUMENT,
                   "ModelCheckpoint: its filepath has {%s:%s}; only formats like {epoch:02d} and "
                   "{val_loss:.4f} are known",
                   f->name, f->spec);
}

pn_status pn_callback_path(const char *filepath, int64_t epoch, const pn_logs *logs, pn_text *out,
                           pn_error *error) {
    field f;
    for (const char *at = filepath; *at;) {
        if ((*at == '{' || *at == '}') && at[1] == *at) {
            pn_text_addc(out, *at);
            at += 2;
        } else if (*at == '{') {
            at = read_field(at + 1, &f);
            if (!at)
                return pn_fail(error, PN_E_ARGUMENT,
                               "ModelCheckpoint: a brace of its filepath '%.200s' is not closed",
                               filepath);
            pn_status status = add_field(&f, epoch, logs, out, error);
            if (status != PN_OK) return status;
        } else
            pn_text_addc(out, *at++);
    }
    return out->failed ? pn_fail_memory(error, strlen(filepath)) : PN_OK;
}
