#include "nn/config.h"

#include "base/text.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHAT = 200, KNOWN = sizeof((pn_config *)0)->known / sizeof(char *) };

/* What every layer's config may hold and no layer reads itself. */
static const char *const common[] = {
    "name",        "trainable",   "dtype",       "batch_input_shape",
    "batch_shape", "input_shape", "input_dtype", "autocast"};
enum { COMMON = sizeof common / sizeof *common };

pn_config pn_config_begin(json_t *json, const char *class_name, const char *layer,
                          pn_error *error) {
    return (pn_config){.json = json, .class_name = class_name, .layer = layer, .error = error};
}

static void remember(pn_config *config, const char *name) {
    if (config->known_count < KNOWN) config->known[config->known_count++] = name;
}

/* "Conv2D 'conv2d_1'", or the class alone. */
static const char *who(const pn_config *config, char text[WHAT]) {
    if (*config->layer)
        snprintf(text, WHAT, "%.60s '%.120s'", config->class_name, config->layer);
    else
        snprintf(text, WHAT, "%.60s", config->class_name);
    return text;
}

void pn_config_wrong(pn_config *config, const char *name, const char *expected) {
    char text[WHAT];
    if (config->status != PN_OK) return;
    char *got = json_dumps(json_object_get(config->json, name), JSON_ENCODE_ANY | JSON_COMPACT);
    config->status = pn_fail(config->error, PN_E_ARGUMENT, "%s: %s must be %s, not %.100s",
                             who(config, text), name, expected, got ? got : "that");
    free(got);
}

static void missing(pn_config *config, const char *name) {
    char text[WHAT];
    if (config->status != PN_OK) return;
    config->status =
        pn_fail(config->error, PN_E_ARGUMENT, "%s: %s is missing", who(config, text), name);
}

/* The option, or NULL when it is not there; then `preset` (a new reference, may be NULL: required)
 * takes its place in the config. */
static json_t *find(pn_config *config, const char *name, json_t *preset, bool required) {
    remember(config, name);
    json_t *item = json_object_get(config->json, name);
    if (item && !json_is_null(item)) {
        json_decref(preset);
        return item;
    }
    if (required)
        missing(config, name);
    else if (json_object_set_new(config->json, name, preset) != 0 && config->status == PN_OK)
        config->status = pn_fail_memory(config->error, sizeof(void *));
    return NULL;
}

int64_t pn_config_int(pn_config *config, const char *name, int64_t preset, int64_t low,
                      int64_t high) {
    bool required = preset == PN_CONFIG_REQUIRED;
    json_t *item = find(config, name, required ? NULL : json_integer(preset), required);
    if (!item) return required ? low : preset;
    json_int_t value = json_integer_value(item);
    if (json_is_integer(item) && value >= low && value <= high) return value;
    char text[100];
    if (high == INT64_MAX || high == INT32_MAX)
        snprintf(text, sizeof text, "a whole number from %" PRId64, low);
    else
        snprintf(text, sizeof text, "a whole number from %" PRId64 " to %" PRId64, low, high);
    pn_config_wrong(config, name, text);
    return low;
}

double pn_config_number(pn_config *config, const char *name, double preset, double low,
                        double high) {
    const bool required = isnan(preset);
    json_t *item = find(config, name, required ? NULL : json_real(preset), required);
    if (!item) return required ? low : preset;
    double value = json_number_value(item);
    if (json_is_number(item) && value >= low && value <= high) return value;
    char text[100];
    if (high >= DBL_MAX)
        snprintf(text, sizeof text, "a number from %g", low);
    else
        snprintf(text, sizeof text, "a number from %g to %g", low, high);
    pn_config_wrong(config, name, low <= -DBL_MAX ? "a number" : text);
    return required ? low : preset;
}

bool pn_config_bool(pn_config *config, const char *name, bool preset) {
    json_t *item = find(config, name, json_boolean(preset), false);
    if (!item) return preset;
    if (!json_is_boolean(item)) pn_config_wrong(config, name, "true or false");
    return json_is_true(item);
}

static bool read_pair(const json_t *item, int64_t low, int64_t value[2]) {
    for (size_t i = 0; i < 2; i++) {
        const json_t *one = json_is_array(item) ? json_array_get(item, i) : item;
        if (!json_is_integer(one)) return false;
        value[i] = json_integer_value(one);
        if (value[i] < low || value[i] > INT32_MAX) return false;
    }
    return !json_is_array(item) || json_array_size(item) == 2;
}

