#define _GNU_SOURCE
#include "web/prediction.h"

#include "base/memory.h"
#include "web/keep.h"
#include "web/picture_url.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- what was wrong ---- */

static bool begins_as_image(const unsigned char *bytes, size_t size) {
    static const char *const starts[] = {"\xff\xd8", "\x89PNG", "BM", "P5", "P6"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (size >= strlen(starts[i]) && memcmp(bytes, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

static void refuse(pn_reply *reply, pn_status status, const pn_error *error, const void *bytes,
                   size_t size) {
    const bool foreign = size > 0 && !begins_as_image(bytes, size);
    if (status == PN_E_UNSUPPORTED || (status == PN_E_FORMAT && foreign))
        pn_reply_error(reply, 415, "unsupported_image", "%s", error->message);
    else if (status == PN_E_FORMAT)
        pn_reply_error(reply, 422, "damaged_image", "%s", error->message);
    else if (status == PN_E_CANCELLED)
        pn_reply_error(reply, 503, "too_slow", "%s", error->message);
    else if (status == PN_E_MEMORY)
        pn_reply_error(reply, 503, "no_memory", "the server is out of memory; try again later");
    else
        pn_reply_error(reply, 500, "internal", "%s", error->message);
}

/* ---- the answer ---- */

static json_t *map_values(const float *map, const pn_app_layer *layer) {
    json_t *rows = json_array();
    for (int64_t i = 0; i < layer->height; i++) {
        json_t *row = json_array();
        for (int64_t j = 0; j < layer->width; j++)
            json_array_append_new(row, json_real((double)map[i * layer->width + j]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static float largest(const float *map, const pn_app_layer *layer) {
    float most = 0;
    for (int64_t i = 0; i < layer->height * layer->width; i++)
        if (map[i] > most) most = map[i];
    return most;
}

static json_t *url_json(const pn_text *url) {
    return json_stringn_nocheck(pn_text_string(url), url->size);
}

static pn_status add_heatmap(const pn_app_model *m, const pn_asked *asked, const pn_decoded *image,
                             const float *map, json_t *answer, pn_error *error) {
    const pn_app_layer *layer = &m->layer[asked->layer];
    json_t *heatmap =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:f}", "layer", layer->name, "method",
                  pn_cam_methods[asked->method], "class", m->class_name[asked->target], "from",
                  asked->logits ? "logit" : "probability", "height", (json_int_t)layer->height,
                  "width", (json_int_t)layer->width, "maximum", (double)largest(map, layer));
    json_object_set_new(answer, "heatmap", heatmap);
    if (asked->heatmap == PN_HEATMAP_ARRAY) {
        json_object_set_new(heatmap, "values", map_values(map, layer));
        return PN_OK;
    }
    pn_text url = {0};
    pn_status status =
        pn_heatmap_url(map, layer->height, layer->width, image->height, image->width, &url, error);
    if (status == PN_OK) json_object_set_new(heatmap, "png", url_json(&url));
    pn_text_free(&url);
    return status;
}

static pn_status add_picture(const pn_decoded *image, json_t *answer, pn_error *error) {
    pn_text url = {0};
    pn_status status = pn_picture_url(image->shown, image->shown_height, image->shown_width,
                                      image->shown_channels, &url, error);
    if (status == PN_OK) json_object_set_new(answer, "picture", url_json(&url));
    pn_text_free(&url);
    return status;
}

/* The class at the threshold, or the likeliest of more than two; and its probability, or the
 * positive one's. */
static int verdict(const pn_app_model *m, const float *probability, double threshold) {
    if (m->positive >= 0)
        return (double)probability[m->positive] > threshold ? m->positive : 1 - m->positive;
    int best = 0;
    for (int i = 1; i < m->classes; i++)
        if (probability[i] > probability[best]) best = i;
    return best;
}

static json_t *answer_json(const pn_app_model *m, const pn_asked *asked, const pn_decoded *image,
                           const float *probability) {
    const int class = verdict(m, probability, asked->threshold);
    json_t *all = json_object();
    for (int i = 0; i < m->classes; i++)
        json_object_set_new(all, m->class_name[i], json_real((double)probability[i]));
    return json_pack("{s:s, s:f, s:s, s:f, s:o, s:s, s:{s:s, s:I, s:I, s:i}}", "name", asked->name,
                     "probability", (double)probability[m->positive >= 0 ? m->positive : class],
                     "class", m->class_name[class], "threshold", asked->threshold, "probabilities",
                     all, "model", m->name, "image", "format", image->format, "height",
                     (json_int_t)image->height, "width", (json_int_t)image->width, "channels",
                     image->channels);
}

static pn_status ask(const pn_prediction_tools *t, const pn_asked *asked, const pn_decoded *image,
                     float *probability, float *map, json_t **answer, pn_error *error) {
    const pn_question question = {.layer = asked->heatmap ? asked->layer : -1,
                                  .target = asked->target,
                                  .method = asked->method,
                                  .logits = asked->logits,
                                  .prepared = image->prepared,
                                  .probability = probability,
                                  .map = map};
    pn_status status = pn_predictor_ask(t->predictor, &question, error);
    if (status != PN_OK) return status;
    for (int i = 0; i < t->model->classes; i++)
        if (!isfinite(probability[i]))
            return pn_fail(error, PN_E_INTERNAL, "the model gives no number for this image");
    *answer = answer_json(t->model, asked, image, probability);
    if (!*answer) return pn_fail_memory(error, 1);
    if (asked->heatmap) status = add_heatmap(t->model, asked, image, map, *answer, error);
    if (status == PN_OK && asked->picture) status = add_picture(image, *answer, error);
    return status;
}

static pn_status answer_image(const pn_prediction_tools *t, const pn_asked *asked,
                              const pn_decoded *image, json_t **answer, pn_error *error) {
    const pn_app_layer *layer = &t->model->layer[asked->layer];
    float *probability = pn_alloc((size_t)t->model->classes * sizeof *probability);
    float *map = pn_alloc((size_t)(layer->height * layer->width) * sizeof *map);
    pn_status status = probability && map ? ask(t, asked, image, probability, map, answer, error)
                                          : pn_fail_memory(error, 1);
    pn_free(probability);
    pn_free(map);
    return status;
}

/* Visitors are answered all the same: that a disk is full is a matter of who runs the app. */
static void keep(const char *folder, const char *format, const void *bytes, size_t size) {
    pn_error error;
    if (pn_keep_upload(folder, format, bytes, size, &error) != PN_OK)
        fprintf(stderr, "pneuma app: an upload was not kept: %s\n", error.message);
}

void pn_prediction_make(const pn_prediction_tools *t, const pn_asked *asked, const void *bytes,
                        size_t size, pn_reply *reply) {
    enum { SHOWN = 1024 };
    const double start = now();
    pn_decode_wish wish = t->model->wish;
    pn_decoded image = {0};
    json_t *answer = NULL;
    pn_error error;
    wish.shown = asked->picture ? SHOWN : 0;
    pn_status status = pn_decoder_run(t->decoder, bytes, size, &wish, &image, &error);
    if (status == PN_OK && t->keep) keep(t->keep, image.format, bytes, size);
    if (status == PN_OK) status = answer_image(t, asked, &image, &answer, &error);
    pn_decoded_free(&image);
    if (status != PN_OK) {
        json_decref(answer);
        refuse(reply, status, &error, bytes, size);
        return;
    }
    json_object_set_new(answer, "seconds", json_real(now() - start));
    pn_reply_json(reply, 200, answer);
}
