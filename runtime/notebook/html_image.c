/* Pictures inside a page, as data URIs. */
#include "notebook/html.h"

#include "base/file.h"
#include "base/memory.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_FILE = 8 * 1024 * 1024, RETINA = 5600 /* dots per metre: a little under 144 dpi */ };

static uint32_t read_u32(const char *bytes) {
    const unsigned char *b = (const unsigned char *)bytes;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Reads the size in pixels at which a PNG is to be shown; false when it is no PNG. */
static bool png_size(const char *png, size_t size, uint32_t *width, uint32_t *height) {
    if (size < 33 || memcmp(png, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16) != 0) return false;
    *width = read_u32(png + 16);
    *height = read_u32(png + 20);
    if (*width == 0 || *height == 0 || *width > INT32_MAX || *height > INT32_MAX) return false;
    for (size_t at = 33; size - at >= 12;) {
        size_t length = read_u32(png + at);
        if (length > size - at - 12 || memcmp(png + at + 4, "IDAT", 4) == 0) break;
        if (memcmp(png + at + 4, "pHYs", 4) == 0 && length == 9 && png[at + 16] == 1 &&
            read_u32(png + at + 8) >= RETINA) {
            *width = *width / 2 + *width % 2;
            *height = *height / 2 + *height % 2;
            break;
        }
        at += length + 12;
    }
    return true;
}

static void add_text_attribute(pn_text *html, const char *name, const char *text) {
    pn_text_addf(html, " %s=\"", name);
    pn_html_escapes(html, text);
    pn_text_addc(html, '"');
}

static void add_image(pn_text *html, const char *type, const char *bytes, size_t size,
                      const char *label, const char *title) {
    uint32_t width, height;
    pn_text_adds(html, "<img");
    if (png_size(bytes, size, &width, &height))
        pn_text_addf(html, " width=\"%u\" height=\"%u\"", width, height);
    add_text_attribute(html, "alt", label ? label : "");
    if (title && *title) add_text_attribute(html, "title", title);
    pn_text_addf(html, " src=\"data:%s;base64,", type);
    pn_html_base64(html, bytes, size);
    pn_text_adds(html, "\">");
}

bool pn_html_png(pn_text *html, const char *png, size_t size, const char *label) {
    uint32_t width, height;
    if (!png_size(png, size, &width, &height)) return false;
    add_image(html, "image/png", png, size, label, NULL);
    return true;
}

/* The MIME type its first bytes tell, or NULL. */
static const char *picture_type(const char *bytes, size_t size) {
    if (size > 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0) return "image/png";
    if (size > 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0) return "image/jpeg";
    if (size > 6 && memcmp(bytes, "GIF8", 4) == 0) return "image/gif";
    if (size > 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0)
        return "image/webp";
    if (size > 5 && (memcmp(bytes, "<?xml", 5) == 0 || memcmp(bytes, "<svg", 4) == 0) &&
        strstr(bytes, "<svg"))
        return "image/svg+xml"; /* in an <img> it can neither run nor load anything */
    return NULL;
}

/* Decodes %XX in place. */
static void decode_url(char *url) {
    char *out = url;
    for (; *url; url++) {
        if (url[0] == '%' && isxdigit((unsigned char)url[1]) && isxdigit((unsigned char)url[2])) {
            char digits[] = {url[1], url[2], '\0'};
            *out = (char)strtol(digits, NULL, 16);
            if (*out) out++;
            url += 2;
        } else
            *out++ = *url;
    }
    *out = '\0';
}

bool pn_html_picture_file(pn_text *html, const char *folder, const char *url, const char *label,
                          const char *title) {
    char name[PN_PATH], path[PN_PATH], *bytes;
    size_t size;
    if (*url == '/' || strlen(url) >= sizeof name) return false;
    strcpy(name, url);
    decode_url(name);
    name[strcspn(name, "?#")] = '\0';
    pn_stamp stamp;
    if (pn_path_join(path, folder, name, NULL) != PN_OK ||
        pn_file_stamp(path, &stamp, NULL) != PN_OK || stamp.is_folder != 0 ||
        stamp.size > LARGEST_FILE || pn_file_read(path, LARGEST_FILE, &bytes, &size, NULL) != PN_OK)
        return false;
    const char *type = picture_type(bytes, size);
    if (type) add_image(html, type, bytes, size, label, title);
    pn_free(bytes);
    return type != NULL;
}
