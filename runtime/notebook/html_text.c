/* Escaping, base 64, figures for people. */
#include "notebook/html.h"

#include <math.h>
#include <string.h>

void pn_html_escape(pn_text *html, const char *text, size_t size) {
    size_t plain = 0; /* bytes before `text` that need nothing done */
    while (size) {
        unsigned char c = (unsigned char)*text;
        size_t n = c >= 0x80 ? pn_utf8_length(text, size) : 1;
        bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ||
                       (n == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0);
        if (n && !control && c != '&' && c != '<' && c != '>' && c != '"') {
            plain += n, text += n, size -= n;
            continue;
        }
        pn_text_add(html, text - plain, plain);
        plain = 0;
        if (!n)
            pn_text_adds(html, "\xef\xbf\xbd"), n = 1;
        else if (!control)
            pn_text_adds(html, c == '&'   ? "&amp;"
                               : c == '<' ? "&lt;"
                               : c == '>' ? "&gt;"
                                          : "&quot;");
        text += n, size -= n;
    }
    pn_text_add(html, text - plain, plain);
}

void pn_html_escapes(pn_text *html, const char *text) {
    pn_html_escape(html, text, strlen(text));
}

void pn_html_base64(pn_text *html, const void *bytes, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = bytes;
    char group[4];
    for (; size; in += 3) {
        size_t n = size < 3 ? size : 3;
        unsigned bits = (unsigned)in[0] << 16 | (n > 1 ? (unsigned)in[1] << 8 : 0) |
                        (n > 2 ? (unsigned)in[2] : 0);
        for (int i = 0; i < 4; i++) group[i] = digits[bits >> (18 - 6 * i) & 63];
        if (n < 3) group[3] = '=';
        if (n < 2) group[2] = '=';
        pn_text_add(html, group, 4);
        size -= n;
    }
}

void pn_html_seconds(pn_text *html, double seconds) {
    if (!(seconds > 0)) seconds = 0;
    if (seconds < 0.0995)
        pn_text_addf(html, "%.0f ms", seconds < 0.0005 && seconds > 0 ? 1 : seconds * 1000);
    else if (seconds < 9.995)
        pn_text_addf(html, "%.2f s", seconds);
    else if (seconds < 59.95)
        pn_text_addf(html, "%.1f s", seconds);
    else if (seconds < 3599.5)
        pn_text_addf(html, "%.0f min %.0f s", floor(round(seconds) / 60), fmod(round(seconds), 60));
    else
        pn_text_addf(html, "%.0f h %.0f min", floor(round(seconds / 60) / 60),
                     fmod(round(seconds / 60), 60));
}

void pn_html_bytes(pn_text *html, double bytes) {
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    int unit = -1;
    while (bytes >= 999.5 && unit < 3) bytes /= 1000, unit++;
    if (unit < 0)
        pn_text_addf(html, "%.0f bytes", bytes);
    else
        pn_text_addf(html, bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}
