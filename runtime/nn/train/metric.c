#include "nn/train/metric.h"

#include "base/memory.h"
#include "nn/named.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const pn_name names[] = {
    {"accuracy", PN_METRIC_ACCURACY},
    {"acc", PN_METRIC_ACCURACY},
    {"BinaryAccuracy", PN_METRIC_BINARY_ACCURACY},
    {"binary_accuracy", PN_METRIC_BINARY_ACCURACY},
    {"CategoricalAccuracy", PN_METRIC_CATEGORICAL_ACCURACY},
    {"categorical_accuracy", PN_METRIC_CATEGORICAL_ACCURACY},
    {"SparseCategoricalAccuracy", PN_METRIC_SPARSE_ACCURACY},
    {"sparse_categorical_accuracy", PN_METRIC_SPARSE_ACCURACY},
    {"AUC", PN_METRIC_AUC},
    {"Precision", PN_METRIC_PRECISION},
    {"Recall", PN_METRIC_RECALL},
    {"MeanSquaredError", PN_METRIC_LOSS},
    {"mean_squared_error", PN_METRIC_LOSS},
    {"mse", PN_METRIC_LOSS},
    {"BinaryCrossentropy", PN_METRIC_LOSS},
    {"binary_crossentropy", PN_METRIC_LOSS},
    {"CategoricalCrossentropy", PN_METRIC_LOSS},
    {"categorical_crossentropy", PN_METRIC_LOSS},
    {"SparseCategoricalCrossentropy", PN_METRIC_LOSS},
    {"sparse_categorical_crossentropy", PN_METRIC_LOSS},
};

static const char *const class_name_of[] = {"accuracy",
                                            "binary_accuracy",
                                            "categorical_accuracy",
                                            "sparse_categorical_accuracy",
                                            "auc",
                                            "precision",
                                            "recall",
                                            ""};

static void read_options(pn_metric *m, pn_config *config) {
    m->threshold = 0.5;
    switch (m->kind) {
    case PN_METRIC_BINARY_ACCURACY:
        m->threshold = pn_config_number(config, "threshold", 0.5, -1e30, 1e30);
        break;
    case PN_METRIC_PRECISION:
    case PN_METRIC_RECALL:
        if (pn_config_item(config, "thresholds"))
            m->threshold = pn_config_number(config, "thresholds", 0.5, -1e30, 1e30);
        if (pn_config_item(config, "top_k")) pn_config_wrong(config, "top_k", "left out");
        if (pn_config_item(config, "class_id")) pn_config_wrong(config, "class_id", "left out");
        break;
    case PN_METRIC_AUC:
        pn_config_only_word(config, "curve", "ROC");
        pn_config_ignore(config, "num_thresholds");
        pn_config_ignore(config, "summation_method");
        pn_config_ignore(config, "from_logits");
        break;
    default:
        break;
    }
}

