#include "nn/activation.h"

#include "base/text.h"

#include <string.h>

static const struct {
    const char *name;
    pn_activation activation;
} known[] = {
    {"linear", {PN_LINEAR, 0, 0}},         {"relu", {PN_ACT_RELU, 0, 0}},
    {"leaky_relu", {PN_ACT_RELU, 0.2, 0}}, {"relu6", {PN_ACT_RELU, 0, 6}},
    {"sigmoid", {PN_ACT_SIGMOID, 0, 0}},   {"tanh", {PN_ACT_TANH, 0, 0}},
    {"softmax", {PN_ACT_SOFTMAX, 0, 0}},
};

enum { KNOWN = sizeof known / sizeof *known };

pn_status pn_activation_parse(const char *name, pn_activation *activation, pn_error *error) {
    const char *names[KNOWN];
    for (size_t i = 0; i < KNOWN; i++) {
        if (strcmp(name, known[i].name) == 0) {
            *activation = known[i].activation;
            return PN_OK;
        }
        names[i] = known[i].name;
    }
    const char *near = pn_suggest(name, names, KNOWN);
    if (near)
        return pn_fail(error, PN_E_ARGUMENT, "there is no activation '%s'; did you mean '%s'?",
                       name, near);
    return pn_fail(error, PN_E_ARGUMENT,
                   "there is no activation '%s'; there are linear, relu, leaky_relu, relu6, "
                   "sigmoid, tanh and softmax",
                   name);
}
