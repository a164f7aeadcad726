/* How models grow, for the files that make them out of others: names are not looked at. */
#ifndef PN_NN_MODEL_PARTS_H
#define PN_NN_MODEL_PARTS_H

#include "nn/model.h"

/* Appends a layer to a group as it is; the shapes are checked. */
pn_status pn_model_add_node(pn_model *model, pn_layer *layer, const int *input, int inputs,
                            int group, pn_error *error);

/* Gives the last node an alias, unless its layer has a node already, whose name it then takes. */
pn_status pn_model_set_alias(pn_model *model, const char *alias, pn_error *error);

/* Makes a node one of the group's inputs. */
pn_status pn_model_add_input(pn_model *model, int group, int node, pn_error *error);

/* Says which nodes are the group's outputs. */
pn_status pn_model_set_group_outputs(pn_model *model, int group, const int *output, int outputs,
                                     pn_error *error);

#endif
