#include "data/source_config.h"

#include "base/text.h"
#include "data/prefetch.h"
#include "data/tensor_source.h"

#include <stdlib.h>
#include <string.h>

/* ---- fields ---- */

typedef struct config {
    json_t *json;
    pn_sampling sampling;
    pn_generator generator;
    pn_image_options image;
} config;

static pn_status refuse(const char *field, const char *expected, json_t *got, pn_error *error) {
    char *text = got ? json_dumps(got, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6)) : NULL;
    pn_status status = pn_fail(error, PN_E_ARGUMENT, "%s must be %s, not %s", field, expected,
                               text  ? text
                               : got ? "this"
                                     : "missing");
    free(text);
    return status;
}

/* A field, or NULL when it is missing or null. */
static json_t *field(const config *c, const char *name) {
    json_t *json = json_object_get(c->json, name);
    return json_is_null(json) ? NULL : json;
}

static pn_status read_int(const config *c, const char *name, int64_t least, int64_t *to,
                          pn_error *error) {
    json_t *json = field(c, name);
    if (!json) return PN_OK;
    if (!json_is_integer(json) || json_integer_value(json) < least)
        return refuse(name, least > 0 ? "a whole number of 1 or more" : "a whole number", json,
                      error);
    *to = json_integer_value(json);
    return PN_OK;
}

static pn_status read_bool(const config *c, const char *name, bool *to, pn_error *error) {
    json_t *json = field(c, name);
    if (!json) return PN_OK;
    if (!json_is_boolean(json)) return refuse(name, "true or false", json, error);
    *to = json_is_true(json);
    return PN_OK;
}

/* The place of the field's word among `words` (NULL-ended), which `expected` lists. */
static pn_status read_word(const config *c, const char *name, const char *const *words,
                           const char *expected, int *to, pn_error *error) {
    json_t *json = field(c, name);
    if (!json) return PN_OK;
    for (int i = 0; json_is_string(json) && words[i]; i++)
        if (strcmp(words[i], json_string_value(json)) == 0) return *to = i, PN_OK;
    return refuse(name, expected, json, error);
}

static pn_status read_size(const config *c, int64_t *height, int64_t *width, pn_error *error) {
    json_t *json = field(c, "target_size");
    json_t *h = json_array_get(json, 0), *w = json_array_get(json, 1);
    if (json_array_size(json) != 2 || !json_is_integer(h) || !json_is_integer(w))
        return refuse("target_size", "two whole numbers, height and width", json, error);
    *height = json_integer_value(h);
    *width = json_integer_value(w);
    return PN_OK;
}

/* ---- the parts ---- */

static pn_status read_fields(config *c, pn_error *error) {
    static const char *const names[] = {"kind",       "batch_size",  "shuffle",    "seed",
                                        "generator",  "target_size", "color_mode", "interpolation",
                                        "class_mode", "classes",     "cache_bytes"};
    enum { COUNT = sizeof names / sizeof *names };
    const char *name;
    json_t *value;
    json_object_foreach(c->json, name, value) {
        int known = 0;
        for (int i = 0; i < COUNT; i++) known |= strcmp(names[i], name) == 0;
        const char *near = pn_suggest(name, names, COUNT);
        if (!known && near)
            return pn_fail(error, PN_E_ARGUMENT, "a source has no option '%s'; did you mean '%s'?",
                           name, near);
        if (!known) return pn_fail(error, PN_E_ARGUMENT, "a source has no option '%s'", name);
    }
    return PN_OK;
}

static pn_status read_sampling(config *c, pn_error *error) {
    int64_t seed = 0;
    json_t *generator = field(c, "generator");
    c->sampling = (pn_sampling){.batch_size = 32};
    pn_status status = read_int(c, "batch_size", 1, &c->sampling.batch_size, error);
    if (status == PN_OK) status = read_bool(c, "shuffle", &c->sampling.shuffle, error);
    if (status == PN_OK) status = read_int(c, "seed", INT64_MIN, &seed, error);
    if (status == PN_OK && generator) {
        status = pn_generator_read(generator, &c->generator, error);
        c->sampling.generator = &c->generator;
    }
    c->sampling.seed = (uint64_t)seed;
    return status;
}

