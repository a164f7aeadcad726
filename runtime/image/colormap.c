#include "image/colormap_tables.h"
#include "image/image.h"

#include <string.h>

#define GRAY4(v)                                                                                   \
    {v, v, v}, {v + 1, v + 1, v + 1}, {v + 2, v + 2, v + 2}, {                                     \
        v + 3, v + 3, v + 3                                                                        \
    }
#define GRAY16(v) GRAY4(v), GRAY4(v + 4), GRAY4(v + 8), GRAY4(v + 12)
#define GRAY64(v) GRAY16(v), GRAY16(v + 16), GRAY16(v + 32), GRAY16(v + 48)

static const uint8_t gray[256][3] = {GRAY64(0), GRAY64(64), GRAY64(128), GRAY64(192)};

const char *const pn_colormap_names[] = {"viridis", "jet", "gray", NULL};

const uint8_t (*pn_colormap(const char *name))[3] {
    if (strcmp(name, "viridis") == 0) return viridis;
    if (strcmp(name, "jet") == 0) return jet;
    if (strcmp(name, "gray") == 0 || strcmp(name, "grey") == 0) return gray;
    return NULL;
}
