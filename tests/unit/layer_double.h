/* The layers in double precision, for comparison with the float ones of the library. */
#ifndef PN_TESTS_UNIT_LAYER_DOUBLE_H
#define PN_TESTS_UNIT_LAYER_DOUBLE_H

/* Where the parts of a layer's rig stand in what is compared. */
enum { DOUBLE_OUT = 0, DOUBLE_INPUT = 1, DOUBLE_WEIGHT = 5, DOUBLE_MOVED = 9, DOUBLE_PARTS = 13 };

struct rig_case;

/* Runs a layer forward and backward on the numbers that every rig begins with and gives its output,
 * the gradients of its inputs and weights, and its weights afterwards. Release each part with
 * pn_free; NULL where there is none. */
void double_run(const struct rig_case *c, double *part[DOUBLE_PARTS]);

#endif
