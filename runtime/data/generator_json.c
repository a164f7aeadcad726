/* A generator's options as JSON, checked. */
#include "data/generator.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

static const char *const fill_modes[] = {"nearest", "constant", "reflect", "wrap"};

/* ---- reading ---- */

static pn_status refuse(const char *option, const char *expected, json_t *got, pn_error *error) {
    char *text = json_dumps(got, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    pn_status status = pn_fail(error, PN_E_ARGUMENT, "ImageDataGenerator: %s must be %s, not %s",
                               option, expected, text ? text : "this");
    free(text);
    return status;
}

/* A finite number from low to high. */
static bool is_number(json_t *json, double low, double high) {
    double v = json_number_value(json);
    return json_is_number(json) && isfinite(v) && v >= low && v <= high;
}

static pn_status read_bool(const char *name, json_t *json, void *to, pn_error *error) {
    if (!json_is_boolean(json)) return refuse(name, "true or false", json, error);
    *(bool *)to = json_is_true(json);
    return PN_OK;
}

static pn_status read_range(const char *name, json_t *json, void *to, pn_error *error) {
    if (!is_number(json, 0, 1e6)) return refuse(name, "a number of 0 or more", json, error);
    *(double *)to = json_number_value(json);
    return PN_OK;
}

static pn_status read_degrees(const char *name, json_t *json, void *to, pn_error *error) {
    if (!is_number(json, 0, 360)) return refuse(name, "degrees from 0 to 360", json, error);
    *(double *)to = json_number_value(json);
    return PN_OK;
}

static pn_status read_number(const char *name, json_t *json, void *to, pn_error *error) {
    if (!is_number(json, -1e30, 1e30)) return refuse(name, "a number", json, error);
    *(double *)to = json_number_value(json);
    return PN_OK;
}

static pn_status read_split(const char *name, json_t *json, void *to, pn_error *error) {
    if (!is_number(json, 0, 1) || json_number_value(json) == 1)
        return refuse(name, "a share from 0 to below 1", json, error);
    *(double *)to = json_number_value(json);
    return PN_OK;
}

static pn_status read_fill(const char *name, json_t *json, void *to, pn_error *error) {
    for (int i = 0; json_is_string(json) && i < 4; i++)
        if (strcmp(json_string_value(json), fill_modes[i]) == 0) {
            *(pn_fill_mode *)to = (pn_fill_mode)i;
            return PN_OK;
        }
    return refuse(name, "\"nearest\", \"constant\", \"reflect\" or \"wrap\"", json, error);
}

/* Two ordered numbers, [low, high]. */
static bool read_pair(json_t *json, double least, double pair[2]) {
    json_t *low = json_array_get(json, 0), *high = json_array_get(json, 1);
    if (json_array_size(json) != 2 || !is_number(low, least, 1e6) || !is_number(high, least, 1e6))
        return false;
    pair[0] = json_number_value(low);
    pair[1] = json_number_value(high);
    return pair[0] <= pair[1];
}

static const double least_zoom = 1e-3;

static pn_status read_zoom(const char *name, json_t *json, void *to, pn_error *error) {
    double *pair = to;
    if (is_number(json, 0, 1 - least_zoom)) {
        pair[0] = 1 - json_number_value(json);
        pair[1] = 1 + json_number_value(json);
        return PN_OK;
    }
    if (read_pair(json, least_zoom, pair)) return PN_OK;
    return refuse(name, "a number from 0 to below 1, or [low, high] with 0 < low <= high", json,
                  error);
}

static pn_status read_brightness(const char *name, json_t *json, void *to, pn_error *error) {
    pn_generator *g = to;
    g->has_brightness = true;
    if (read_pair(json, 0, g->brightness_range)) return PN_OK;
    return refuse(name, "[low, high] with 0 <= low <= high", json, error);
}

static pn_status read_shift(const char *name, json_t *json, void *to, pn_error *error) {
    pn_shift_range *range = to;
    size_t count = json_array_size(json);
    bool good = json_is_array(json) && count >= 1 && count <= PN_GENERATOR_CHOICES;
    for (size_t i = 0; good && i < count; i++) {
        good = is_number(json_array_get(json, i), -1e6, 1e6);
        range->number[i] = json_number_value(json_array_get(json, i));
    }
    if (good) {
        range->kind = PN_SHIFT_LIST;
        range->count = (int)count;
        return PN_OK;
    }
    if (!is_number(json, 0, 1e6))
        return refuse(name,
                      "a share of the size (0.2), a number of pixels (5) or a list of up to 16 "
                      "numbers",
                      json, error);
    range->kind = json_is_integer(json) ? PN_SHIFT_WHOLE : PN_SHIFT_UNIFORM;
    range->number[0] = json_number_value(json);
    return PN_OK;
}

/* The numbers that fitting found; 'channels' follows from them. */
static pn_status read_fitted(const char *name, json_t *json, void *to, pn_error *error) {
    size_t count = json_array_size(json);
    bool good = json_is_array(json) && count >= 1 && count <= PN_GENERATOR_CHANNELS;
    for (size_t i = 0; good && i < count; i++) {
        good = is_number(json_array_get(json, i), -1e30, 1e30);
        ((float *)to)[i] = (float)json_number_value(json_array_get(json, i));
    }
    return good ? PN_OK : refuse(name, "a list of a number for each channel", json, error);
}

typedef struct option {
    const char *name;
    pn_status (*read)(const char *name, json_t *json, void *to, pn_error *error);
    size_t at;
} option;

#define AT(field) offsetof(pn_generator, field)
static const option options[] = {
    {"featurewise_center", read_bool, AT(featurewise_center)},
    {"samplewise_center", read_bool, AT(samplewise_center)},
    {"featurewise_std_normalization", read_bool, AT(featurewise_std_normalization)},
    {"samplewise_std_normalization", read_bool, AT(samplewise_std_normalization)},
    {"rotation_range", read_degrees, AT(rotation_range)},
    {"width_shift_range", read_shift, AT(width_shift_range)},
    {"height_shift_range", read_shift, AT(height_shift_range)},
    {"brightness_range", read_brightness, 0},
    {"shear_range", read_degrees, AT(shear_range)},
    {"zoom_range", read_zoom, AT(zoom_range)},
    {"channel_shift_range", read_range, AT(channel_shift_range)},
    {"fill_mode", read_fill, AT(fill_mode)},
    {"cval", read_number, AT(cval)},
    {"horizontal_flip", read_bool, AT(horizontal_flip)},
    {"vertical_flip", read_bool, AT(vertical_flip)},
    {"rescale", read_number, AT(rescale)},
    {"validation_split", read_split, AT(validation_split)},
    {"mean", read_fitted, AT(mean)},
    {"std", read_fitted, AT(std)},
};
enum { OPTIONS = sizeof options / sizeof *options };

static pn_status fail_unknown(const char *name, pn_error *error) {
    const char *names[OPTIONS];
    for (int i = 0; i < OPTIONS; i++) names[i] = options[i].name;
    pn_text near = {0};
    pn_text_add_names(&near, name, names, OPTIONS, "it has");
    pn_status status = pn_fail(error, PN_E_ARGUMENT, "ImageDataGenerator has no option '%s'%s",
                               name, pn_text_string(&near));
    pn_text_free(&near);
    return status;
}

static pn_status read_option(const char *name, json_t *value, pn_generator *g, pn_error *error) {
    for (int i = 0; i < OPTIONS; i++)
        if (strcmp(options[i].name, name) == 0)
            return json_is_null(value)
                       ? PN_OK
                       : options[i].read(name, value, (char *)g + options[i].at, error);
    return fail_unknown(name, error);
}

pn_status pn_generator_read(json_t *json, pn_generator *g, pn_error *error) {
    const char *name;
    json_t *value;
    pn_generator_preset(g);
    if (!json_is_object(json))
        return pn_fail(error, PN_E_ARGUMENT, "ImageDataGenerator takes a table of options");
    json_object_foreach(json, name, value) {
        pn_status status = read_option(name, value, g, error);
        if (status != PN_OK) return status;
    }
    size_t means = json_array_size(json_object_get(json, "mean"));
    if (means != json_array_size(json_object_get(json, "std")))
        return pn_fail(error, PN_E_ARGUMENT,
                       "ImageDataGenerator: mean and std must be for the same channels");
    g->channels = (int)means;
    /* Keras does the same: dividing by the deviation goes with a mean of 0. */
    g->samplewise_center |= g->samplewise_std_normalization;
    g->featurewise_center |= g->featurewise_std_normalization;
    return PN_OK;
}

/* ---- writing ---- */

static json_t *shift_json(const pn_shift_range *range) {
    if (range->kind == PN_SHIFT_UNIFORM) return json_real(range->number[0]);
    if (range->kind == PN_SHIFT_WHOLE) return json_integer((json_int_t)range->number[0]);
    json_t *list = json_array();
    for (int i = 0; i < range->count; i++) json_array_append_new(list, json_real(range->number[i]));
    return list;
}

static json_t *fitted_json(const float *number, int count) {
    if (count == 0) return json_null();
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, json_real(number[i]));
    return list;
}

