/* How well a map hits what a mask marks. */
#ifndef PN_NN_EXPLAIN_CAM_SCORE_H
#define PN_NN_EXPLAIN_CAM_SCORE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct pn_cam_score {
    bool empty;    /* the map has no item above 0: it points nowhere */
    bool hit;      /* its peak lies inside the mask, or no further from it than the tolerance */
    double chance; /* share of all places that would have been a hit */
    double energy; /* share of the map's sum inside the mask; 0 of an empty map */
    double inside; /* share of the image that the mask covers: the energy of an even map */
} pn_cam_score;

/* Scores a map (height, width) against a mask (rows, columns) that marks with items other than 0.
 * The map is resized to the mask (bilinear); the peak is its first maximum. `tolerance` is in
 * pixels of the mask, as the crow flies (pointing game: Zhang et al., 2016; energy: Wang et al.,
 * 2020). PN_E_ARGUMENT when map or mask are empty; PN_E_MEMORY. */
pn_status pn_cam_score_map(const float *map, int64_t height, int64_t width, const uint8_t *mask,
                           int64_t rows, int64_t columns, double tolerance, pn_cam_score *score,
                           pn_error *error);

#endif
