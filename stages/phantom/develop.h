/* develop.h: what film.c, exposure.c and develop.c share. */
#ifndef PN_PHANTOM_DEVELOP_H
#define PN_PHANTOM_DEVELOP_H

#include "phantom.h"

/* Curves are tabulated over this range of attenuation. */
enum { PN_PHANTOM_CURVE = 4096 };
#define PN_PHANTOM_LOW (-0.4f)
#define PN_PHANTOM_HIGH 3.6f

/* How many pixels inside the collimation have which attenuation. */
typedef struct pn_phantom_levels {
    float pixels[PN_PHANTOM_CURVE];
} pn_phantom_levels;

void pn_phantom_count(const pn_phantom_map *map, const pn_phantom_film *film,
                      pn_phantom_levels *levels);

/* The film's curve, attenuation to grey value, placed so that the body has the film's mean. */
void pn_phantom_curve_for(const pn_phantom_levels *levels, const pn_phantom_film *film,
                          float curve[PN_PHANTOM_CURVE]);

/* Bends the curve so that the sick chest's grey values are distributed as the healthy one's are:
 * rising everywhere, and smooth, which leaves the distributions a little apart. */
void pn_phantom_match(const pn_phantom_levels *healthy, const pn_phantom_levels *sick,
                      float curve[PN_PHANTOM_CURVE]);

/* Fills pixels (height, width) from a finished map. Statuses as pn_phantom_expose. */
pn_status pn_phantom_develop(const pn_phantom_map *map, const pn_phantom_film *film,
                             const float curve[PN_PHANTOM_CURVE], uint64_t seed, uint8_t *pixels,
                             int height, int width, pn_phantom_poll poll, pn_error *error);

#endif
