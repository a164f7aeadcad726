#include "notebook/outcome.h"

#include <stdlib.h>

static void free_output(pn_output *output) {
    for (int i = 0; i < PN_REPRESENTATIONS; i++) {
        free(output->mime[i]);
        free(output->data[i]);
    }
    free(output->name);
    free(output->spilled);
}

void pn_outcome_free(pn_outcome *outcome) {
    if (!outcome) return;
    for (int i = 0; outcome->cell && i < outcome->cell_count; i++) {
        pn_cell_outcome *cell = &outcome->cell[i];
        for (size_t j = 0; j < cell->output_count; j++) free_output(&cell->output[j]);
        free(cell->output);
    }
    for (size_t i = 0; i < outcome->parameter_count; i++) free(outcome->parameter[i]);
    free(outcome->parameter);
    free(outcome->cell);
    free(outcome->message);
    free(outcome->version);
    free(outcome->started);
    free(outcome->cpu);
    free(outcome);
}
