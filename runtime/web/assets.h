/* The files of assets/, embedded by the build (embed.cmake). */
#ifndef PN_WEB_ASSETS_H
#define PN_WEB_ASSETS_H

#include <stddef.h>

typedef struct pn_asset {
    const char *name;          /* "index.html" */
    const unsigned char *data; /* ended by a zero */
    size_t size;               /* without it */
} pn_asset;

/* Ended by one without a name. */
extern const pn_asset pn_assets[];

#endif
