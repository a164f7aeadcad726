/* All types of runs. */
#include "nn/fused.h"

extern const pn_fused_type pn_fused_convolution, pn_fused_dense;

const pn_fused_type *const pn_fused_types[] = {&pn_fused_convolution, &pn_fused_dense, NULL};