static void name_it(pn_metric *m, const json_t *json) {
    const char *own = json_string_value(json_object_get(json_object_get(json, "config"), "name"));
    const char *name = own                         ? own
                       : m->kind == PN_METRIC_LOSS ? pn_loss_name(&m->loss)
                                                   : class_name_of[m->kind];
    /* compile(metrics = {"acc"}) logs "acc". */
    if (json_is_string(json) && json_string_length(json) < PN_METRIC_NAME &&
        strcspn(json_string_value(json), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == json_string_length(json))
        name = json_string_value(json);
    strncpy(m->name, name, PN_METRIC_NAME - 1);
}

pn_status pn_metric_parse(const json_t *json, pn_metric *metric, pn_error *error) {
    pn_named named;
    *metric = (pn_metric){0};
    pn_status status =
        pn_named_begin(&named, json, "metric", names, sizeof names / sizeof *names, error);
    if (status == PN_OK) {
        metric->kind = (pn_metric_kind)named.kind;
        if (metric->kind == PN_METRIC_LOSS)
            json_object_clear(named.json); /* the loss reads its options itself */
        else
            read_options(metric, &named.config);
    }
    pn_status finished = pn_named_finish(&named);
    if (status == PN_OK) status = finished;
    if (status == PN_OK && metric->kind == PN_METRIC_LOSS)
        status = pn_loss_parse(json, &metric->loss, error);
    if (status == PN_OK) name_it(metric, json);
    return status;
}

/* ---- life ---- */

static pn_status check(pn_metric *m, const pn_dims *out, int64_t y_size, pn_error *error) {
    int64_t width = pn_dims_count(out);
    bool classes =
        m->kind == PN_METRIC_CATEGORICAL_ACCURACY || m->kind == PN_METRIC_SPARSE_ACCURACY;
    int64_t wanted = m->kind == PN_METRIC_SPARSE_ACCURACY ? 1 : width;
    if (m->kind == PN_METRIC_LOSS) return pn_loss_check(&m->loss, out, y_size, error);
    if (wanted == y_size && !(classes && width < 2)) return PN_OK;
    char text[PN_SHAPE_TEXT];
    return pn_fail(error, PN_E_SHAPE,
                   "the metric '%s' does not fit an output %s with targets of %lld number%s",
                   m->name, pn_dims_text(out, text, sizeof text), (long long)y_size,
                   y_size == 1 ? "" : "s");
}

pn_status pn_metric_build(pn_metric *metric, const pn_dims *out, int64_t y_size, int64_t samples,
                          pn_error *error) {
    int64_t width = pn_dims_count(out);
    if (metric->kind == PN_METRIC_ACCURACY)
        metric->kind = width == 1    ? PN_METRIC_BINARY_ACCURACY
                       : y_size == 1 ? PN_METRIC_SPARSE_ACCURACY
                                     : PN_METRIC_CATEGORICAL_ACCURACY;
    pn_status status = check(metric, out, y_size, error);
    if (status != PN_OK || metric->kind != PN_METRIC_AUC) return status;
    metric->capacity = samples * width;
    metric->kept = pn_calloc((size_t)metric->capacity, sizeof *metric->kept);
    if (metric->kept) return PN_OK;
    return pn_fail_memory(error, (unsigned long long)metric->capacity * sizeof *metric->kept);
}

void pn_metric_free(pn_metric *metric) {
    pn_free(metric->kept);
    metric->kept = NULL;
}

void pn_metric_reset(pn_metric *metric) {
    metric->sum = metric->count = 0;
    metric->kept_count = 0;
}

/* ---- counting ---- */

static int64_t greatest(const float *x, int64_t width) {
    int64_t best = 0;
    for (int64_t j = 1; j < width; j++)
        if (x[j] > x[best]) best = j;
    return best;
}

/* The share of its outputs that are right. */
static double binary_hits(double threshold, int64_t width, const float *out, const float *target) {
    int64_t hits = 0;
    for (int64_t j = 0; j < width; j++) hits += target[j] == (out[j] > threshold ? 1.0F : 0.0F);
    return (double)hits / (double)width;
}

/* A target above 0 is positive, as in Keras, where it becomes a boolean. */
static void count_found(pn_metric *m, int64_t width, const float *out, const float *target) {
    for (int64_t j = 0; j < width; j++) {
        bool said = out[j] > m->threshold, is = target[j] > 0;
        m->sum += said && is;
        m->count += m->kind == PN_METRIC_PRECISION ? said : is;
    }
}

static void keep(pn_metric *m, int64_t width, const float *out, const float *target) {
    for (int64_t j = 0; j < width && m->kept_count < m->capacity; j++)
        m->kept[m->kept_count++] = (pn_score){out[j], target[j] > 0};
}

static void add_loss(pn_metric *m, int64_t width, const float *out, const float *target) {
    double value = NAN;
    pn_loss_compute(&m->loss, false, 1, width, out, target, NULL, &value, NULL, NULL);
    m->sum += value;
}

static void update_one(pn_metric *m, int64_t width, const float *out, const float *target) {
    switch (m->kind) {
    case PN_METRIC_ACCURACY:
    case PN_METRIC_BINARY_ACCURACY:
        m->sum += binary_hits(m->threshold, width, out, target);
        break;
    case PN_METRIC_CATEGORICAL_ACCURACY:
        m->sum += greatest(out, width) == greatest(target, width);
        break;
    case PN_METRIC_SPARSE_ACCURACY:
        m->sum += greatest(out, width) == (int64_t)*target;
        break;
    case PN_METRIC_AUC:
        keep(m, width, out, target);
        break;
    case PN_METRIC_LOSS:
        add_loss(m, width, out, target);
        break;
    case PN_METRIC_PRECISION:
    case PN_METRIC_RECALL:
        count_found(m, width, out, target);
        return;
    }
    m->count++;
}

void pn_metric_update(pn_metric *metric, int64_t batch, int64_t width, const float *out,
                      const float *target) {
    bool one = metric->kind == PN_METRIC_SPARSE_ACCURACY ||
               (metric->kind == PN_METRIC_LOSS && metric->loss.kind == PN_LOSS_SPARSE);
    for (int64_t i = 0; i < batch; i++)
        update_one(metric, width, out + i * width, target + i * (one ? 1 : width));
}

/* ---- AUC ---- */

static int by_score(const void *a, const void *b) {
    const pn_score *x = a, *y = b;
    return (x->score > y->score) - (x->score < y->score);
}

/* The share of pairs (positive, negative) in the right order, ties counting half: the area under
 * the ROC curve (Hanley and McNeil 1982). */
static double auc(pn_metric *m) {
    double pairs = 0, below = 0, positives = 0;
    qsort(m->kept, (size_t)m->kept_count, sizeof *m->kept, by_score);
    for (int64_t i = 0, j; i < m->kept_count; i = j) {
        double up = 0, down = 0;
        for (j = i; j < m->kept_count && m->kept[j].score == m->kept[i].score; j++)
            m->kept[j].positive ? up++ : down++;
        pairs += up * (below + 0.5 * down);
        below += down;
        positives += up;
        if (j == i) return NAN;
    }
    return positives > 0 && below > 0 ? pairs / (positives * below) : 0;
}

double pn_metric_value(pn_metric *metric) {
    if (metric->kind == PN_METRIC_AUC) return auc(metric);
    return metric->count > 0 ? metric->sum / metric->count : 0;
}