void pn_config_pair(pn_config *config, const char *name, const int64_t preset[2], int64_t low,
                    int64_t value[2]) {
    json_t *pair =
        preset ? json_pack("[I, I]", (json_int_t)preset[0], (json_int_t)preset[1]) : NULL;
    json_t *item = find(config, name, pair, !preset);
    value[0] = preset ? preset[0] : low;
    value[1] = preset ? preset[1] : low;
    if (!item) return;
    if (!read_pair(item, low, value)) {
        char text[100];
        snprintf(text, sizeof text, "a whole number from %" PRId64 " or two of them", low);
        pn_config_wrong(config, name, text);
        value[0] = value[1] = low;
        return;
    }
    json_object_set_new(config->json, name,
                        json_pack("[I, I]", (json_int_t)value[0], (json_int_t)value[1]));
}

int pn_config_choice(pn_config *config, const char *name, const char *const *choices, int preset) {
    json_t *item = find(config, name, json_string(choices[preset]), false);
    if (!item) return preset;
    const char *word = json_string_value(item);
    pn_text text = {0};
    for (int i = 0; choices[i]; i++) {
        if (word && strcmp(word, choices[i]) == 0) {
            pn_text_free(&text);
            return i;
        }
        pn_text_addf(&text, "%s\"%s\"", !i ? "" : choices[i + 1] ? ", " : " or ", choices[i]);
    }
    pn_config_wrong(config, name, pn_text_string(&text));
    pn_text_free(&text);
    return preset;
}

const char *pn_config_word(pn_config *config, const char *name, const char *preset) {
    json_t *item = find(config, name, preset ? json_string(preset) : json_null(), false);
    if (!item) return preset;
    if (!json_is_string(item)) pn_config_wrong(config, name, "a word");
    const char *word = json_string_value(item);
    return word ? word : preset;
}

json_t *pn_config_item(pn_config *config, const char *name) {
    remember(config, name);
    json_t *item = json_object_get(config->json, name);
    return json_is_null(item) ? NULL : item;
}

static void unsupported(pn_config *config, const char *name, const char *value) {
    char text[WHAT];
    if (config->status != PN_OK) return;
    char *got = json_dumps(json_object_get(config->json, name), JSON_ENCODE_ANY | JSON_COMPACT);
    config->status =
        pn_fail(config->error, PN_E_UNSUPPORTED, "%s: %s is %.100s; only %s is supported",
                who(config, text), name, got ? got : "something else", value);
    free(got);
}

void pn_config_only_int(pn_config *config, const char *name, int64_t value) {
    json_t *item = find(config, name, json_integer(value), false);
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    if (json_is_array(item)) { /* [1, 1] for 1 */
        size_t i;
        json_t *one;
        json_array_foreach(item, i, one) if (json_integer_value(one) != value)
            unsupported(config, name, text);
    } else if (item && (!json_is_integer(item) || json_integer_value(item) != value))
        unsupported(config, name, text);
}

void pn_config_only_word(pn_config *config, const char *name, const char *value) {
    json_t *item = find(config, name, json_string(value), false);
    const char *word = item ? json_string_value(item) : value;
    if (!word || strcmp(word, value) != 0) unsupported(config, name, value);
}

void pn_config_ignore(pn_config *config, const char *name) {
    remember(config, name);
}

static bool is_known(const pn_config *config, const char *name) {
    for (int i = 0; i < config->known_count; i++)
        if (strcmp(name, config->known[i]) == 0) return true;
    for (int i = 0; i < COMMON; i++)
        if (strcmp(name, common[i]) == 0) return true;
    return false;
}

pn_status pn_config_finish(pn_config *config) {
    const char *name;
    json_t *item;
    char text[WHAT];
    if (config->status != PN_OK) return config->status;
    json_object_foreach(config->json, name, item) {
        if (is_known(config, name)) continue;
        pn_text near = {0};
        pn_text_add_names(&near, name, config->known, (size_t)config->known_count, "it has");
        config->status = pn_fail(config->error, PN_E_ARGUMENT, "%s has no option '%.100s'%s",
                                 who(config, text), name, pn_text_string(&near));
        pn_text_free(&near);
        break;
    }
    return config->status;
}