static pn_status read_image(config *c, pn_error *error) {
    static const char *const colors[] = {"rgb", "grayscale", NULL};
    static const char *const filters[] = {"nearest", "bilinear", NULL};
    static const char *const modes[] = {"none", "binary", "sparse", "categorical", "input", NULL};
    int color = 0, filter = 0, mode = 0;
    int64_t cache = (int64_t)2 << 30;
    json_t *classes = field(c, "classes");
    pn_status status = read_size(c, &c->image.height, &c->image.width, error);
    if (status == PN_OK)
        status = read_word(c, "color_mode", colors, "\"rgb\" or \"grayscale\"", &color, error);
    if (status == PN_OK)
        status =
            read_word(c, "interpolation", filters, "\"nearest\" or \"bilinear\"", &filter, error);
    if (status == PN_OK)
        status = read_word(c, "class_mode", modes,
                           "\"binary\", \"categorical\", \"sparse\", \"input\" or \"none\"", &mode,
                           error);
    if (status == PN_OK) status = read_int(c, "cache_bytes", 0, &cache, error);
    if (status == PN_OK && classes && !json_is_array(classes))
        status = refuse("classes", "a list of names", classes, error);
    c->image.channels = color ? 1 : 3;
    c->image.filter = (pn_filter)filter;
    c->image.class_mode = (pn_class_mode)mode;
    c->image.classes = (int64_t)json_array_size(classes);
    c->image.cache_bytes = (size_t)cache;
    return status;
}

/* ---- sources ---- */

static pn_status new_files(config *c, const pn_source_spec *spec, pn_source **out,
                           pn_error *error) {
    char text[PN_SHAPE_TEXT];
    const pn_array *y = spec->y;
    pn_status status = read_image(c, error);
    if (status != PN_OK) return status;
    if (y && (y->dtype != PN_I32 || y->rank != 1 || y->shape[0] != spec->path_count))
        return pn_fail(
            error, PN_E_SHAPE, "the labels of %lld files must be int32 (%lld,), not %s %s",
            (long long)spec->path_count, (long long)spec->path_count, pn_dtype_name(y->dtype),
            pn_shape_text(y->rank, y->shape, text, sizeof text));
    c->image.sampling = c->sampling;
    c->image.reader = spec->reader;
    return pn_image_source_new(spec->paths, y ? y->data : NULL, spec->path_count, &c->image, out,
                               error);
}

static pn_status new_source(config *c, const pn_source_spec *spec, pn_source **out,
                            pn_error *error) {
    static const char *const kinds[] = {"files", "tensors", NULL};
    int kind = -1;
    if (!json_is_object(c->json))
        return pn_fail(error, PN_E_ARGUMENT, "the description of a source is not a JSON object");
    pn_status status = read_fields(c, error);
    if (status == PN_OK)
        status = read_word(c, "kind", kinds, "\"files\" or \"tensors\"", &kind, error);
    if (status == PN_OK && kind < 0)
        status = refuse("kind", "\"files\" or \"tensors\"", NULL, error);
    if (status == PN_OK) status = read_sampling(c, error);
    if (status != PN_OK) return status;
    if (kind == 0) return new_files(c, spec, out, error);
    if (!spec->x) return pn_fail(error, PN_E_ARGUMENT, "a source of tensors needs x");
    return pn_tensor_source_new(spec->x, spec->y, &c->sampling, out, error);
}

pn_status pn_data_source_new(const pn_source_spec *spec, pn_source **out, pn_error *error) {
    json_error_t where;
    config c = {.json = json_loads(spec->config, JSON_REJECT_DUPLICATES, &where)};
    if (!c.json)
        return pn_fail(error, PN_E_ARGUMENT, "the description of a source is no JSON: %s",
                       where.text);
    pn_status status = new_source(&c, spec, out, error);
    json_decref(c.json);
    return status;
}

int64_t pn_source_failures(pn_source *source, int64_t from, pn_source_failure *failures,
                           int64_t room) {
    return pn_image_source_failures(pn_prefetch_inner(source), from, failures, room);
}

int64_t pn_data_classes(const char *text) {
    json_t *json = json_loads(text, 0, NULL);
    int64_t count = (int64_t)json_array_size(json_object_get(json, "classes"));
    json_decref(json);
    return count;
}
