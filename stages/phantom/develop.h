/* develop.h: what film.c and develop.c share. */
#ifndef PN_PHANTOM_DEVELOP_H
#define PN_PHANTOM_DEVELOP_H

#include "phantom.h"

/* The response curve is tabulated over this range of attenuation. */
enum { PN_PHANTOM_CURVE = 4096 };
#define PN_PHANTOM_LOW (-0.4f)
#define PN_PHANTOM_HIGH 3.6f

/* A logistic curve, as film has: `middle` is the attenuation of medium grey. */
typedef struct pn_phantom_response {
    float middle, gain, fog, top;
} pn_phantom_response;

/* Grey value of an attenuation, fog to top. */
float pn_phantom_respond(const pn_phantom_response *response, float attenuation);

/* Fills pixels (height, width) from a finished map. Statuses as pn_phantom_expose. */
pn_status pn_phantom_develop(const pn_phantom_map *map, const pn_phantom_film *film,
                             const pn_phantom_response *response, uint64_t seed, uint8_t *pixels,
                             int height, int width, pn_phantom_poll poll, pn_error *error);

#endif
