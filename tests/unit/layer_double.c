/* Compiled with PN_DOUBLE. */
#include "layer_double.h"

#include "layer_rig.h"

static void take(pn_real **from, double **to) {
    *to = *from;
    *from = NULL;
}

void double_run(const rig_case *c, double *part[DOUBLE_PARTS]) {
    rig r;
    memset(part, 0, DOUBLE_PARTS * sizeof *part);
    rig_begin(&r, c);
    rig_forward(&r);
    rig_backward(&r);
    take(&r.out, &part[DOUBLE_OUT]);
    for (int k = 0; k < r.inputs; k++) take(&r.d_in[k], &part[DOUBLE_INPUT + k]);
    for (int i = 0; i < r.layer->weights; i++) {
        take(&r.d_weight[i], &part[DOUBLE_WEIGHT + i]);
        take(&r.weight[i], &part[DOUBLE_MOVED + i]);
    }
    rig_end(&r);
}
