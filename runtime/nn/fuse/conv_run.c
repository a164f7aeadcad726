#include "nn/fuse/conv_run.h"

#include "kernels/direct.h"

#include <string.h>

static bool is_class(const pn_node *node, const char *name) {
    return strcmp(node->layer->type->class_name, name) == 0;
}

/* Nothing below zero, without a ceiling. */
static bool is_relu(const pn_activation *a) {
    return a->kind == PN_ACT_RELU && a->slope == 0 && a->ceiling == 0;
}

static bool is_plain(const pn_activation *a) {
    return a->kind == PN_LINEAR || is_relu(a);
}

static bool read_convolution(const pn_node *node, int64_t batch, pn_conv_run *r) {
    if (!is_class(node, "Conv2D") || !is_plain(&node->layer->activation)) return false;
    const pn_conv2d *s = node->layer->settings;
    pn_windows w;
    if (pn_window_place(&s->window, &node->in[0], &w, NULL) != PN_OK) return false;
    if (s->window.dilation[0] != 1 || s->window.dilation[1] != 1) return false;
    r->conv = (pn_conv){.batch = batch,
                        .height = w.height,
                        .width = w.width,
                        .channels = w.channels,
                        .rows = w.rows,
                        .columns = w.columns,
                        .filters = s->filters,
                        .kernel = {s->window.kernel[0], s->window.kernel[1]},
                        .stride = {s->window.stride[0], s->window.stride[1]},
                        .before = {w.top, w.left}};
    r->bias = s->use_bias;
    r->relu_before = is_relu(&node->layer->activation);
    return true;
}

static bool read_padding(const pn_node *node, int count) {
    return count > 1 && is_class(node, "ZeroPadding2D");
}

/* Zeros around the image are what the convolution takes for what lies outside. */
static void add_padding(const pn_node *node, pn_conv *g) {
    const pn_zero_padding2d *s = node->layer->settings;
    g->height = node->in[0].size[0];
    g->width = node->in[0].size[1];
    for (int axis = 0; axis < 2; axis++) g->before[axis] += s->before[axis];
}

static bool read_activation(const pn_node *node) {
    return (is_class(node, "Activation") || is_class(node, "ReLU")) &&
           is_relu(&node->layer->activation);
}

static bool read_norm(const pn_run *run, int at, pn_conv_run *r) {
    const pn_node *node = &run->node[at];
    if (!is_class(node, "BatchNormalization") || !is_plain(&node->layer->activation)) return false;
    r->norm = node->layer;
    r->norm_slot = node->slot - run->node[0].slot;
    r->relu_after = is_relu(&node->layer->activation);
    return true;
}

/* Windows of 2 x 2 side by side; an odd row or column at the end is left out. */
static bool read_pooling(const pn_node *node) {
    if (!is_class(node, "MaxPooling2D") || node->layer->activation.kind != PN_LINEAR) return false;
    const pn_window *w = &((const pn_max_pooling2d *)node->layer->settings)->window;
    return w->kernel[0] == 2 && w->kernel[1] == 2 && w->stride[0] == 2 && w->stride[1] == 2 &&
           node->out.size[0] == node->in[0].size[0] / 2 &&
           node->out.size[1] == node->in[0].size[1] / 2;
}

bool pn_conv_run_keeps(const pn_run *run, const pn_conv_run *r) {
    return run->backward || (!run->fixed && r->norm && r->norm->trainable);
}

bool pn_conv_run_read(const pn_run *run, int64_t batch, pn_conv_run *out) {
    pn_conv_run r = {0};
    int at = read_padding(&run->node[0], run->count) ? 1 : 0;
    if (!read_convolution(&run->node[at], batch, &r)) return false;
    if (at > 0) add_padding(&run->node[0], &r.conv);
    r.slot = run->node[at++].slot - run->node[0].slot;
    if (at < run->count && !r.relu_before && read_activation(&run->node[at])) {
        r.relu_before = true;
        at++;
    }
    if (at < run->count && read_norm(run, at, &r)) {
        at++;
        if (at < run->count && !r.relu_after && read_activation(&run->node[at])) {
            r.relu_after = true;
            at++;
        }
    }
    if (at < run->count && read_pooling(&run->node[at])) {
        r.pools = true;
        at++;
    }
    if (r.pools && !(r.norm && pn_conv_run_keeps(run, &r))) {
        r.conv.rows -= r.conv.rows % 2;
        r.conv.columns -= r.conv.columns % 2;
    }
    /* By the plan's batch, so that what is prepared serves smaller ones, too. */
    pn_conv largest = r.conv;
    largest.batch = run->batch;
    r.conv.as_is = pn_direct_suits_as_is(&largest);
    *out = r;
    /* A ReLU on both sides of a normalization is not worth a kernel. */
    return at == run->count && !(r.relu_before && r.relu_after);
}
