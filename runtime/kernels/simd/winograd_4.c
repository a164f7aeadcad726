#include "kernels/simd/vector.h"

#include "kernels/simd/winograd_4.h"

#include "kernels/simd/winograd_tiles.h"

const pn_winograd_ops PN_LEVEL(pn_winograd_4) = {
    .tile = TILE,
    .points = POINTS,
    .panel = PANEL,
    .pack = pack,
    .load = load,
    .forward = forward,
    .load_slope = load_slope,
    .add_kernel = add_kernel,
    .add_input = add_input,
    .add_sums = add_sums,
};