json_t *pn_generator_json(const pn_generator *g) {
    json_t *brightness = g->has_brightness
                             ? json_pack("[ff]", g->brightness_range[0], g->brightness_range[1])
                             : json_null();
    return json_pack(
        "{sb sb sb sb sf so so so sf s[ff] sf ss sf sb sb sf sf so so}", "featurewise_center",
        (int)g->featurewise_center, "samplewise_center", (int)g->samplewise_center,
        "featurewise_std_normalization", (int)g->featurewise_std_normalization,
        "samplewise_std_normalization", (int)g->samplewise_std_normalization, "rotation_range",
        g->rotation_range, "width_shift_range", shift_json(&g->width_shift_range),
        "height_shift_range", shift_json(&g->height_shift_range), "brightness_range", brightness,
        "shear_range", g->shear_range, "zoom_range", g->zoom_range[0], g->zoom_range[1],
        "channel_shift_range", g->channel_shift_range, "fill_mode", fill_modes[g->fill_mode],
        "cval", g->cval, "horizontal_flip", (int)g->horizontal_flip, "vertical_flip",
        (int)g->vertical_flip, "rescale", g->rescale, "validation_split", g->validation_split,
        "mean", fitted_json(g->mean, g->channels), "std", fitted_json(g->std, g->channels));
}
