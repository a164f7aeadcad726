#include "notebook/record.h"

#include <stdlib.h>
#include <string.h>

void pn_record_put_int(pn_text *payload, int64_t value) {
    pn_text_add(payload, &value, sizeof value);
}

void pn_record_put_real(pn_text *payload, double value) {
    pn_text_add(payload, &value, sizeof value);
}

void pn_record_put_bytes(pn_text *payload, const void *bytes, size_t size) {
    pn_record_put_int(payload, (int64_t)size);
    pn_text_add(payload, bytes, size);
}

void pn_record_put_string(pn_text *payload, const char *string) {
    pn_record_put_bytes(payload, string ? string : "", string ? strlen(string) : 0);
}

static void take(pn_fields *fields, void *value, size_t size) {
    if (fields->bad || fields->left < size) {
        fields->bad = 1;
        memset(value, 0, size);
        return;
    }
    memcpy(value, fields->next, size);
    fields->next += size;
    fields->left -= size;
}

int64_t pn_fields_int(pn_fields *fields) {
    int64_t value;
    take(fields, &value, sizeof value);
    return value;
}

double pn_fields_real(pn_fields *fields) {
    double value;
    take(fields, &value, sizeof value);
    return value;
}

const char *pn_fields_bytes(pn_fields *fields, size_t *size) {
    int64_t length = pn_fields_int(fields);
    if (fields->bad || length < 0 || (uint64_t)length > fields->left) {
        fields->bad = 1;
        *size = 0;
        return "";
    }
    const char *bytes = fields->next;
    *size = (size_t)length;
    fields->next += length;
    fields->left -= (size_t)length;
    return bytes;
}

char *pn_fields_copy(pn_fields *fields, size_t *size) {
    size_t length;
    const char *bytes = pn_fields_bytes(fields, &length);
    char *copy = malloc(length + 1);
    if (size) *size = copy ? length : 0;
    if (!copy) {
        fields->bad = 1;
        return NULL;
    }
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}
