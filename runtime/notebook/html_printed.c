/* Printed text as a terminal leaves it: escape sequences, backspaces and overwritten lines. */
#include "notebook/html.h"

#include <string.h>

/* The length of the escape sequence at text[0] == ESC. */
static size_t escape_length(const char *text, size_t size) {
    if (size < 2) return size;
    size_t i = 2;
    if (text[1] == '[') { /* CSI: parameters and intermediates, then one final byte */
        while (i < size && text[i] >= 0x20 && text[i] < 0x40) i++;
        return i < size && text[i] >= 0x40 ? i + 1 : i;
    }
    if (text[1] == ']') { /* OSC: to BEL or ESC \ on the same line */
        for (; i < size && text[i] != '\n'; i++) {
            if (text[i] == '\a') return i + 1;
            if (text[i] == '\x1b') return i + 1 < size && text[i + 1] == '\\' ? i + 2 : i;
        }
        return i;
    }
    return text[1] == '\n' ? 1 : 2;
}

static void drop_last_character(pn_text *plain, size_t line) {
    while (plain->size > line) {
        unsigned char c = (unsigned char)plain->data[--plain->size];
        if ((c & 0xc0) != 0x80) break;
    }
}

void pn_html_printed(pn_text *plain, const char *text, size_t size) {
    size_t line = plain->size; /* where the present line starts */
    bool returned = false;     /* a carriage return came and nothing behind it yet */
    for (size_t i = 0; i < size && !plain->failed;) {
        char c = text[i];
        if (c == '\x1b') {
            i += escape_length(text + i, size - i);
            continue;
        }
        i++;
        if (c == '\r') {
            returned = true;
            continue;
        }
        if (c == '\b') {
            drop_last_character(plain, line);
            continue;
        }
        if (returned && c != '\n' && plain->data) plain->size = line;
        returned = false;
        pn_text_addc(plain, c);
        if (c == '\n') line = plain->size;
    }
    if (plain->data) plain->data[plain->size] = '\0';
}
