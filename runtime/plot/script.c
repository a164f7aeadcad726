#include "plot/script.h"

#include "base/file.h"
#include "base/home.h"
#include "base/memory.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

bool pn_script_is_name(const char *name) {
    if (strncmp(name, "pn_", 3) != 0 || !name[3]) return false;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '_') return false;
    return true;
}

/* U+FFFE and U+FFFF are valid UTF-8 but not allowed in XML; so are the control characters from
 * U+0080 to U+009F, which nobody can read. */
static bool is_printable(const char *bytes, size_t length) {
    const unsigned char *s = (const unsigned char *)bytes;
    if (length == 1) return s[0] >= 0x20 && s[0] != 0x7f;
    if (length == 2) return s[0] != 0xc2 || s[1] >= 0xa0;
    return !(length == 3 && s[0] == 0xef && s[1] == 0xbf && s[2] >= 0xbe);
}

static size_t quote_one(pn_text *script, const char *bytes, size_t size, bool percent) {
    size_t length = pn_utf8_length(bytes, size);
    if (*bytes == '\n')
        pn_text_adds(script, "'.\"\\n\".'");
    else if (*bytes == '\t' || *bytes == '\r')
        pn_text_addc(script, ' ');
    else if (*bytes == '\'')
        pn_text_adds(script, "''");
    else if (*bytes == '%' && percent)
        pn_text_adds(script, "%%");
    else if (length && is_printable(bytes, length))
        pn_text_add(script, bytes, length);
    else
        pn_text_adds(script, "\xef\xbf\xbd");
    return length ? length : 1;
}

void pn_script_quote(pn_text *script, const char *bytes, size_t size, bool percent) {
    pn_text_addc(script, '\'');
    while (size) {
        size_t used = quote_one(script, bytes, size, percent);
        bytes += used;
        size -= used;
    }
    pn_text_addc(script, '\'');
}

/* Prints a number with a decimal point whatever the locale says. */
static void print_number(char text[32], double value) {
    snprintf(text, 32, "%.12g", value);
    if (!isfinite(value)) snprintf(text, 32, "NaN");
    for (char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '+' && *c != '-') *c = '.';
}

void pn_script_value(pn_text *script, double value) {
    char text[32];
    print_number(text, value);
    pn_text_adds(script, text);
}

/* A whole number gets a decimal point: gnuplot divides integers as C does. */
void pn_script_number(pn_text *script, const char *name, double value) {
    char text[32];
    print_number(text, value);
    bool whole = !strpbrk(text, ".eN");
    pn_text_addf(script, "%s = %s%s\n", name, text, whole ? ".0" : "");
}

void pn_script_string(pn_text *script, const char *name, const char *bytes, size_t size) {
    pn_text_addf(script, "%s = ", name);
    pn_script_quote(script, bytes, size, false);
    pn_text_addc(script, '\n');
}

void pn_script_terminal(pn_text *script, pn_plot_form form, int width, int height, double scale) {
    if (form == PN_PLOT_SVG)
        pn_text_addf(script, "set terminal svg size %d,%d dynamic noenhanced font 'DejaVu Sans,12'",
                     width, height);
    else if (form == PN_PLOT_PNG)
        pn_text_addf(script,
                     "set terminal pngcairo size %.0f,%.0f noenhanced font 'DejaVu Sans,9' "
                     "fontscale %g linewidth %g pointscale %g background rgb '#ffffff'",
                     width * scale, height * scale, scale, scale, scale);
    else
        pn_text_addf(script, "set terminal dumb size %d,%d mono noenhanced", width, height);
    pn_text_addf(script, "\npn_text = %d\npn_points = %s\n", form == PN_PLOT_DUMB,
                 form == PN_PLOT_PNG ? "0.75" : "1.0");
}

pn_status pn_script_template(pn_text *script, const char *name, pn_error *error) {
    char folder[PN_PATH], path[PN_PATH], file[64], *data;
    size_t size;
    pn_status status = pn_home_path(folder, "plots", error);
    snprintf(file, sizeof file, "%.50s.gp", name);
    if (status == PN_OK) status = pn_path_join(path, folder, file, error);
    if (status == PN_OK) status = pn_file_read(path, 0, &data, &size, error);
    if (status != PN_OK) return status;
    pn_text_add(script, data, size);
    pn_free(data);
    return script->failed ? pn_fail_memory(error, script->size + size) : PN_OK;
}
